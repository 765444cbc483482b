"""Every column of a version as a card: role, empty and distinct cells, how its values are spread, and its most frequent values."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.data.profile import ColumnProfile, Profile
from engine.data.schema import ROLE_TITLES
from engine.data.types import TYPE_TITLES
from engine.workspace import DatasetVersion
from ui.charts.layout import draw, kept
from ui.charts.periods import period_bars
from ui.charts.spread import spread_bars
from ui.format import percent
from ui.panels.profile import period_note
from ui.text import language, n, safe_text, sentences, t

PAGE_CARDS = 12


def column_cards(profile: Profile, version: DatasetVersion) -> None:
    """The cards behind a fold, a dozen a page: a table can have a thousand columns."""
    fold = st.expander(
        n("{n} column", "{n} columns", len(profile.columns)), icon=":material/view_column:", key=f"columns_{version.id}",
        on_change="rerun",
    )  # fmt: skip
    if not fold.open:
        return
    with fold:
        pages = -(-len(profile.columns) // PAGE_CARDS)
        page = 1
        if pages > 1:
            page = st.pagination(pages, key=f"columns_page_{version.id}", max_visible_pages=5)
        first = (page - 1) * PAGE_CARDS
        grid = st.grid(3, min_column_width=240, key=f"columns_grid_{version.id}")
        for place, column in enumerate(profile.columns[first : first + PAGE_CARDS], start=first):
            with grid, st.container(border=True, height="stretch", key=f"column_{version.id}_{place}"):
                _card(column, profile.rows, version.id, f"column_top_{version.id}_{place}")


def _card(column: ColumnProfile, rows: int, version_id: str, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{safe_text(column.name, 60)}**", width="stretch")
        st.badge(t(ROLE_TITLES[column.role]), color="gray" if column.role == "ignore" else "blue")
    empty = t("no empty cells")
    if column.missing:
        empty = t(
            "{n} empty ({share})", n=f"{column.missing:,}", share=percent(column.missing / max(rows, 1))
        )
    looks = f"{t(TYPE_TITLES[column.type])} · " if column.type else ""
    st.caption(f"{looks}{n('{n} distinct value', '{n} distinct values', column.distinct)} · {empty}")
    _spread(column, version_id, key)
    if not column.top:
        return
    st.dataframe(
        pd.DataFrame([(value, count) for value, count in column.top[:5]], columns=[t("Value"), t("Rows")]), key=key, hide_index=True,
        column_config={1: st.column_config.TextColumn(t("Value"), width="small"), 2: st.column_config.ProgressColumn(t("Rows"), format="localized", min_value=0, max_value=max(rows, 1), width="small")},
        alt=t("The most frequent values of {column}.", column=column.name), height="content",
    )  # fmt: skip


def _spread(column: ColumnProfile, version_id: str, key: str) -> None:
    """The histogram of a column of numbers, dates or texts, drawn from the cells that were sampled."""
    name, place = safe_text(column.name, 60), (version_id, language(), str(st.context.theme.type))
    note = n("From {n} cell.", "From {n} cells.", column.sampled)
    if column.histogram is not None:
        numbers = column.histogram
        figure = kept(f"{key}_spread", *place, lambda: spread_bars(numbers, t("value")))
        alt = t("How the numbers of {column} are spread.", column=name)
    elif column.lengths is not None:
        lengths = column.lengths
        figure = kept(f"{key}_spread", *place, lambda: spread_bars(lengths, t("characters")))
        alt = t("How long the cells of {column} are.", column=name)
        note = sentences([note, t("The last bar holds all longer ones.")])
    elif column.periods:
        figure = kept(f"{key}_spread", *place, lambda: period_bars(column.periods, 180))
        alt = t("How the dates of {column} are spread.", column=name)
        note = sentences([note, period_note(column.unit)])
    else:
        return
    draw(figure, key=f"{key}_spread", alt=alt)
    st.caption(note)
