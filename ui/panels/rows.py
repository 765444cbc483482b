"""Rows of a dataset version, fifty a page, as they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from engine.data.schema import ROW_ID
from engine.workspace import DatasetVersion
from ui.state import workspace
from ui.text import n, t

PAGE_ROWS = 50
CELL_LIMIT = 2000
"""Characters of a cell that travel to the browser."""
SIGN, MARGIN, NARROWEST, WIDEST = 8, 24, 75, 240
"""Pixels of a Latin letter, of what stands around a cell, and the bounds of a column's width."""


def row_table(
    version: DatasetVersion, *, key: str, ids: Sequence[int] | NDArray[np.int64] | None = None,
    beside: Mapping[str, Sequence[Any] | NDArray[Any]] | None = None,
) -> None:  # fmt: skip
    """A page of rows with their number in the file, and the way to the other pages.

    Args:
        version: whose rows.
        key: prefix of the widget keys.
        ids: only these row ids.
        beside: more columns by their heads, one value for each of `ids`; they stand before the others.
    """
    total = len(ids) if ids is not None else version.rows
    slot = st.container()
    pages = max(1, -(-total // PAGE_ROWS))
    page = 1
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            page = st.pagination(pages, key=f"{key}_page", max_visible_pages=5)
            st.caption(n("{n} row", "{n} rows", total), width="content")
    start = (page - 1) * PAGE_ROWS
    if ids is None:
        frame, _ = workspace().datasets.rows(version.id, offset=start, limit=PAGE_ROWS)
    else:  # a million ids stay where they are: only those of the page are asked for
        frame, _ = workspace().datasets.rows(
            version.id, limit=PAGE_ROWS, ids=[int(i) for i in ids[start : start + PAGE_ROWS]]
        )
        for place, (head, values) in enumerate((beside or {}).items(), start=1):
            frame.insert(place, head, list(values[start : start + PAGE_ROWS]), allow_duplicates=True)
    with slot:
        table(
            numbered(frame), key=f"{key}_table", wide=version.schema.names("input"),
            alt=t("Rows of {name}, page {page} of {pages}.", name=version.label, page=page, pages=pages),
        )  # fmt: skip


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with 1-based row numbers as people count them, in place of row ids."""
    return frame.assign(**{ROW_ID: frame[ROW_ID].astype("int64") + 1})


def table(
    frame: pd.DataFrame, *, key: str, alt: str, wide: Sequence[str] = (), ticked: Sequence[int] | None = None
) -> list[int]:
    """Show a frame of user text: cells literally and shortened; columns addressed by place, as names hold anything.

    With `ticked` (places that are ticked at first) its rows can be ticked; returned are the places of those that are.
    """
    config: dict[str | int, Any] = {}
    for place, column in enumerate(frame.columns, start=1):
        if column == ROW_ID:
            config[place] = st.column_config.NumberColumn(
                t("Row"), width="small", format="localized", pinned=True
            )
        elif pd.api.types.is_numeric_dtype(frame.iloc[:, place - 1]):
            config[place] = st.column_config.NumberColumn(width="small")
        else:
            config[place] = st.column_config.TextColumn(
                width="large" if column in wide else _width(str(column), frame.iloc[:, place - 1])
            )
    shown = frame.map(_shortened).rename(columns={"_index": "_index "})  # "_index" is Streamlit's own word
    if ticked is None:
        st.dataframe(shown, hide_index=True, column_config=config, key=key, alt=alt, placeholder="")
        return []
    chosen = st.dataframe(
        shown, hide_index=True, column_config=config, key=key, alt=alt, placeholder="", on_select="rerun",
        selection_mode="multi-row", selection_default={"selection": {"rows": list(ticked), "columns": [], "cells": []}},
    )  # fmt: skip
    return [int(place) for place in chosen["selection"]["rows"]]


def _width(head: str, cells: pd.Series) -> int:
    """Pixels for the longest of these cells and the head, so that short columns leave room for the others."""
    longest = max((_signs(str(cell)[:WIDEST]) for cell in [head, *cells]), default=0)
    return min(max(MARGIN + longest * SIGN, NARROWEST), WIDEST)


def _signs(text: str) -> int:
    """The width of a text in Latin letters; East Asian ones count twice."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _shortened(cell: Any) -> Any:
    return f"{cell[:CELL_LIMIT]}…" if isinstance(cell, str) and len(cell) > CELL_LIMIT else cell
