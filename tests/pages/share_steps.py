"""What a person does on the share page, and what they see there."""

from __future__ import annotations

import socket

import pytest
from streamlit.testing.v1 import AppTest

from engine.workspace import Demo, Workspace
from tests.pages.conftest import texts

LOCALES = ["en-US", "zh-CN"]
MODEL, LINK, WORDS, REPORTS = 0, 1, 2, 3
"""The sections of a demo's card."""


def use_a_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a port for demos that nobody uses: the page says so where another program has it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("BENTU_DEMO_PORT", str(free.getsockname()[1]))


def primaries(at: AppTest) -> list[str | None]:
    return [b.key for b in at.button if b.proto.type == "primary"]


def keys(at: AppTest) -> set[str | None]:
    return {b.key for b in at.button}


def said(at: AppTest) -> str:
    """Everything that the page says, as it is read."""
    return texts(at).replace("\\", "").replace("\u2060", "")


def open_tab(at: AppTest, place: int) -> AppTest:
    """Open a section, as a click on its tab would."""
    at.session_state["share_sections"] = [tab.label for tab in at.tabs][place]
    return at.run()


def shared(ws: Workspace, run_id: str, title: str = "Tasting") -> Demo:
    """A demo of the run."""
    return ws.demos.publish(run_id, title=title)[0]
