"""Findings on the data page: grouped, with all their rows, set aside and taken back, and mended with one click."""

from __future__ import annotations

from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.pages.conftest import OpenPage, import_text, texts

REPEATED = "text,label,region\n" + "".join(
    f"same {i % 1200} <b>*x*</b>,{'p' if i % 2 else 'n'},{'' if i % 7 else 'north'}\n" for i in range(2400)
)
"""Every row twice, HTML in each, empty slices."""


@pytest.fixture
def version(once: Once) -> DatasetVersion:
    return cast(DatasetVersion, once(_repeated))


def _repeated(ws: Workspace) -> DatasetVersion:
    return import_text(
        ws, ws.projects.create("mine").id, REPEATED, text="input", label="label", region="slice"
    )


def key(at: AppTest, kind: str, *parts: str) -> str:
    """The key of the one widget of a kind whose key holds all parts."""
    found = [w.key for w in at.get(kind) if all(part in (w.key or "") for part in parts)]
    assert len(found) == 1, found
    return str(found[0])


@pytest.mark.parametrize(("locale", "word"), [("en-US", "Look at this"), ("zh-CN", "需要留意")])
def test_findings_are_grouped_and_show_all_their_rows(
    open_page: OpenPage, version: DatasetVersion, locale: str, word: str
) -> None:
    at = open_page("data", locale=locale)
    assert not at.exception
    heads = [m.value for m in at.markdown if word in m.value]
    assert heads and all("·" in head for head in heads), "a count stands beside the word"
    shown = key(at, "toggle", "_duplicates_rows")
    at.toggle(key=shown).set_value(True).run()
    assert not at.exception
    table = next(d.value for d in at.dataframe if len(d.value) == 50)
    assert len({*table.iloc[:, 1]}) == 25, "copies stand together"
    assert table["row_id"].tolist()[:2] == [1, 1201]


def test_a_finding_is_set_aside_with_a_note_and_taken_back(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    at = open_page("data")
    at.text_input(key=key(at, "text_input", "_duplicates_note")).set_value("they are *meant* <b>").run()
    at.button(key=key(at, "button", "_duplicates_aside_go")).click().run()
    assert not at.exception
    assert workspace.findings.aside(version.id)["duplicates"].note == "they are *meant* <b>"
    assert not [t for t in at.toggle if "_duplicates_rows" in (t.key or "")]
    assert "they are \\*meant\\* \\<b\\>" in texts(at)
    at.button(key=f"aside_back_{version.id}_duplicates").click().run()
    assert workspace.findings.aside(version.id) == {}
    assert key(at, "toggle", "_duplicates_rows")


def test_a_repair_of_rows_becomes_a_cleaning_step(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    at = open_page("data")
    at.button(key=key(at, "button", "_html_marks_fix_0")).click().run()
    assert not at.exception
    recipe = workspace.recipes.draft(version.project_id)
    assert recipe is not None and [step.name for step in recipe.clean] == ["html"]
    assert "html_marks_fix_0_there" in key(at, "button", "_html_marks_fix_0"), "it is not offered twice"


def test_deep_checks_start_by_themselves_once(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    at = open_page("data")
    job = workspace.findings.deep_job(version.id)
    assert job is not None and at.progress
    at.run()
    open_page("data")
    assert workspace.findings.deep_job(version.id) == job, (
        "neither a rerun nor another tab begins a second one"
    )
    run_waiting(workspace.scope)
    at.run()
    assert workspace.findings.deep_done(version.id) and not at.exception
    assert "The deep checks are done" in texts(at)


def test_deep_checks_that_were_cancelled_wait_for_a_click(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion
) -> None:
    open_page("data")
    job = workspace.findings.deep_job(version.id)
    assert job is not None
    workspace.jobs.cancel(job.id)
    at = open_page("data")
    assert workspace.findings.deep_job(version.id).id == job.id  # type: ignore[union-attr]
    at.button(key=f"deep_go_{version.id}").click().run()
    assert workspace.findings.deep_job(version.id).id != job.id  # type: ignore[union-attr]


def test_large_data_are_looked_at_deeply_on_a_click(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.panels.deep_checks.DEEP_ROWS", 10)
    at = open_page("data")
    assert workspace.findings.deep_job(version.id) is None
    at.button(key=f"deep_go_{version.id}").click().run()
    assert workspace.findings.deep_job(version.id) is not None and not at.exception
