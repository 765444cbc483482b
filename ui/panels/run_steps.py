"""The phases of a run by name as one line: done, current, to come."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Run
from ui.panels.job import phase_text
from ui.text import t

PHASES = ("loading", "splitting", "cleaning", "training", "packaging", "checking_parity", "evaluating")
"""In the order in which a run goes through them."""


def main_phase(run: Run, seen: Sequence[str]) -> str | None:
    """The phase of `PHASES` that the run is in, or ended in; a family names parts of "training" as it likes."""
    known = [phase for phase in seen if phase in PHASES]
    if run.phase in PHASES and run.phase not in known:
        known.append(run.phase)
    return known[-1] if known else None


def step_line(run: Run, seen: Sequence[str], share: float | None = None) -> None:
    """One badge a phase; the word and the icon say what the colour says.

    Args:
        run: whose phases.
        seen: phases that it reported, in order.
        share: what is done of the present one, where it says so.
    """
    current = main_phase(run, seen)
    place = PHASES.index(current) if current else -1
    badges = []
    for at, phase in enumerate(PHASES):
        word = phase_text(phase)
        if run.state == "succeeded" or at < place:
            badges.append(f":green-badge[:material/check: {word}]")
        elif at > place:
            badges.append(f":gray-badge[:material/radio_button_unchecked: {word}]")
        elif run.active:
            part = t(run.phase) if run.phase and run.phase not in PHASES else word
            part = f" · {part}" if part != word else ""
            part += "" if share is None else f" · {100 * share:.0f} %"
            badges.append(f":blue-badge[:material/pending: **{word}**{part}]")
        else:
            badges.append(f":orange-badge[:material/cancel: {t('{phase}: ended here', phase=word)}]")
    st.markdown(" ".join(badges))
