"""The circle at a glance: demos that answer, feedback that waits, runs made since; each number leads to its page."""

from __future__ import annotations

import streamlit as st

from engine.errors import N_
from engine.workspace import Circle
from ui.navigation import goto
from ui.text import t

SHOWN = (
    ("live", N_("Demos live"), "share", N_("Go to the demos")),
    ("waiting", N_("Feedback waiting"), "inbox", N_("Go to the inbox")),
    ("accepted", N_("Corrections to use"), "inbox", N_("Make a version")),
    ("runs_since", N_("Runs not in a demo"), "share", N_("Compare")),
)
"""Field of `Circle`, its title, where it leads, and the words on the way."""


def circle(found: Circle) -> None:
    """Four numbers with their links."""
    with st.grid(4, min_column_width=150, gap="xsmall", key="circle"):
        for field, title, page, words in SHOWN:
            with st.container(border=True, height="stretch", gap="xxsmall", key=f"circle_{field}"):
                st.metric(t(title), getattr(found, field))
                if st.button(
                    t(words), key=f"circle_open_{field}", type="tertiary", icon=":material/arrow_forward:"
                ):
                    goto(page)
