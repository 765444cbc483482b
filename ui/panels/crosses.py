"""Region by language: two slice columns against each other, by rows or by the share of one class."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.data.profile import CrossTab
from engine.workspace import DatasetVersion
from ui.charts.crosses import cross_cells, share
from ui.charts.layout import draw, kept
from ui.format import percent
from ui.text import language, n, safe_text, t

_ROWS = ""


def cross_card(crosses: Sequence[CrossTab], version: DatasetVersion) -> None:
    """A card with the pair and the measure to choose; nothing where there are not two slice columns."""
    if not crosses:
        return
    with st.container(border=True, key="profile_crosses"):
        _card(crosses, version)


@st.fragment
def _card(crosses: Sequence[CrossTab], version: DatasetVersion) -> None:
    st.markdown(f"**{t('Slices against each other')}**")
    with st.grid(2, min_column_width=220):
        place = 0
        if len(crosses) > 1:
            place = st.selectbox(
                t("Columns"), range(len(crosses)), key=f"cross_pair_{version.id}",
                format_func=lambda i: f"{safe_text(crosses[i].first, 40)} × {safe_text(crosses[i].second, 40)}",
            )  # fmt: skip
        found = crosses[place]
        label = st.selectbox(
            t("Shown"), [_ROWS, *found.labels], key=f"cross_label_{version.id}",
            format_func=lambda name: t("share of {label}", label=safe_text(name, 40)) if name else t("rows"),
        )  # fmt: skip
    figure = kept(
        f"cross_{place}_{label}", version.id, language(), str(st.context.theme.type), lambda: cross_cells(found, label or None)
    )  # fmt: skip
    few = sum(0 < count < 30 for row in found.counts for count in row)
    empty = sum(count == 0 for row in found.counts for count in row)
    notes = [
        *([n("{n} combination has no row.", "{n} combinations have no row.", empty)] if empty else []),
        *([n("{n} has fewer than 30 rows: a score there says little.", "{n} have fewer than 30 rows: scores there say little.", few)] if few else []),
        *([n("{n} row has a rarer or no value.", "{n} rows have rarer or no values.", found.other)] if found.other else []),
    ]  # fmt: skip
    draw(
        figure, key=f"cross_chart_{version.id}",
        alt=t("Rows by {first} and {second}.", first=found.first, second=found.second),
    )  # fmt: skip
    if notes:
        st.caption(" ".join(notes))
    table = st.expander(
        t("The same as a table"), icon=":material/table:", key=f"cross_open_{version.id}", on_change="rerun"
    )
    if table.open:
        table.dataframe(_table(found, label or None), key=f"cross_table_{version.id}", alt=t("Rows by {first} and {second}.", first=found.first, second=found.second))  # fmt: skip


def _table(found: CrossTab, label: str | None) -> pd.DataFrame:
    cells = [
        [
            f"{count:,}" if label is None or not count else _shared(share(found, i, j, label), count)
            for j, count in enumerate(row)
        ]
        for i, row in enumerate(found.counts)
    ]
    return pd.DataFrame(cells, index=list(found.first_values), columns=list(found.second_values))


def _shared(part: float | None, count: int) -> str:
    return f"{'–' if part is None else percent(part)} (n={count:,})"
