"""The confusion matrix with the table behind it; a clicked cell sets the filters of the error browser."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.evaluation.result import EvaluationResult
from ui.charts.confusion import confusion_figure
from ui.panels.error_browser import PREDICTED, TRUE, WRONG, filter_key
from ui.panels.metrics import part_title
from ui.text import t


def confusion(result: EvaluationResult, key: str) -> None:
    """Heatmap of true against predicted classes, of the part that the caption names."""
    normalised = st.toggle(
        t("Colour by share of the true class"), value=True, key=f"confusion_share_{key}",
        help=t("Each row sums to 100 %, so that rare classes can be read; otherwise the colour is the count."),
    )  # fmt: skip
    alt = takeaway(result)
    chart = f"confusion_{key}"

    def picked() -> None:
        points = st.session_state[chart]["selection"]["points"]
        if points and points[0].get("customdata"):
            true, predicted = points[0]["customdata"][:2]
            st.session_state[filter_key(key, TRUE)] = result.classes[int(true)]
            st.session_state[filter_key(key, PREDICTED)] = result.classes[int(predicted)]
            st.session_state[filter_key(key, WRONG)] = true != predicted

    st.plotly_chart(
        confusion_figure(result, normalised=normalised), key=chart, alt=alt, on_select=picked, selection_mode="points",
        config={"displayModeBar": False, "responsive": True},
    )  # fmt: skip
    st.caption(
        t("{part}, {rows} rows. Rows: the true class; columns: what the model said. Click a cell to see its rows below.",
          part=part_title(result.part), rows=f"{result.n:,}")
    )  # fmt: skip
    box = st.expander(
        t("Matrix as a table"), icon=":material/table:", key=f"confusion_box_{key}", on_change="rerun"
    )
    if box.open:
        with box:
            frame = pd.DataFrame(result.confusion, columns=list(result.classes))
            frame.insert(0, "", list(result.classes), allow_duplicates=True)
            st.dataframe(frame, hide_index=True, key=f"confusion_table_{key}", alt=alt,
                         column_config={"": t("true ↓ / predicted →")})  # fmt: skip


def takeaway(result: EvaluationResult) -> str:
    """The most frequent confusion in one sentence."""
    wrong = [
        (count, i, j)
        for i, row in enumerate(result.confusion)
        for j, count in enumerate(row)
        if i != j and count
    ]
    if not wrong:
        return t("No row was confused.")
    count, i, j = max(wrong)
    return t(
        "Most frequent confusion: {count} {count:row|rows} of class {true} {count:was|were} called {predicted}.",
        count=f"{count:,}", true=result.classes[i], predicted=result.classes[j],
    )  # fmt: skip
