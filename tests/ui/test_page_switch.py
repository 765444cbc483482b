"""A fragment's late request must not bring back the page that was left."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from ui.page_switch import drop_reruns_of_left_pages

SCRIPT = """
import streamlit as st

@st.fragment(run_every=60)
def poll():
    st.text("polled")

def old():
    poll()
    st.switch_page(pages[1])

def new():
    st.text("new page")

pages = [st.Page(old, url_path="old", default=True), st.Page(new, url_path="new")]
st.navigation(pages).run()
"""


@pytest.fixture(autouse=True)
def _streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runtime, "_instance", MagicMock(spec=Runtime))
    plain = ScriptRunner._run_script
    monkeypatch.setattr(ScriptRunner, "_run_script", getattr(plain, "__wrapped__", plain))


def pages_announced(folder: Path, *, late_for: int) -> list[str]:
    """The pages under which runs start when a poll asked for on page number `late_for` comes while the new one is drawn."""
    script = folder / "app.py"
    script.write_text(SCRIPT)
    state = SafeSessionState(SessionState(), lambda: None)
    runner = LocalScriptRunner(str(script), state, PagesManager(str(script)))
    started: list[str] = []
    polls: list[str] = []

    def follow(sender: Any, event: ScriptRunnerEvent, **facts: Any) -> None:
        if event is ScriptRunnerEvent.ENQUEUE_FORWARD_MSG and facts["forward_msg"].HasField("auto_rerun"):
            polls.append(facts["forward_msg"].auto_rerun.fragment_id)
        if event is ScriptRunnerEvent.SCRIPT_STARTED:
            started.append(facts["page_script_hash"])
            if len(started) == 2:
                page = started[late_for]
                runner.request_rerun(
                    RerunData(fragment_id=polls[0], page_script_hash=page, is_auto_rerun=True)
                )

    runner.on_event.connect(follow, weak=False)
    runner.request_rerun(RerunData())
    runner.start()
    runner.join()
    return started


def test_streamlit_announces_the_page_that_was_left(tmp_path: Path) -> None:
    """The reason for ours; once this fails, `ui/page_switch.py` can go."""
    old, new, again = pages_announced(tmp_path, late_for=0)
    assert again == old != new


def test_a_late_poll_of_the_page_that_was_left_is_dropped(tmp_path: Path) -> None:
    drop_reruns_of_left_pages()
    drop_reruns_of_left_pages()
    old, new = pages_announced(tmp_path, late_for=0)
    assert old != new


def test_a_poll_of_the_page_that_is_shown_runs(tmp_path: Path) -> None:
    drop_reruns_of_left_pages()
    _, new, again = pages_announced(tmp_path, late_for=1)
    assert again == new
