"""The locality check on the model page."""

from __future__ import annotations

from typing import Any

import pytest

from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.pages.test_model import said


@pytest.mark.parametrize(("locale", "word"), [("en-US", "pieces a word"), ("zh-CN", "每个词")])
def test_it_is_measured_when_opened_and_says_its_verdict(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, word: str
) -> None:
    at = open_page("model", locale=locale, project=trained.project)
    version = workspace.recipes.draft(trained.project).data  # type: ignore[union-attr]
    assert not workspace.jobs.active(trained.project)
    at.session_state[f"locality_{version}"] = True
    at.run()
    assert not at.exception
    assert [job.kind for job in workspace.jobs.active(trained.project)] == ["locality"]
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert word in said(at)
    at.select_slider(key="locality_length").set_value(16).run()
    assert not at.exception
    assert any(len(frame.value) > 1 and frame.value.shape[1] == 9 for frame in at.dataframe)
