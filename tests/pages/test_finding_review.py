"""Suggestions that are looked through row by row: what is ticked changes, nothing else."""

from __future__ import annotations

from typing import cast

import pytest

from engine.jobs import queue
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.data.checks.planted_texts import topics
from tests.pages.conftest import OpenPage, import_text, texts
from tests.pages.test_findings import key


@pytest.fixture
def version(once: Once) -> DatasetVersion:
    """Texts about three topics, every fortieth with the label of the next one; the deep checks are done."""
    return cast(DatasetVersion, once(_mislabelled))


def _mislabelled(workspace: Workspace) -> DatasetVersion:
    about, labels = topics(600)
    for place in range(0, 600, 40):
        labels[place] = labels[place + 1]
    table = "text,label\n" + "".join(f"{text},{label}\n" for text, label in zip(about, labels, strict=True))
    version = import_text(workspace, workspace.projects.create("mine").id, table, text="input", label="label")
    workspace.findings.start_deep(version.id)
    run_waiting(workspace.scope)
    assert "label_errors" in {one.code for one in workspace.findings.of(version.id)}
    return version


@pytest.mark.parametrize(
    ("locale", "words", "place", "kind"),
    [("en-US", "2 rows ticked", 0, "relabelled"), ("zh-CN", "已勾选2行", 1, "rows_removed")],
)
def test_only_what_is_ticked_changes(
    open_page: OpenPage, workspace: Workspace, version: DatasetVersion, locale: str, words: str, place: int, kind: str
) -> None:  # fmt: skip
    kept = workspace.findings.rows(version.id, "label_errors")
    assert kept is not None and kept.suggested is not None and len(kept.rows) >= 5
    at = open_page("data", locale=locale)
    fix = key(at, "button", f"_label_errors_fix_{place}")
    at.button(key=fix).click().run()
    assert not at.exception
    assert at.button(key="fix_go").disabled, "nothing is ticked, nothing can be made"
    table = next(d for d in at.dataframe if "review_" in (d.key or ""))
    at.session_state[table.key] = {"selection": {"rows": [1, 3], "columns": [], "cells": []}}
    at.button(key=fix).click().run()  # outside a browser a dialog closes with each run
    assert not at.exception
    assert words in texts(at)
    at.button(key="fix_go").click().run()
    run_waiting(workspace.scope)
    (job,) = queue.list_jobs(
        workspace.scope.engine, workspace.scope.owner, project_id=version.project_id, kind="edit"
    )
    assert job.state == "succeeded" and job.result is not None
    child = workspace.datasets.version(job.result["version_id"])
    assert job.result[kind] == 2
    frame, _ = workspace.datasets.rows(child.id, limit=1000)
    chosen = [int(kept.rows[1]), int(kept.rows[3])]
    if kind == "rows_removed":
        assert not set(chosen) & set(frame["row_id"])
        assert len(frame) == 598
    else:
        before, _ = workspace.datasets.rows(version.id, limit=1000)
        labels, former = frame.set_index("row_id")["label"], before.set_index("row_id")["label"]
        assert labels[chosen].tolist() == [kept.suggested[1], kept.suggested[3]]
        assert sorted(labels.index[labels != former]) == sorted(chosen)
