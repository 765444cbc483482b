"""The number from which every draw of a training comes."""

from __future__ import annotations

import streamlit as st

from engine.recipe import Recipe
from ui.errors import attempt
from ui.state import workspace
from ui.text import t

SEED = "model_seed"


def seed(project_id: str, recipe: Recipe) -> None:
    """A field for the seed of the draft."""
    st.session_state[SEED] = recipe.seed
    st.number_input(
        t("Seed"), 0, 2**31 - 1, key=SEED, width=240,
        help=t("The first weights, the order of the texts and every other draw of a training come from it: the same seed gives the same model. Train with a few seeds to see how much of a difference is luck."),
        on_change=lambda: attempt(workspace().recipes.update, project_id, seed=int(st.session_state[SEED])),
    )  # fmt: skip
