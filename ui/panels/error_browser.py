"""Rows with what the model said: filtered by class, slice and rightness, sorted by confidence, one in detail."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.data.schema import ROW_ID
from engine.evaluation.result import EvaluationResult
from engine.workspace import Run
from ui.errors import errors_shown
from ui.format import percent
from ui.state import workspace
from ui.text import N_, n, safe_text, t

PAGE = 50
MOST_CLASSES = 12
"""Classes with a probability in the detail of a row, the likeliest ones."""
TRUE, PREDICTED, WRONG = "true", "predicted", "wrong"
ORDERS = {
    "confidence_desc": N_("Most confident first"), "confidence_asc": N_("Least confident first"), "row": N_("As in the file"),
}  # fmt: skip


def filter_key(key: str, name: str) -> str:
    """Widget key of one filter, so that the confusion matrix can set it."""
    return f"errors_{name}_{key}"


def error_browser(run: Run, result: EvaluationResult, key: str) -> None:
    """Filters, a page of 50 rows, and the selected row in full."""
    wrong_only, order, true, predicted, chosen = _filters(result, key)
    # Under other filters the pages and the selected row mean something else, so both start anew there.
    mark = abs(hash((wrong_only, order, true, predicted, tuple(sorted(chosen.items())))))
    page_key = f"{filter_key(key, 'page')}_{mark}"
    number = int(st.session_state.get(page_key) or 1)
    with errors_shown():
        ws = workspace()
        frame, total = ws.evaluations.predictions(
            run.id, result.part, true=true, predicted=predicted, only_wrong=wrong_only, slices=chosen, order=order,
            offset=(number - 1) * PAGE, limit=PAGE,
        )  # fmt: skip
        if not total:
            st.info(t("No row matches these filters."), icon=":material/filter_alt_off:")
            return
        st.caption(
            n("{n} row of {all}.", "{n} rows of {all}.", total, all=f"{result.n:,}")
            + (
                " "
                + t(
                    "Shown: {first} to {last}.",
                    first=(number - 1) * PAGE + 1,
                    last=(number - 1) * PAGE + len(frame),
                )
                if total > PAGE
                else ""
            )
        )
        _table(run, result, frame, key, f"errors_table_{key}_{mark}_{number}")
        if total > PAGE:
            st.pagination(-(-total // PAGE), key=page_key)


def _filters(result: EvaluationResult, key: str) -> tuple[bool, str, str | None, str | None, dict[str, str]]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        classes = list(result.classes)
        true = st.selectbox(
            t("True class"),
            classes,
            index=None,
            key=filter_key(key, TRUE),
            placeholder=t("any"),
            format_func=str,
            width=180,
        )
        predicted = st.selectbox(
            t("Predicted class"),
            classes,
            index=None,
            key=filter_key(key, PREDICTED),
            placeholder=t("any"),
            format_func=str,
            width=180,
        )
        chosen: dict[str, str] = {}
        for place, column in enumerate(dict.fromkeys(s.column for s in result.slices)):
            values = sorted({s.value for s in result.slices if s.column == column})
            value = st.selectbox(
                safe_text(column, 40), values, index=None, key=filter_key(key, f"slice_{place}"), placeholder=t("any"),
                format_func=str, width=180,
            )  # fmt: skip
            if value is not None:
                chosen[column] = value
        order = st.selectbox(
            t("Order"),
            list(ORDERS),
            format_func=lambda o: t(ORDERS[o]),
            key=filter_key(key, "order"),
            width=220,
        )
        st.session_state.setdefault(filter_key(key, WRONG), True)
        wrong_only = st.toggle(t("Only wrong ones"), key=filter_key(key, WRONG))
    return wrong_only, order, true, predicted, chosen


def _table(run: Run, result: EvaluationResult, frame: pd.DataFrame, key: str, table_key: str) -> None:
    hidden = {f"p_{label}" for label in result.classes}
    shown = frame[[c for c in frame.columns if c not in hidden]].copy()
    slices = list(shown.columns[6:])
    shown[ROW_ID] = shown[ROW_ID] + 1
    shown["correct"] = ["✓" if c else "✕" for c in shown["correct"]]
    shown["confidence"] = shown["confidence"] * 100
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    event = st.dataframe(
        shown, hide_index=True, on_select="rerun", selection_mode="single-row", height=320, key=table_key,
        alt=t("Rows with true and predicted class and the model's confidence."),
        column_order=[ROW_ID, "correct", "input", "true", "predicted", "confidence", *slices],
        column_config={
            ROW_ID: number(t("Row"), format="localized", width=70, help=t("Number of the data row in the file, the header not counted.")),
            "correct": text(t("Right?"), width=60),
            "input": text(t("Input"), width=360),
            "true": text(t("True"), width=110),
            "predicted": text(t("Predicted"), width=110),
            "confidence": number(t("Confidence, %"), format="%.1f", width=110),
        },
    )  # fmt: skip
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(frame):
        _detail(run, result, frame.iloc[rows[0]], key)
    else:
        st.caption(t("Select a row to read it in full, with the probability of each class."))


def _detail(run: Run, result: EvaluationResult, row: pd.Series, key: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{t('Row {row}', row=f'{int(row[ROW_ID]) + 1:,}')}**")
        right = bool(row["correct"])
        verdict = t("right") if right else t("wrong")
        icon, colour = (":material/check:", "green") if right else (":material/close:", "red")
        st.markdown(
            f":{colour}-badge[{icon} {verdict}] "
            + t(
                "true: {true} · predicted: {predicted} ({confidence})",
                true=safe_text(row["true"]),
                predicted=safe_text(row["predicted"]),
                confidence=percent(float(row["confidence"])),
            )
        )
        text, chances = st.columns([3, 2])
        text.text(_full_text(run, int(row[ROW_ID]), str(row["input"])))
        probabilities = _probabilities(row, result)
        chances.dataframe(
            pd.DataFrame({"label": [c for c, _ in probabilities], "p": [p * 100 for _, p in probabilities]}),
            hide_index=True, key=f"errors_probabilities_{key}", alt=t("Probability of each class for this row."),
            column_config={
                "label": t("Class"),
                "p": st.column_config.ProgressColumn(t("Probability, %"), format="%.1f", min_value=0, max_value=100),
            },
        )  # fmt: skip


def _full_text(run: Run, row_id: int, shown: str) -> str:
    """The input as it came; the prediction file holds a shortened one."""
    ws = workspace()
    rows, _ = ws.datasets.rows(run.version_id, ids=[row_id])
    names = ws.datasets.version(run.version_id).schema.names("input")
    return "\n".join(str(rows.iloc[0][name]) for name in names) if len(rows) else shown


def _probabilities(row: pd.Series, result: EvaluationResult) -> list[tuple[str, float]]:
    """The classes with their probabilities, the likeliest first."""
    found = [(label, float(row[f"p_{label}"])) for label in result.classes if f"p_{label}" in row.index]
    return sorted(found, key=lambda pair: -pair[1])[:MOST_CLASSES]
