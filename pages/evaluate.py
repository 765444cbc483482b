"""Evaluate: choose a run on validation, look where it errs, compare, and open the sealed test part once it is chosen."""

from __future__ import annotations

import streamlit as st

from ui.navigation import goto
from ui.panels.comparison import comparison
from ui.panels.confusion import confusion
from ui.panels.error_browser import error_browser
from ui.panels.exports import exports
from ui.panels.fold_scores import fold_scores
from ui.panels.job import watch
from ui.panels.leak_effect import leak_effect
from ui.panels.metrics import CHOOSABLE, part_title
from ui.panels.repeated import compare_button
from ui.panels.run_table import family_title, run_table
from ui.panels.scores import headline, leak_line, score_tables
from ui.panels.slices_table import slices
from ui.panels.test_seal import elsewhere_line, opening_log, purpose, sealed, unfinished
from ui.state import chosen_run, followed, project, unfollow, workspace
from ui.text import n, safe_text, t

st.title(t("Evaluate"))

ws = workspace()
here = project()
assert here is not None
every = ws.runs.list(here.id, limit=200)
runs = [r for r in every if r.state == "succeeded"]

if not runs:
    active = any(r.active for r in every)
    st.info(
        t("A run is going on; its results appear here when it has finished.") if active
        else t("There is nothing to evaluate yet: train a model first."),
        icon=":material/fact_check:",
    )  # fmt: skip
    if st.button(
        t("Watch the training") if active else t("Choose a model"), key="evaluate_empty", type="primary"
    ):
        goto("train" if active else "model")
    st.stop()

asked = chosen_run(here.id)
run = next((r for r in runs if asked and r.id == asked.id), runs[0])
metric = run.recipe.evaluation.metric
if asked is not None and asked.id != run.id:
    st.caption(
        t("The run “{run}” has no model, so the latest finished one is shown.", run=safe_text(asked.name, 80))
    )

shown = [metric, *(m for m in CHOOSABLE if m != metric)]
run_table(runs, key="evaluate_runs", selected=run.id, metrics=shown, states=False)

st.subheader(safe_text(run.name, 120), anchor=False)
st.caption(f"{family_title(run.family)} · {safe_text(run.version_label)}")

part_key = f"part_{run.id}"
st.session_state.setdefault(part_key, "validation")
part = st.segmented_control(
    t("Part"), ["validation", "test"], key=part_key, required=True,
    format_func=lambda p: (":material/lock: " if p == "test" and not run.test_opened else "") + part_title(p),
    help=t("Choose and compare on validation. The test part is sealed until you open it for a run."), label_visibility="collapsed",
)  # fmt: skip

found = ws.evaluations.get(run.id, part)
if found is None:
    job_id = followed(purpose(run.id)) or next(
        (j.id for j in ws.jobs.active(here.id) if j.kind == "evaluate" and j.spec.get("run") == run.id), None
    )
    if job_id is not None:
        watch(job_id, t("Evaluating on the test part"))
        if ws.jobs.get(job_id).active:
            st.stop()
        unfollow(purpose(run.id))
        found = ws.evaluations.get(run.id, part)
if found is None:
    if run.test_opened:
        unfinished(run)
    else:
        sealed(run)
    st.stop()

result = found.result
key = f"{run.id}_{part}"
headline(result, metric, openings=run.openings, elsewhere=run.openings_elsewhere, test_name=run.test_name)
leak_line(run, part)
leak_effect(run, part, metric)
if part == "validation":
    fold_scores(run, metric)

with st.container(horizontal=True):
    if part == "validation":
        # The next step after choosing on validation is the look at the test part.
        st.button(
            t("See the test part") if run.test_opened else t("On to the sealed test part"), key="evaluate_to_test",
            type="primary", icon=":material/lock_open:" if run.test_opened else ":material/lock:",
            on_click=lambda: st.session_state.update({part_key: "test"}),
        )  # fmt: skip
    if st.button(
        t("Share this model"), key="evaluate_to_share", icon=":material/share:",
        type="primary" if part == "test" else "secondary",
    ):  # fmt: skip
        goto("share", run=run.id)
    if part == "test" and st.button(
        t("Train another model"), key="evaluate_to_model", icon=":material/tune:"
    ):
        goto("model")
    compare_button(run, runs, key="evaluate_repeats")
    if st.button(
        t("How it was trained"), key="evaluate_to_train", type="tertiary", icon=":material/model_training:"
    ):
        goto("train", run=run.id)

sections = [t("Scores"), t("Errors"), t("Slices"), t("Compare"), t("Export")]
scores_tab, errors_tab, slices_tab, compare_tab, export_tab = st.tabs(
    sections, key=f"sections_{part}", on_change="rerun"
)
if scores_tab.open:
    with scores_tab:
        score_tables(result, key)
        if part == "test" and run.split_id:
            label = n(
                "Test part opened {n} time: when, by which run and why",
                "Test part opened {n} times: when, by which runs and why",
                run.openings,
            )
            with st.expander(label, icon=":material/lock_open:", key=f"opened_{run.id}"):
                opening_log(ws.evaluations.openings(run.split_id), "opened")
                elsewhere_line(run.openings_elsewhere)
if errors_tab.open:

    @st.fragment(key="evaluate_errors")
    def errors() -> None:
        confusion(result, key)
        error_browser(run, result, key)

    with errors_tab:
        errors()
if slices_tab.open:
    with slices_tab:
        slices(result, key)
if compare_tab.open:
    with compare_tab:
        comparison(run, runs, part, metric)
if export_tab.open:
    with export_tab:
        exports(run, part)
