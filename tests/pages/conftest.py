"""Pages through AppTest, always from the frame, over a real workspace whose jobs run in the test's process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace

ROOT = Path(__file__).parents[2]

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def fresh_caches(bentu_home: Path) -> None:
    """The pages' caches outlive a test; its home does not."""
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def open_page(workspace: Workspace) -> OpenPage:
    """`open_page("data", locale="zh-CN", project=id)` as a person's first visit to that page."""

    def opener(name: str = "home", *, locale: str = "en-US", **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "ui/shell.py"), default_timeout=60)
        at.context = {"locale": locale, "timezone": "UTC"}
        for key, value in query.items():
            at.query_params[key] = value
        at.run()
        if name != "home":
            at.switch_page(f"../pages/{name}.py").run()
        return at

    return opener


def texts(at: AppTest) -> str:
    """Everything that the page says, for searching."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "info", "warning", "error", "success")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind))


def import_text(ws: Workspace, project_id: str, table: str, name: str = "small", **roles: str) -> DatasetVersion:
    """Import a small table given as CSV text, profile included."""
    upload = ws.datasets.stage(table.encode(), f"{name}.csv")
    preview = ws.datasets.preview(upload.id)
    chosen = roles or ws.datasets.suggest_roles(preview)
    from engine.data.readers import ReadOptions

    job = ws.datasets.start_import(project_id, upload.id, name, ReadOptions(), chosen, upload.id)
    run_waiting(ws.scope)
    done = ws.jobs.get(job.id)
    assert done.state == "succeeded", done.error
    assert done.result is not None
    return ws.datasets.version(done.result["version_id"])


SMALL = "text,label,region\n" + "".join(
    f"{'good' if i % 2 else 'bad'} food number {i},{'praise' if i % 2 else 'complaint'},{'north' if i % 3 else 'south'}\n"
    for i in range(60)
)
"""Sixty rows, two classes, two regions."""
