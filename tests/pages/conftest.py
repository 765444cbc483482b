"""Pages through AppTest, always from the frame, over a real workspace whose jobs run in the test's process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.parity_here import parity_here
from tests.shop import shop

__all__ = ["parity_here", "shop"]

ROOT = Path(__file__).parents[2]

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def one_compilation() -> Iterator[None]:
    """Each page is compiled once, as on a server, and the installed packages are looked through once.

    AppTest does both again for every run and every page that it opens. And where a test before has loaded Keras, which the
    interface never does, Streamlit collects all garbage after each run: more than half of the time of these tests.
    """
    scripts = ScriptCache()
    manifests = cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_test, "ScriptCache", lambda: scripts)
        patch.setattr(local_script_runner, "ScriptCache", lambda: scripts)
        patch.setattr(manifest_scanner, "scan_component_manifests", manifests)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        yield


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
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "text",
        "info",
        "warning",
        "error",
        "success",
    )
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind))


def import_text(
    ws: Workspace, project_id: str, table: str, name: str = "small", **roles: str
) -> DatasetVersion:
    """Import a small table given as CSV text, with its whole profile."""
    upload = ws.datasets.stage(table.encode(), f"{name}.csv")
    preview = ws.datasets.preview(upload.id)
    chosen = roles or ws.datasets.suggest_roles(preview)
    from engine.data.readers import ReadOptions

    job = ws.datasets.start_import(project_id, upload.id, name, ReadOptions(), chosen, upload.id)
    run_waiting(ws.scope)
    done = ws.jobs.get(job.id)
    assert done.state == "succeeded", done.error
    assert done.result is not None
    ws.contents.start(done.result["version_id"])
    run_waiting(ws.scope)
    return ws.datasets.version(done.result["version_id"])


SMALL = "text,label,region\n" + "".join(
    f"{'good' if i % 2 else 'bad'} food number {i},{'praise' if i % 2 else 'complaint'},{'north' if i % 3 else 'south'}\n"
    for i in range(60)
)
"""Sixty rows, two classes, two regions."""


@dataclass(frozen=True)
class Trained:
    """Ids of a project with two finished runs on the same split: the majority class and the linear SVM."""

    project: str
    version: str
    majority: str
    svm: str


NOISY = "text,label,region\n" + "".join(
    f"<b>{'good' if i % 3 else 'bad'}</b> *food* number {i % 40},"
    f"{'praise' if (i % 3 and i % 11) or i % 29 == 0 else 'complaint'},{'north & east' if i % 4 else 'south'}\n"
    for i in range(240)
)
"""Rows with two classes that a linear model mostly tells apart, and texts that look like markup."""


@pytest.fixture
def trained(once: Once) -> Trained:
    """A project with two finished runs."""
    return cast(Trained, once(_trained))


def _trained(ws: Workspace) -> Trained:
    project = ws.projects.create("Reviews & *more* <b>x</b>")
    version = import_text(ws, project.id, NOISY, "reviews", text="input", label="label", region="slice")
    runs = [
        ws.runs.submit(project.id, ws.recipes.choose(project.id, name, "quick"))
        for name in ("majority", "tfidf_svm")
    ]
    run_waiting(ws.scope)
    assert [ws.runs.get(r.id).state for r in runs] == ["succeeded", "succeeded"]
    return Trained(project.id, version.id, runs[0].id, runs[1].id)
