"""The chosen model in formulas, with its own numbers filled in."""

from __future__ import annotations

import streamlit as st

from engine.recipe import Recipe
from ui.state import workspace
from ui.text import t

BETWEEN = r", \quad "
"""What stands between two formulas under one caption."""
ROOM = r" \\[-0.9em] "
"""An empty line that is nearly taken back: Streamlit cuts off what reaches above or below the outermost lines (1.67)."""


def formulas(project_id: str, recipe: Recipe) -> None:
    """The folded box with the formulas; nothing for a family that has none."""
    lines = workspace().recipes.formulas(project_id, recipe)
    if not lines:
        return
    with st.expander(t("Formulas of this model"), icon=":material/functions:", key="model_formulas"):
        for caption, latex in lines:
            st.caption(t(caption))
            # One line each: side by side they would end at the card's edge on a phone.
            rows = ROOM + latex.replace(BETWEEN, r" \\[0.5em] ") + ROOM
            st.latex(r"\begin{gathered}" + rows + r"\end{gathered}")
