"""The chosen model in formulas, with its own numbers filled in."""

from __future__ import annotations

import streamlit as st

from engine.recipe import Recipe
from ui.state import workspace
from ui.text import t


def formulas(project_id: str, recipe: Recipe) -> None:
    """The folded box with the formulas; nothing for a family that has none."""
    lines = workspace().recipes.formulas(project_id, recipe)
    if not lines:
        return
    with st.expander(t("Formulas of this model"), icon=":material/functions:", key="model_formulas"):
        for caption, latex in lines:
            st.caption(t(caption))
            st.latex(latex)
