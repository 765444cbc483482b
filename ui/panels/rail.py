"""The six steps of a project as cards in one row, each with its state in words, an icon and a colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from engine.errors import N_
from engine.workspace import StepState
from ui.navigation import goto
from ui.text import say, t


@dataclass(frozen=True)
class Look:
    """How a state is shown: its word (a message id), icon and colour."""

    word: str
    icon: str
    colour: Any


TITLES = {
    "data": N_("Data"), "prepare": N_("Prepare"), "model": N_("Model"),
    "train": N_("Train"), "evaluate": N_("Evaluate"), "share": N_("Share"),
}  # fmt: skip

LOOKS = {
    "todo": Look(N_("To do"), ":material/radio_button_unchecked:", "gray"),
    "active": Look(N_("In progress"), ":material/pending:", "blue"),
    "done": Look(N_("Done"), ":material/check_circle:", "green"),
    "blocked": Look(N_("Blocked"), ":material/block:", "orange"),
}  # fmt: skip


def rail(steps: Sequence[StepState]) -> None:
    """One card a step; its title opens its page."""
    with st.grid(6, min_column_width=125, gap="xsmall", key="rail"):
        for place, step in enumerate(steps, start=1):
            with st.container(border=True, height="stretch", gap="xxsmall", key=f"rail_{step.name}"):
                look = LOOKS[step.state]
                title = f"{place} · {t(TITLES[step.name])}"
                open_it = st.button(title, key=f"rail_open_{step.name}", type="tertiary")
                st.badge(t(look.word), icon=look.icon, color=look.colour)
                if step.message:
                    st.caption(say(step.message, step.params))
                if open_it:
                    goto(step.name)
