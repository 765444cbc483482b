"""Model: choose a family, turn the dial, adjust what it set, see what it costs, start."""

from __future__ import annotations

import hashlib

import streamlit as st

from engine.errors import BentuError
from engine.recipe import Recipe
from ui.errors import attempt, show_error
from ui.forms import changed, form
from ui.navigation import goto
from ui.panels.family_cards import family_cards
from ui.panels.formulas import formulas
from ui.panels.foundation_models import foundation_models
from ui.panels.general_texts import with_datasets
from ui.panels.locality import locality
from ui.panels.members import offered
from ui.panels.pseudo_labels import pseudo_labels
from ui.panels.readiness import readiness
from ui.panels.recipe_yaml import recipe_yaml
from ui.panels.schedule import schedule
from ui.panels.search_start import search_start
from ui.panels.search_view import search_view
from ui.panels.seed import seed
from ui.state import CLONED_FROM, choose_run, project, workspace
from ui.text import N_, say, sentences, t

DIALS = {"quick": N_("Quick"), "balanced": N_("Balanced"), "thorough": N_("Thorough")}
AIMS = {
    "quick": N_("For a first answer soon."),
    "balanced": N_("For a good score in little time."),
    "thorough": N_("For the score, even if it takes longer."),
}
DIAL_KEY = "model_dial"

st.title(t("Model"))

ws = workspace()
here = project()
assert here is not None
recipe = ws.recipes.draft(here.id)

if recipe is None:
    st.info(
        t("A model needs data first. Add a dataset, then choose what to train on it."),
        icon=":material/table_view:",
    )
    if st.button(t("Add data"), key="model_to_data", type="primary", icon=":material/upload_file:"):
        goto("data")
    st.stop()


def run_name(draft: Recipe) -> str:
    """The family in the reader's words and which of its runs it is; one may rename it."""
    title = t(ws.recipes.titles()[draft.family.name])
    known = [r for r in ws.runs.list(here.id, limit=1000) if r.family == draft.family.name]
    names, number = {r.name for r in known}, len(known) + 1
    while f"{title} {number}" in names:  # after one of them was deleted
        number += 1
    return f"{title} {number}"


def start(key: str, draft: Recipe) -> None:
    """Submit the draft; the same key never makes a second run."""
    run = attempt(
        ws.runs.submit,
        here.id,
        draft,
        name=run_name(draft),
        idempotency=key,
        cloned_from=st.session_state.get(CLONED_FROM),
    )
    if run is not None:
        st.session_state.pop(CLONED_FROM, None)
        choose_run(run.id)
        goto("train", run=run.id)


def start_folds(key: str, draft: Recipe) -> None:
    """Submit one run a fold; the same key never makes a second set of them."""
    runs = attempt(ws.runs.submit_folds, here.id, draft, run_name(draft), key)
    if runs:
        st.session_state.pop(CLONED_FROM, None)
        choose_run(runs[0].id)
        goto("train", run=runs[0].id)


try:
    cards = ws.recipes.cards(here.id)
except BentuError as error:
    # The draft is of another version of Bentu, or of a family that is gone: without this way out the page stays closed.
    show_error(error)
    st.button(
        t("Start over with the defaults"), key="model_reset", type="primary", icon=":material/restart_alt:",
        on_click=attempt, args=(ws.recipes.reset, here.id),
    )  # fmt: skip
    st.stop()

family = recipe.family.name
version = ws.datasets.version(str(recipe.data))
fields = with_datasets(offered(ws.recipes.fields(family), here.id, recipe), here.id, recipe)
dialled = ws.recipes.settings(here.id, family, recipe.dial or "balanced")
defaults = {name: one.value for name, one in dialled.items()}
reasons = {name: say(one.reason, one.params) for name, one in dialled.items() if one.reason}
values = {**defaults, **recipe.family.params}
off = changed(fields, values, defaults)

st.session_state[DIAL_KEY] = recipe.dial
st.segmented_control(
    t("How much effort"), list(DIALS), format_func=lambda d: t(DIALS[d]), key=DIAL_KEY, required=True,
    help=t("The dial sets the fields below from the number of rows, the classes, the lengths and this machine. Turning it puts changed fields back."),
    on_change=lambda: attempt(ws.recipes.choose, here.id, family, st.session_state[DIAL_KEY]),
)  # fmt: skip
if recipe.dial:
    said = [t("Where your data or this machine decided a value, its field says why.")] if reasons else []
    st.caption(sentences([t(AIMS[recipe.dial]), *said]))

family_cards(cards, here.id, family)

left, right = st.columns([2, 1], gap="medium")
with right:
    standing = readiness(ws, here.id, recipe, version, ws.splits.current(version.id), len(off))

with left:
    if fields:
        form(
            fields, values, defaults, prefix=f"param_{family}",
            on_set=lambda name, value: ws.recipes.set_param(here.id, name, value, family),
            on_reset=lambda name: ws.recipes.reset_param(here.id, name, family), reasons=reasons,
        )  # fmt: skip
    else:
        st.caption(t("This family has nothing to adjust."))

seed(here.id, recipe)
pseudo_labels(here.id, recipe, version)
locality(version)
foundation_models(here.id, recipe)
schedule(recipe)
formulas(here.id, recipe)

st.subheader(t("Let the machine search"), anchor=False)
search_start(here.id, recipe, standing.blocked)
search_view(here.id, version.id, family)

recipe_yaml(here.id, recipe)

# At the foot of the window, so that what a change led to and the start are in view wherever one scrolled.
with st.bottom, st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
    # The latest run is part of the key: two tabs or a double click make one run, a second start makes another.
    latest = next((r.id for r in ws.runs.list(here.id, limit=1)), "")
    token = hashlib.sha256(f"{here.id} {latest} {recipe.model_dump_json()}".encode()).hexdigest()
    title = next((t(c.title) for c in cards if c.name == family), family)
    st.markdown(f"**{title}** · {standing.words}")
    if recipe.split.folds:
        st.button(
            t("Train all {n} folds", n=recipe.split.folds), key="model_start_folds", type="primary", icon=":material/stacks:",
            disabled=standing.blocked is not None, on_click=start_folds, args=(token, recipe),
        )  # fmt: skip
    st.button(
        t("Start training") if not recipe.split.folds else t("Only fold {fold} of {n}", fold=recipe.split.fold + 1, n=recipe.split.folds), key="model_start",
        type="secondary" if recipe.split.folds or standing.heavy else "primary", icon=":material/play_arrow:",
        disabled=standing.blocked is not None, on_click=start, args=(token, recipe),
    )  # fmt: skip
