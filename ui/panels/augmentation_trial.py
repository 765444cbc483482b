"""Did augmentation help? The recipe trained with and without it, and what validation says of the difference."""

from __future__ import annotations

import secrets

import pandas as pd
import streamlit as st

from engine.errors import BentuError
from engine.evaluation.repeated import RepeatedDifference
from engine.recipe import Recipe
from engine.workspace import Run, Trial
from ui.errors import attempt, errors_shown, show_error
from ui.format import duration, listed, percent, points
from ui.navigation import goto
from ui.panels.job import watch
from ui.panels.metrics import metric_title
from ui.panels.run_table import family_title, state_text
from ui.state import TRIAL_CLICK, choose_run, follow, followed, unfollow, workspace
from ui.text import N_, n, t

SEEDS = "augment_seeds"

SIGNS = {"better": "▲", "worse": "▼", "undecided": "○"}

VERDICTS = {
    "better": N_("▲ **Augmentation helped**: {metric} on validation changed by {difference} points ({low} to {high}), on the same {rows} rows."),
    "worse": N_("▼ **Augmentation hurt**: {metric} on validation changed by {difference} points ({low} to {high}), on the same {rows} rows."),
    "undecided": N_("○ **No evidence** that augmentation helped or hurt: {metric} on validation differs by {difference} points ({low} to {high}), on the same {rows} rows."),
}  # fmt: skip


def trial(project_id: str, recipe: Recipe) -> None:
    """One click for the pair of runs, their states, and the sentence that comes of them."""
    ws = workspace()
    st.subheader(t("Did it help?"), anchor=False)
    st.caption(
        t("Trains “{family}” twice on the same division, with and without the copies, and compares the two on validation. The sealed test stays closed.", family=family_title(recipe.family.name))
    )  # fmt: skip
    found = ws.trials.find(recipe)
    if found is None or not found.active:
        _starter(project_id, recipe, again=found is not None)
    if found is None:
        _tried(recipe)
        return
    if found.active:
        _watched(recipe)
    if found.done and not found.active:
        _verdict(recipe, found)
    _runs(found)
    _tried(recipe)


def _starter(project_id: str, recipe: Recipe, again: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault(SEEDS, 1)
        seeds = st.segmented_control(
            t("Seeds"), [1, 2, 3, 4, 5], key=SEEDS, required=True,
            help=t("With several seeds the pair is trained that many times; the mean says more than one lucky draw."),
        )  # fmt: skip
        st.button(
            t("Try again") if again else t("Try with and without"), key="augment_try", icon=":material/science:",
            disabled=not recipe.augment.active, on_click=attempt, args=(_start, project_id, recipe),
        )  # fmt: skip
    with errors_shown():
        seconds = workspace().recipes.estimate(project_id, recipe).seconds * 2 * int(seeds or 1)
        st.caption(
            n("{n} run. Training time: {time}.", "{n} runs. Training time in all: {time}.", 2 * int(seeds or 1), time=duration(seconds))
        )  # fmt: skip


def _start(project_id: str, recipe: Recipe) -> None:
    click = st.session_state.setdefault(TRIAL_CLICK, secrets.token_hex(8))
    names = (
        t("without augmentation, seed {seed}", seed="{seed}"),
        t("with augmentation, seed {seed}", seed="{seed}"),
    )
    workspace().trials.start(project_id, recipe, int(st.session_state.get(SEEDS) or 1), names, click)
    st.session_state.pop(TRIAL_CLICK, None)


def _watched(recipe: Recipe) -> None:
    """How many runs have ended, until all have; then the page runs again."""

    @st.fragment(run_every=1.0, key="augment_trial_watch")
    def live() -> None:
        now = workspace().trials.find(recipe)
        if now is None or not now.active:
            st.rerun()
        runs = [run for pair in now.pairs for run in (pair.without, pair.augmented) if run is not None]
        ended = sum(not run.active for run in runs)
        st.progress(
            ended / max(1, len(runs)),
            text=t("{ended} of {count} runs have ended", ended=ended, count=len(runs)),
        )

    live()


def _verdict(recipe: Recipe, found: Trial) -> None:
    if found.result is None:
        purpose = f"trial_{found.id}_{len(found.done)}"
        try:
            job_id = followed(purpose) or workspace().trials.start_verdict(recipe).id
        except BentuError as error:
            show_error(error)
            return
        follow(purpose, job_id)
        watch(job_id, t("Comparing on the same rows"))
        job = workspace().jobs.get(job_id)
        if not job.active and job.state != "succeeded":
            st.button(t("Compare again"), key="augment_judge", on_click=unfollow, args=(purpose,))
        return
    d = found.result
    st.markdown(
        t(VERDICTS[d.verdict], metric=metric_title(d.metric), difference=points(d.difference), low=points(d.low), high=points(d.high), rows=f"{d.n:,}")
    )  # fmt: skip
    st.caption(_honest(d))


def _honest(d: RepeatedDifference) -> str:
    if len(d.pairs) == 1:
        return t(
            "Interval (95 %) of a paired bootstrap over the rows, one seed. Another seed draws other copies: try several before you believe a small difference."
        )
    return n(
        "Mean over {n} seed, interval (95 %) over rows and seeds.",
        "Mean over {n} seeds, interval (95 %) over rows and seeds. So few seeds show less spread than more would.",
        len(d.pairs),
    )


def _runs(found: Trial) -> None:
    """Every run of the trial, the bad ones too."""
    finished = [pair.seed for pair in found.done]
    differences = dict(zip(finished, found.result.pairs, strict=False)) if found.result else {}

    def cell(run: Run | None, share: float | None) -> str:
        if run is None:
            return t("deleted")
        return percent(share) if share is not None else state_text(run)

    rows = []
    for pair in found.pairs:
        d = differences.get(pair.seed)
        rows.append(
            {
                t("Seed"): str(pair.seed), t("Without"): cell(pair.without, d.first if d else None), t("With"): cell(pair.augmented, d.second if d else None),
                t("Difference, points"): points(d.difference) if d else "–", t("Interval"): f"{points(d.low)} … {points(d.high)}" if d else "–",
            }
        )  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows),
        key="augment_trial_runs",
        hide_index=True,
        alt=t("The runs with and without augmentation, by seed."),
    )
    last = next(
        (run for pair in reversed(found.pairs) for run in (pair.augmented, pair.without) if run is not None),
        None,
    )
    if last is not None and st.button(
        t("Look at these runs"), key="augment_trial_open", type="tertiary", icon=":material/arrow_forward:"
    ):
        choose_run(last.id)
        goto("train")


def _tried(recipe: Recipe) -> None:
    """Every trial of these data, so that one that helped is seen among those that did not."""
    tried = workspace().trials.judged(str(recipe.data))
    if len(tried) < 2:
        return
    titles = {s.name: t(s.title) for s in workspace().augmentations.steps(recipe.task)}
    label = n("{n} trial on these data", "{n} trials on these data", len(tried))
    with st.expander(label, icon=":material/history:", key="augment_tried"):
        st.caption(
            t(
                "The more is tried on the same validation rows, the likelier something helps by chance. About one of twenty does."
            )
        )
        st.dataframe(
            pd.DataFrame(
                {
                    t("Augmentations"): listed(titles.get(s.name, s.name) for s in one.augment.steps if s.enabled),
                    t("Model"): family_title(one.family),
                    t("Copies per row"): f"{one.augment.factor:g}",
                    t("Balance, %"): f"{100 * one.augment.balance:.0f}",
                    t("Seeds"): str(len(one.result.pairs)),
                    t("Difference, points"): f"{SIGNS[one.result.verdict]} {points(one.result.difference)}",
                    t("Interval"): f"{points(one.result.low)} … {points(one.result.high)}",
                }
                for one in tried
            ),
            key="augment_tried_table", hide_index=True, alt=label,
        )  # fmt: skip
