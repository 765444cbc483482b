"""Scores of a run on one part: the headline beside the majority class, all figures, and each class."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.evaluation.result import EvaluationResult, Score
from engine.recipe import FIRST_TEST
from engine.workspace import Run
from ui.format import percent
from ui.panels.metrics import METRIC_HELP, METRICS, metric_title, part_title, score_of
from ui.state import workspace
from ui.text import N_, n, safe_text, t


def baseline_line(run: Run, metric: str) -> None:
    """What the majority class gets on validation, and aloud where the run is not above it."""
    reached, least = score_of(run.metrics, metric), score_of((run.metrics or {}).get("baseline"), metric)
    if reached is None or least is None:
        return
    if reached.value > least.value:
        st.caption(t("Always answering the most frequent class gets {value}.", value=percent(least.value)))
    else:
        said = t("That is no better than always answering the most frequent class, which gets {value}.", value=percent(least.value))  # fmt: skip
        st.markdown(f":orange[:material/warning: {said}]")


def leak_line(run: Run, part: str) -> None:
    """How many rows of the part stand in train too, beside the score that they flatter; nothing where none does."""
    leaks = workspace().splits.get(run.split_id).leaks if run.split_id else {}
    if count := leaks.get(f"{part}_in_train", 0):
        said = n(
            "{n} of these rows is also in train, so the score is better than it should be.",
            "{n} of these rows are also in train, so the score is better than it should be.",
            count,
        )
        st.markdown(f":orange[:material/warning: {said}]")
    if count := leaks.get(f"near_{part}_in_train", 0):
        said = n(
            "{n} of these rows is nearly in train: a text there differs by a word or a mark.",
            "{n} of these rows are nearly in train: texts there differ by a word or a mark.",
            count,
        )
        st.markdown(f":orange[:material/warning: {said}]")


def headline(
    result: EvaluationResult, metric: str, *, openings: int, elsewhere: int, test_name: str = FIRST_TEST
) -> None:
    """The figure that runs are chosen by, what always saying the largest class gives, and accuracy.

    Args:
        result: the evaluation.
        metric: name of the chosen metric.
        openings: how often a test part of these rows was opened; stands beside test scores.
        elsewhere: how many of them were under another division of the same rows.
        test_name: of the test set; said where it is not the first one.
    """
    found, floor = result.overall[metric], result.baseline[metric]
    second = "accuracy" if metric != "accuracy" else "macro_f1"
    with st.grid(3, min_column_width=200, gap="small"):
        _card(metric_title(metric), found, METRIC_HELP.get(metric), floor)
        _card(metric_title(second), result.overall[second], METRIC_HELP.get(second), result.baseline[second])
        _card(
            t("Majority class, {metric}", metric=metric_title(metric)), floor,
            N_("What you get by always answering the largest class of the train part, on the same rows."),
        )  # fmt: skip
    parts = [
        part_title(result.part),
        n("{n} labelled row", "{n} labelled rows", result.n),
        t("intervals: {level} % bootstrap, {resamples} resamples", level=f"{result.confidence * 100:g}", resamples=f"{result.resamples:,}"),
    ]  # fmt: skip
    if result.unlabelled:
        parts.append(
            n("{n} row without a label left out", "{n} rows without a label left out", result.unlabelled)
        )
    if result.part == "test":
        if test_name != FIRST_TEST:
            parts.append(t("test set “{name}”", name=safe_text(test_name, 80)))
        parts.append(
            n("test part of these rows opened {n} time", "test part of these rows opened {n} times", openings)
        )
        if elsewhere:
            parts.append(
                n(
                    "{n} of them in another version, maybe divided otherwise",
                    "{n} of them in other versions, maybe divided otherwise",
                    elsewhere,
                )
            )
    st.caption(" · ".join(parts))


def _card(title: str, found: Score, help: str | None, floor: Score | None = None) -> None:
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            title, percent(found.value), help=t(help) if help else None,
            delta=_points(found, floor) if floor else None,
            delta_description=t("points over majority") if floor else None,
        )  # fmt: skip
        st.caption(
            t(
                "{low} to {high}, n = {rows}",
                low=percent(found.low),
                high=percent(found.high),
                rows=f"{found.n:,}",
            )
        )


def _points(found: Score, floor: Score) -> str | int:
    """The difference in percentage points; a plain 0 gets no arrow and no colour."""
    points = f"{(found.value - floor.value) * 100:+.1f}"
    return 0 if float(points) == 0 else points


def score_tables(result: EvaluationResult, key: str) -> None:
    """All overall figures beside the baseline, then precision, recall and F1 of each class."""
    st.markdown(f"**{t('All figures')}**")
    st.dataframe(
        overall_frame(result), hide_index=True, key=f"overall_{key}", column_config=_columns(),
        alt=t("Accuracy, precision, recall and F1 with intervals, beside the majority class."),
    )  # fmt: skip
    st.markdown(f"**{t('By class')}**")
    st.dataframe(
        class_frame(result), hide_index=True, key=f"classes_{key}", column_config=_columns(), placeholder="–",
        alt=t("Precision, recall and F1 of each class with support and intervals."),
    )  # fmt: skip
    empty = [c.label for c in result.per_class if c.support == 0]
    if empty:
        st.caption(
            n(
                "{n} class has no row in this part, so it has no scores.",
                "{n} classes have no row in this part, so they have no scores.",
                len(empty),
            )
        )


def overall_frame(result: EvaluationResult) -> pd.DataFrame:
    """One row a figure: value, interval, baseline, in percent."""
    return pd.DataFrame(
        {
            "metric": metric_title(name), "value": score.value * 100, "interval": _interval(score), "rows": score.n,
            "baseline": result.baseline[name].value * 100, "baseline_interval": _interval(result.baseline[name]),
        }
        for name in METRICS if (score := result.overall.get(name)) is not None
    )  # fmt: skip


def class_frame(result: EvaluationResult) -> pd.DataFrame:
    """One row a class: support, and precision, recall and F1 with intervals, in percent."""
    rows = []
    for c in result.per_class:
        row: dict[str, object] = {"label": c.label, "support": c.support}
        for name, score in (("precision", c.precision), ("recall", c.recall), ("f1", c.f1)):
            row[name] = score.value * 100 if score else None
            row[f"{name}_interval"] = _interval(score)
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(score: Score | None) -> str | None:
    return f"{score.low * 100:.1f}–{score.high * 100:.1f}" if score else None


def _columns() -> dict[str, object]:
    number = st.column_config.NumberColumn
    interval = t("Interval")
    return {
        "metric": t("Figure"), "value": number(t("Value, %"), format="%.1f"), "interval": interval,
        "rows": number(t("Rows"), format="localized"),
        "baseline": number(t("Majority class, %"), format="%.1f"), "baseline_interval": f"{interval} ",
        "label": t("Class"), "support": number(t("Rows of the class"), format="localized"),
        "precision": number(t("Precision, %"), format="%.1f"), "precision_interval": interval,
        "recall": number(t("Recall, %"), format="%.1f"), "recall_interval": f"{interval} ",
        "f1": number(t("F1, %"), format="%.1f"), "f1_interval": f"{interval}  ",
    }  # fmt: skip
