"""The project's runs as a table: state in words, what was trained on what, the validation score, the time it took."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from engine.evaluation.result import Score
from engine.workspace import Run
from ui.format import duration, moment, percent
from ui.panels.metrics import metric_title, score_of
from ui.panels.recent import RUN_LOOKS
from ui.state import GONE, choose_run, gone, workspace
from ui.text import n, t

SYMBOLS = {
    "queued": "○", "starting": "◔", "running": "●", "succeeded": "✓", "failed": "✕", "cancelled": "■", "lost": "▲",
}  # fmt: skip
"""Cells of a table show no icon font, so the shape is a plain character; the word stands beside it."""

PAGE = 50


def state_text(run: Run) -> str:
    """The run's state as a shape and a word: "✓ Stopped by you, best kept"."""
    word = t(RUN_LOOKS[run.state].word)
    if run.state == "succeeded" and run.stopped_early:
        word = t("Stopped by you, best kept")
    elif run.state == "queued" and run.position:
        word = t("Waiting, place {n}", n=run.position)
    elif run.active and run.cancel:
        word = t("Stopping")
    return f"{SYMBOLS[run.state]} {word}"


def family_title(name: str) -> str:
    """A family's title in the reader's language; a family that this version lacks keeps its name."""
    return t(workspace().recipes.titles().get(name, name))


def run_page(project_id: str) -> list[Run]:
    """The runs of the chosen page of the table, newest first; draws the page numbers when there are several."""
    runs = workspace().runs
    count = runs.count(project_id)
    if count <= PAGE:
        return runs.list(project_id, limit=PAGE)
    page = st.pagination(-(-count // PAGE), key="runs_page")
    return runs.list(project_id, limit=PAGE, offset=(page - 1) * PAGE)


def run_table(
    runs: Sequence[Run], *, key: str, selected: str | None, metrics: Sequence[str], states: bool = True
) -> None:
    """The table; selecting a row shows that run (see `ui.state.choose_run`).

    Args:
        runs: what to show, in order.
        key: of the widget.
        selected: id of the run that is shown now.
        metrics: the validation scores to show.
        states: whether to show how far each run is; otherwise whether its test part was opened.
    """
    ids = [run.id for run in runs]
    # Selections are row numbers: with other rows a new widget starts, preset to the run that is shown.
    widget_key = f"{key}_{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:8]}"

    rows_shown = [ids.index(selected)] if selected in ids else []
    if widget_key in st.session_state and st.session_state[widget_key]["selection"]["rows"] != rows_shown:
        # another run was chosen elsewhere, by a button or a link: the table follows
        st.session_state[widget_key] = {"selection": {"rows": rows_shown}}

    def chosen() -> None:
        rows = st.session_state[widget_key]["selection"]["rows"]
        if rows and rows[0] < len(ids):
            st.session_state.pop(GONE, None)
            choose_run(ids[rows[0]])

    if gone("run", key):
        st.caption(t("The run of that link is not here any more, so another one is shown."))

    st.dataframe(
        pd.DataFrame([_row(run, metrics) for run in runs]), key=widget_key, hide_index=True, on_select=chosen,
        selection_mode="single-row", column_config=_columns(metrics), row_height=36, placeholder="–",
        selection_default={"selection": {"rows": rows_shown}},
        # The score second, so that it is in view on a phone too; the model stands in the name and under the table.
        column_order=[*(("state", *metrics, "name") if states else ("name", *metrics, "seal")), "data", "time", "submitted"],
        height=min(36 * len(runs) + 38, 254),
        alt=n("Table of {n} run with data and validation score.", "Table of {n} runs with data and validation score.", len(runs)),
    )  # fmt: skip


def _columns(metrics: Sequence[str]) -> dict[str, Any]:
    column = st.column_config.TextColumn
    about = t("Value, its interval (95 %) and the number of rows behind it.")
    return {
        "state": column(t("State"), width=125),
        "name": column(t("Run"), width=170),
        **{
            m: column(t("{metric}, validation", metric=metric_title(m)), help=about, width=205)
            for m in metrics
        },
        "data": column(t("Data"), width=110),
        "seal": column(t("Test part"), width=90),
        "time": column(t("Duration"), width=90),
        "submitted": column(t("Submitted"), width=130),
    }


def _row(run: Run, metrics: Sequence[str]) -> Mapping[str, str | None]:
    return {
        "state": state_text(run),
        "name": run.name,
        **{m: _score(score_of(run.metrics, m)) for m in metrics},
        "data": run.version_label,
        "seal": t("opened") if run.test_opened else t("sealed"),
        # that of one that goes on would stand still here; it is shown beneath
        "time": duration(run.seconds) if run.seconds is not None and not run.active else None,
        "submitted": moment(run.created),
    }


def _score(found: Score | None) -> str | None:
    if found is None:
        return None
    return t(
        "{value} ({low}–{high}), n = {rows}",
        value=percent(found.value), low=f"{found.low * 100:.1f}", high=f"{found.high * 100:.1f}", rows=f"{found.n:,}",
    )  # fmt: skip
