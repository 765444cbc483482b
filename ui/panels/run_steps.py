"""The phases of a run by name as one line: done, current, to come."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Run
from ui.panels.job import phase_text
from ui.text import t

PHASES = ("loading", "splitting", "cleaning", "training", "packaging", "checking_parity", "evaluating")
"""In the order in which a run goes through them."""


def step_line(run: Run, seen: Sequence[str]) -> None:
    """One badge a phase; the word and the icon say what the colour says.

    Args:
        run: whose phases.
        seen: phases that it reported, in order.
    """
    current = run.phase if run.active else None
    badges = []
    for phase in PHASES:
        word = phase_text(phase)
        if run.state == "succeeded" or (
            phase in seen and phase != current and (run.active or phase != _last(seen))
        ):
            badges.append(f":green-badge[:material/check: {word}]")
        elif phase == current:
            badges.append(f":blue-badge[:material/pending: **{word}**]")
        elif phase == _last(seen):
            badges.append(f":orange-badge[:material/cancel: {t('{phase}: ended here', phase=word)}]")
        else:
            badges.append(f":gray-badge[:material/radio_button_unchecked: {word}]")
    st.markdown(" ".join(badges))


def _last(seen: Sequence[str]) -> str | None:
    return seen[-1] if seen else None
