"""Clean the texts the same way in training and in use, and divide the rows before anything is learned."""

from __future__ import annotations

import streamlit as st

from ui.errors import errors_shown
from ui.navigation import goto
from ui.panels.augmentation import augmentation
from ui.panels.cleaning import cleaning
from ui.panels.downloads import downloads
from ui.panels.job import watch
from ui.panels.split import frozen_split, inherited, same_split, split_form, split_result
from ui.state import follow, followed, project, workspace
from ui.text import safe_text, t

ws = workspace()
current = project()
assert current is not None
recipe = ws.recipes.draft(current.id)

st.title(t("Prepare"), anchor=False)
if recipe is None:
    st.markdown(t("There are no data yet, so there is nothing to prepare."))
    if st.button(t("Add data"), key="prepare_to_data", type="primary", icon=":material/arrow_back:"):
        goto("data")
    st.stop()

version = ws.datasets.version(str(recipe.data))
st.caption(t("Data: {name}, {rows} rows.", name=safe_text(version.label, 80), rows=f"{version.rows:,}"))

st.header(t("Clean"), anchor=False)
st.caption(
    t(
        "Steps run from top to bottom, in training and later for every text that is asked about, those of the test part included. None of them drops rows; none of the rows shown here comes from the test part."
    )
)
with errors_shown():
    cleaning(current.id, version, recipe.clean)
if any(step.enabled for step in recipe.clean):  # without a step these are the rows of the data page
    downloads(version, steps=recipe.clean)

st.header(t("Divide"), anchor=False)
st.caption(t("The model learns from train, is compared on validation, and is judged once on test."))
view = ws.splits.current(version.id)
frozen = view is not None and view.frozen
form, result = st.columns([2, 3], gap="large")
with form:
    if view is not None and frozen:
        st.info(
            t(
                "The test part was opened, so this division is frozen: rows that somebody has seen must not come back "
                "as unseen ones. Save a dataset version with other rows to divide anew."
            ),
            icon=":material/lock:",
        )
        frozen_split(view.spec)
    elif view is not None and inherited(version, view):
        st.info(
            t(
                "This version inherits the division of the one that it was made from, so that runs on both can be compared "
                "on the same rows. Divided anew, they cannot."
            ),
            icon=":material/account_tree:",
        )
    wanted = view.spec if view is not None and frozen else split_form(version, recipe.split)
    done = view is not None and wanted is not None and same_split(view.spec, wanted)
    purpose = f"split_{version.id}"
    if (
        wanted is not None
        and not done
        and st.button(
            t("Divide anew") if view else t("Divide"),
            key="split_go",
            icon=":material/call_split:",
            type="primary",
        )
    ):
        with errors_shown():
            ws.recipes.update(current.id, split=wanted)
            follow(purpose, ws.splits.start(version.id, wanted).id)
    job = followed(purpose)
    if job:
        watch(job, t("Dividing the rows"))
with result:
    if view is None:
        st.caption(t("Not divided yet. The parts, their classes and leaks between them appear here."))
    else:
        if not done:
            st.caption(t("This is the present division; the settings of the form ask for another one."))
        split_result(view, version)

st.header(t("Augment"), anchor=False)
st.caption(
    t(
        "Varied copies of train rows, made in training after the division and the cleaning. Validation, test and the model in use never see one."
    )
)
with errors_shown():
    augmentation(current.id, version, recipe)

if done:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(
            t("Continue: choose a model"), key="prepare_next", type="primary", icon=":material/arrow_forward:"
        ):
            goto("model")
