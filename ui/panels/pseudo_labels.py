"""Whether rows without a label get a guessed one, and how sure the guess has to be."""

from __future__ import annotations

from typing import Any

import streamlit as st

from engine.recipe import Recipe
from engine.workspace import DatasetVersion
from ui.errors import attempt
from ui.state import workspace
from ui.text import n, t

ENABLED, THRESHOLD, MOST = "pseudo_enabled", "pseudo_threshold", "pseudo_most"


def pseudo_labels(project_id: str, recipe: Recipe, version: DatasetVersion) -> None:
    """A switch, grey where every row has a label, and two sliders once it is on."""
    ws, settings = workspace(), recipe.pseudo_labels
    free = ws.recipes.unlabelled_rows(version.id)

    def change(name: str, value: Any) -> None:
        attempt(ws.recipes.update, project_id, pseudo_labels=settings.model_copy(update={name: value}))

    st.session_state[ENABLED] = settings.enabled
    st.toggle(
        t("Learn from rows without a label"), key=ENABLED, disabled=not free and not settings.enabled,
        on_change=lambda: change("enabled", st.session_state[ENABLED]),
        help=t("A first training guesses their labels; a second one learns from the guesses that it was sure of as well. Rows of validation and test are never guessed. It may help where few rows have a label, and it may harm: compare with a run without it."),
    )  # fmt: skip
    if not free:
        st.caption(t("Every row of these data has a label, so there is nothing to guess."))
        return
    if not settings.enabled:
        st.caption(n("{n} row has no label.", "{n} rows have no label.", free))
        return
    st.session_state[THRESHOLD], st.session_state[MOST] = settings.threshold, settings.most
    left, right = st.columns(2, gap="medium")
    with left:
        st.slider(
            t("Sure from"), 0.5, 1.0, step=0.01, key=THRESHOLD, on_change=lambda: change("threshold", st.session_state[THRESHOLD]),
            help=t("Calibrated probability from which a guess counts. Lower takes more rows, and more wrong labels with them."),
        )  # fmt: skip
    with right:
        st.slider(
            t("Guessed rows a labelled row, at most"), 0.1, 10.0, step=0.1, key=MOST, on_change=lambda: change("most", st.session_state[MOST]),
            help=t("Counted in each class, the surest first, so that no class crowds out the others. 1 lets a class double."),
        )  # fmt: skip
    st.caption(
        n("{n} row has no label. The model is trained twice.", "{n} rows have no label. The model is trained twice.", free)
    )  # fmt: skip
