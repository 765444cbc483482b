"""Train: the line of runs, the one that is going on, and what became of the others."""

from __future__ import annotations

import streamlit as st

from ui.errors import show_error
from ui.format import duration
from ui.navigation import goto
from ui.panels.live_run import curves, feed_of, line_of, live_run, log, notes, printed_end, warnings
from ui.panels.metrics import metric_title, score_text
from ui.panels.run_actions import ended_actions, running_actions, went_wrong
from ui.panels.run_record import cost_line, parity_line, record
from ui.panels.run_steps import step_line
from ui.panels.run_table import family_title, run_page, run_table, state_text
from ui.panels.scores import baseline_line, leak_line
from ui.state import SEEN_ACTIVE, choose_run, chosen_run, project, workspace
from ui.text import safe_text, t

st.title(t("Train"))

here = project()
assert here is not None
line = line_of(here.id)
runs = run_page(here.id)

if not runs:
    st.info(
        t("No run yet. Choose a model, and start the first training there."), icon=":material/model_training:"
    )
    if st.button(t("Choose a model"), key="train_to_model", type="primary", icon=":material/tune:"):
        goto("model")
    st.stop()

draft = workspace().recipes.draft(here.id)
metric = draft.evaluation.metric if draft else "macro_f1"
going = sorted((r for r in runs if r.active), key=lambda r: r.position or 0)
run = chosen_run(here.id)
if run is None:
    run = next(iter(going), runs[0])
    # Named in the link, so that the page stays with it when it ends, and comes back to it after a reload.
    choose_run(run.id)

seen: set[str] = st.session_state.setdefault(SEEN_ACTIVE, set())
for other in runs:
    if other.active:
        seen.add(other.id)
    elif other.id in seen:
        seen.discard(other.id)
        good = other.state == "succeeded"
        st.toast(
            t("“{run}”: {state}", run=safe_text(other.name), state=state_text(other)),
            icon=":material/check_circle:" if good else ":material/error:",
        )

run_table(runs, key="train_runs", selected=run.id, metrics=[metric])

st.subheader(safe_text(run.name, 120), anchor=False)
facts = [state_text(run), family_title(run.family), safe_text(run.version_label)]
if not run.active and run.seconds is not None:
    facts.append(duration(run.seconds))
st.caption(" · ".join(facts))

if run.active:
    running_actions(run)
    live_run(run, line)
else:
    feed = feed_of(run)
    step_line(run, feed.phases)
    if run.state == "succeeded":
        st.success(
            t(
                "{metric} on validation: {score}",
                metric=metric_title(metric),
                score=score_text(run.metrics, metric),
            ),
            icon=":material/check_circle:",
        )
        baseline_line(run, metric)
        warnings(feed)
        leak_line(run, "validation")
        parity_line(run)
        cost_line(run)
    elif run.error is not None:
        show_error(run.error)
        printed_end(run)
    elif run.state == "cancelled":
        st.info(t("This run was discarded; it left no model."), icon=":material/cancel:")
    elif run.state == "lost":
        st.warning(
            t("The training process disappeared. Resume the run if it left a checkpoint, or clone it."),
            icon=":material/power_off:",
        )
    ended_actions(run, went_wrong(run, feed))
    curves(feed, feed.table, feed.batches, over=True)
    notes(feed)
    log(run, feed)
record(run)
