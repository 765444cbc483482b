"""A demo's words, changed after it was made: visitors read them at their next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from engine.workspace import Demo
from ui.errors import attempt
from ui.panels.share_terms import chosen, terms
from ui.state import workspace
from ui.text import t


def edit_section(demo: Demo) -> None:
    """The fields as they are, and the button that saves them."""
    assert demo.current is not None
    run = workspace().runs.get(demo.current.run_id)
    inputs = workspace().datasets.version(run.version_id).schema.names("input")
    start = {
        "title": demo.title, "description": demo.description, "languages": demo.languages, "consent": demo.consent,
        "examples": demo.examples, "expires": demo.expires,
    }  # fmt: skip
    # other values, other widgets: what somebody else saved must not stand behind fields that still show the former state
    key = f"edit_{demo.id}_{demo.serial}"
    terms(key, start, inputs)
    st.button(
        t("Save"), key=f"edit_save_{demo.id}", icon=":material/save:", on_click=_save,
        args=(demo.id, demo.serial, key, start, inputs),
    )  # fmt: skip


def _save(demo_id: str, serial: int, key: str, start: Mapping[str, Any], inputs: Sequence[str]) -> None:
    fields = chosen(key, start, inputs, datetime.now(UTC))
    if attempt(workspace().demos.edit, demo_id, serial, **fields) is not None:
        st.toast(t("Saved. Visitors read it at their next step."), icon=":material/check_circle:")
