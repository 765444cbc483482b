"""Results per slice: where the model is weaker, with intervals, and with a minimum of rows behind each point."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.evaluation.result import EvaluationResult
from ui.charts.layout import draw
from ui.charts.slice_scores import slice_figure
from ui.format import percent
from ui.panels.metrics import metric_title
from ui.text import n, safe_text, t

MOST_SHOWN = 30
"""Points in the chart; the table has all."""


def slices(result: EvaluationResult, key: str) -> None:
    """Chart and table of one slice column; says so when the data have none."""
    columns = list(dict.fromkeys(s.column for s in result.slices))
    if not columns:
        st.info(
            t(
                "No column has the role “slice”. Give it to a column such as region or domain on the data page, and train again, to see where the model is weaker."
            ),
            icon=":material/segment:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox(
            t("Slice column"), columns, key=f"slice_column_{key}", format_func=str, width=240
        )
        metric = st.segmented_control(
            t("Figure"), ["macro_f1", "accuracy"], format_func=metric_title, key=f"slice_metric_{key}", default="macro_f1", required=True,
        )  # fmt: skip
        least = st.number_input(
            t("At least rows"), min_value=1, max_value=100_000, value=30, step=10, key=f"slice_least_{key}", width=160,
            help=t("Slices with fewer rows are left out: their intervals are too wide to say anything."),
        )  # fmt: skip
    every = [s for s in result.slices if s.column == column]
    shown = [s for s in every if s.n >= least]
    hidden = len(every) - len(shown)
    if shown:
        ordered = sorted(shown, key=lambda s: getattr(s, metric).value)
        worst = ordered[0]
        alt = t(
            "{metric} by {column}: weakest is {value} with {score} on {rows} rows; all rows together have {overall}.",
            metric=metric_title(metric), column=column, value=worst.value, score=percent(getattr(worst, metric).value),
            rows=f"{worst.n:,}", overall=percent(result.overall[metric].value),
        )  # fmt: skip
        st.caption(safe_text(alt))
        draw(
            slice_figure(ordered[:MOST_SHOWN], result.overall[metric], metric),
            key=f"slice_chart_{key}",
            alt=alt,
        )
        number = st.column_config.NumberColumn
        st.dataframe(
            pd.DataFrame(
                {
                    "value": s.value, "n": s.n,
                    "accuracy": s.accuracy.value * 100, "accuracy_interval": f"{s.accuracy.low * 100:.1f}–{s.accuracy.high * 100:.1f}",
                    "f1": s.macro_f1.value * 100, "f1_interval": f"{s.macro_f1.low * 100:.1f}–{s.macro_f1.high * 100:.1f}",
                }
                for s in ordered
            ),
            hide_index=True, key=f"slice_table_{key}", alt=alt,
            column_config={
                "value": t("Value"), "n": number(t("Rows"), format="localized"),
                "accuracy": number(t("Accuracy, %"), format="%.1f"), "accuracy_interval": t("Interval"),
                "f1": number(t("Macro-F1, %"), format="%.1f"), "f1_interval": t("Interval") + " ",
            },
        )  # fmt: skip
    else:
        st.info(
            t("No slice has that many rows. Lower the minimum to see them."), icon=":material/filter_alt:"
        )
    if hidden and shown:
        st.caption(
            n("{n} slice with fewer rows is left out.", "{n} slices with fewer rows are left out.", hidden)
        )
