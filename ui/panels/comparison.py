"""Runs side by side on the same rows: their scores, and the paired difference of each from a reference in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from engine.errors import BentuError
from engine.evaluation.result import Difference, Score
from engine.workspace import Evaluation, Run
from ui.charts.comparison import difference_figure
from ui.charts.layout import draw
from ui.errors import show_error
from ui.format import points
from ui.panels.job import watch
from ui.panels.metrics import CHOOSABLE, METRICS, metric_head, metric_title, part_title, score_of
from ui.panels.repeated import comparable, other_part
from ui.panels.test_seal import purpose
from ui.state import follow, followed, unfollow, workspace
from ui.text import N_, n, safe_text, t

VERDICTS = {
    "better": N_("better"), "worse": N_("worse"), "undecided": N_("no difference shown"),
}  # fmt: skip
SIGNS = {"better": "▲", "worse": "▼", "undecided": "○"}
MOST = 8


def comparison(run: Run, runs: Sequence[Run], part: str, metric: str) -> None:
    """Choose runs that were scored on the same rows; the shown run is the reference.

    Args:
        run: the reference.
        runs: all runs of the project.
        part: "validation", or "test" for runs that were opened.
        metric: preset of the figure to compare.
    """
    same = [r for r in runs if r.id != run.id and comparable(r, run)]
    # the run that it repeats, and those that repeat it, come first
    same.sort(key=lambda r: r.id != run.cloned_from and r.cloned_from != run.id)
    fitting = {r.id: r for r in same if part != "test" or r.test_opened}
    partner = next((r for r in same if r.id == run.cloned_from or r.cloned_from == run.id), None)
    if partner is not None:
        other_part(run, partner, part)
        if part == "test" and _being_evaluated(partner):
            return
    if not fitting:
        if part == "test":
            st.info(
                t(
                    "No other run of this split was opened on the test part. Compare on validation, or open it for another run."
                ),
                icon=":material/compare_arrows:",
            )
        else:
            st.info(
                t(
                    "There is no second run on the same split yet. Train another model on the same data to compare."
                ),
                icon=":material/compare_arrows:",
            )
        return
    left, right = st.columns([3, 1])
    key = f"compare_runs_{run.id}_{part}"
    st.session_state[key] = [i for i in st.session_state.get(key, list(fitting)[:1]) if i in fitting]
    chosen = left.multiselect(
        t("Compare with"), list(fitting), format_func=lambda i: _titled(fitting[i], run), key=key,
        placeholder=t("choose runs of the same split"), max_selections=MOST, select_all=False,
    )  # fmt: skip
    figure = right.selectbox(
        t("Figure"), CHOOSABLE, index=CHOOSABLE.index(metric), format_func=metric_title, key=f"compare_metric_{run.id}_{part}",
    )  # fmt: skip
    if not chosen:
        st.caption(t("Choose at least one run to compare with."))
        return
    others = [fitting[i] for i in chosen if i in fitting]
    _side_by_side([run, *others], part)
    if any(r.version_id != run.version_id for r in others):
        st.caption(
            t("The runs were trained on different versions of the data. These rows are the same in all of them: versions made of corrections keep validation and test as they were.")
        )  # fmt: skip
    ids = [run.id, *(r.id for r in others)]
    found = workspace().evaluations.comparison(ids, part, figure)
    if found is None:
        _compute(ids, part, figure)
        found = workspace().evaluations.comparison(ids, part, figure)
    if found is not None:
        _differences(run, others, found, part, figure)


def _titled(run: Run, reference: Run) -> str:
    return run.name if run.version_id == reference.version_id else f"{run.name} ({run.version_label})"


def _being_evaluated(run: Run) -> bool:
    """Follow the evaluation of a run whose test part was just opened; whether it still goes on."""
    ws = workspace()
    job_id = followed(purpose(run.id)) or next(
        (j.id for j in ws.jobs.active(run.project_id) if j.kind == "evaluate" and j.spec.get("run") == run.id), None
    )  # fmt: skip
    if job_id is None:
        return False
    watch(job_id, t("Evaluating on the test part"))
    if ws.jobs.get(job_id).active:
        return True
    unfollow(purpose(run.id))
    return False


def _compute(ids: list[str], part: str, figure: str) -> None:
    """Start the comparison, or follow the one that this tab started."""
    name = f"compare_{part}_{figure}_{'_'.join(ids)}"
    job_id = followed(name)
    if job_id is None:
        try:
            job_id = workspace().evaluations.start_comparison(ids, part, figure).id
        except BentuError as error:
            show_error(error)
            return
        follow(name, job_id)
    watch(job_id, t("Comparing on the same rows"))
    job = workspace().jobs.get(job_id)
    if not job.active and job.state != "succeeded":
        st.button(t("Try again"), key=f"compare_again_{part}", on_click=unfollow, args=(name,))


def _side_by_side(runs: Sequence[Run], part: str) -> None:
    scores = {r.id: _scores(r, part) for r in runs}
    table = pd.DataFrame(
        {
            "run": r.name if place else t("{run} (reference)", run=r.name),
            "data": r.version_label,
            **{m: scores[r.id][m].value * 100 for m in METRICS if m in scores[r.id]},
            "rows": next((s.n for s in scores[r.id].values()), None),
        }
        for place, r in enumerate(runs)
    )  # fmt: skip
    number = st.column_config.NumberColumn
    st.dataframe(
        table, hide_index=True, key=f"compare_table_{part}", placeholder="–",
        alt=t("Scores of the compared runs on {part}.", part=part_title(part)),
        column_config={
            "run": st.column_config.TextColumn(t("Run"), pinned=True), "data": t("Data"), "rows": number(t("Rows"), format="localized"),
            **{m: number(metric_head(m), format="%.1f") for m in METRICS},
        },
    )  # fmt: skip


def _scores(run: Run, part: str) -> Mapping[str, Score]:
    if part == "validation":
        return {m: s for m in METRICS if (s := score_of(run.metrics, m)) is not None}
    found: Evaluation | None = workspace().evaluations.get(run.id, part)
    return found.result.overall if found else {}


def _differences(
    reference: Run, others: Sequence[Run], found: Sequence[Difference], part: str, figure: str
) -> None:
    st.markdown(
        f"**{t('Difference from the reference, {metric}, {part}', metric=metric_title(figure), part=part_title(part))}**"
    )
    for other, d in zip(others, found, strict=True):
        st.markdown(
            t(
                "{sign} **{run}** is **{verdict}**: {difference} points ({low} to {high}) against **{reference}** on the same {rows} rows.",
                sign=SIGNS[d.verdict], run=safe_text(other.name, 80), verdict=t(VERDICTS[d.verdict]), difference=points(d.difference),
                low=points(d.low), high=points(d.high), reference=safe_text(reference.name, 80), rows=f"{d.n:,}",
            )
            if d.verdict != "undecided"
            else t(
                "{sign} **{run}**: **no difference shown** from **{reference}**: {difference} points ({low} to {high}) on the same {rows} rows.",
                sign=SIGNS[d.verdict], run=safe_text(other.name, 80), reference=safe_text(reference.name, 80),
                difference=points(d.difference), low=points(d.low), high=points(d.high), rows=f"{d.n:,}",
            )
        )  # fmt: skip
    if left_out := max((d.left_out for d in found), default=0):
        st.caption(
            n(
                "{n} row is left out: its data were edited between these runs, so that it is not the same for all of them.",
                "{n} rows are left out: their data were edited between these runs, so that they are not the same for all of them.",
                left_out,
            )
        )  # fmt: skip
    counted = {v: sum(d.verdict == v for d in found) for v in VERDICTS}
    alt = t(
        "Paired differences from {reference}: {better} better, {worse} worse, {undecided} without a shown difference.",
        reference=reference.name, **counted,
    )  # fmt: skip
    draw(difference_figure([r.name for r in others], found), key=f"compare_chart_{part}", alt=alt)
    st.dataframe(
        pd.DataFrame(
            {
                "run": other.name, "verdict": f"{SIGNS[d.verdict]} {t(VERDICTS[d.verdict])}", "difference": points(d.difference),
                "interval": f"{points(d.low)} … {points(d.high)}", "wins": d.wins, "losses": d.losses, "rows": d.n,
            }
            for other, d in zip(others, found, strict=True)
        ),
        hide_index=True, key=f"compare_differences_{part}", alt=alt,
        column_config={
            "run": t("Run"), "verdict": t("Verdict"),
            "difference": t("Difference, points"), "interval": t("Interval"),
            "wins": st.column_config.NumberColumn(t("Wins"), help=t("Rows that only this run has right.")),
            "losses": st.column_config.NumberColumn(t("Losses"), help=t("Rows that only the reference has right.")),
            "rows": st.column_config.NumberColumn(t("Rows"), format="localized"),
        },
    )  # fmt: skip
    if len(found) > 1:
        st.caption(n("{n} comparison at once: the more there are, the likelier one of them looks better by chance.",
                     "{n} comparisons at once: the more there are, the likelier one of them looks better by chance.", len(found)))  # fmt: skip
