"""Two slice columns against each other and against the labels: region by language, and what each cell is made of.

Stage 1 (data).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from engine.data.measures import Plain
from engine.data.schema import Schema

MOST_COLUMNS, MOST_VALUES, MOST_LABELS = 5, 20, 12


class CrossTab(Plain):
    """Rows by the values of two slice columns and by label.

    `counts[i][j]` rows have `first_values[i]` and `second_values[j]`; `labelled[i][j][k]` of them the label `labels[k]`.
    The most frequent values and labels are listed; `other` rows have a rarer or no value in one of the columns.
    """

    first: str
    second: str
    first_values: tuple[str, ...]
    second_values: tuple[str, ...]
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    labelled: tuple[tuple[tuple[int, ...], ...], ...]
    other: int


def cross_tabs(frame: pd.DataFrame, schema: Schema, labels: pd.Series[str]) -> tuple[CrossTab, ...]:
    """Every pair of the first slice columns, in file order."""
    columns = schema.names("slice")[:MOST_COLUMNS]
    if len(columns) < 2:
        return ()
    codes = {name: _codes(frame[name].fillna("").str.strip(), MOST_VALUES) for name in columns}
    named = _codes(labels, MOST_LABELS)
    return tuple(_cross(a, b, codes[a], codes[b], named) for a, b in combinations(columns, 2))


def _codes(cells: pd.Series[str], most: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Code of each cell among its most frequent values, -1 for the rest, and those values."""
    values = tuple(str(v) for v in cells[cells != ""].value_counts().index[:most])
    return pd.Index(values, dtype="str").get_indexer(pd.Index(cells)), values


def _cross(
    first: str, second: str, one: tuple[np.ndarray, tuple[str, ...]], two: tuple[np.ndarray, tuple[str, ...]],
    named: tuple[np.ndarray, tuple[str, ...]],
) -> CrossTab:  # fmt: skip
    (rows, rows_of), (columns, columns_of), (labels, labels_of) = one, two, named
    both = (rows >= 0) & (columns >= 0)
    shape = (len(rows_of), len(columns_of))
    cell = rows[both] * shape[1] + columns[both]
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    known = labels[both] >= 0
    flat = np.bincount(
        cell[known] * len(labels_of) + labels[both][known], minlength=counts.size * len(labels_of)
    )
    labelled = flat.reshape(*shape, len(labels_of))
    return CrossTab(
        first=first, second=second, first_values=rows_of, second_values=columns_of, labels=labels_of,
        counts=tuple(tuple(r) for r in counts.tolist()),
        labelled=tuple(tuple(tuple(c) for c in r) for r in labelled.tolist()), other=int((~both).sum()),
    )  # fmt: skip
