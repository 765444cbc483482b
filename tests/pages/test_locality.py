"""The locality check on the model page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from engine.models.locality import LENGTHS, Reading
from engine.services import localities
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
    assert any(len(frame.value) > 1 and frame.value.shape[1] == 11 for frame in at.dataframe)


@pytest.mark.parametrize(
    ("locale", "unread", "script"),
    [
        ("en-US", "has read the language of only 3.0 % of the texts", "It cannot write 75.0 % of the letters of this script: Ethiopic"),
        ("zh-CN", "只有3.0 %的文本", "埃塞俄比亚文"),
    ],
)  # fmt: skip
def test_a_language_that_was_not_read_and_a_script_that_cannot_be_written_are_said(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, unread: str, script: str
) -> None:
    version = str(workspace.recipes.draft(trained.project).data)  # type: ignore[union-attr]
    reading = Reading(
        "", "", 1000, 9000, 16000, 0, 15.0, 30.0, dict.fromkeys(LENGTHS, 0.0), {"Latin": (40000, 40000), "Ethiopic": (1000, 250), "Han": (3, 0)},
        900, 27,
    )  # fmt: skip
    kept = {"preset": "english", "languages": ["en"], "vocabulary": 30522, "most": 512, "readings": [asdict(reading)]}  # fmt: skip
    scope = workspace.scope
    scope.cache("locality", localities._key(scope, version), {"found": [kept], "texts": 1000})
    at = open_page("model", locale=locale, project=trained.project)
    at.session_state[f"locality_{version}"] = True
    at.run()
    assert not at.exception
    assert ("train texts" if locale == "en-US" else "训练文本") in said(at)
    assert unread in said(at)
    assert script in said(at)
    assert "Han" not in said(at), "three letters of forty thousand are not worth a line"
