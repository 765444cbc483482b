"""Columns one by one: missing and frequent values, slices against labels, dates.

Stage 1 (data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.measures import Histogram, measure
from engine.data.profile.periods import period_counts
from engine.data.profile.result import ColumnProfile, SliceProfile, TimeProfile
from engine.data.repeats import maybe_repeated
from engine.data.table_view import TableView
from engine.data.times import read_times
from engine.data.types import TypeKind, draft_types

TOP_VALUES, SLICE_VALUES, SLICE_LABELS = 10, 50, 30
_VALUE_CHARS = 200
_LARGE = 100_000_000
"""Bytes of a column from which memory matters more than a second."""
_TYPED, _SEED, _BARS = 2_000, 0, 12
"""Cells of which a column's type is drafted and its histogram drawn, the seed of their sample, and the bars."""


def column_profiles(table: TableView) -> tuple[ColumnProfile, ...]:
    """Every column of the schema, cells stripped of surrounding white space."""
    found = []
    rows = len(table.frame)  # one sample for all columns: there may be a thousand
    chosen = np.sort(np.random.default_rng(_SEED).choice(rows, min(_TYPED, rows), replace=False))
    for column in table.schema.columns:
        cells = table.cells(column.name)
        distinct, tally = _tally(cells)
        top = [(value[:_VALUE_CHARS], n) for value, n in tally if value]
        missing = int((cells == "").sum())
        looks = _looks(cells.iloc[chosen])
        found.append(
            ColumnProfile(
                name=column.name, role=column.role, missing=missing, distinct=distinct - (missing > 0),
                top=tuple(top[:TOP_VALUES]), sampled=len(chosen), **looks,
            )
        )  # fmt: skip
    return tuple(found)


def _tally(cells: pd.Series[str]) -> tuple[int, list[tuple[str, int]]]:
    """How many different cells there are, and the most frequent ones; of equally frequent ones those that come first."""
    alone = np.zeros(0, dtype=np.int64)
    looked = cells
    if (
        cells.array.nbytes > _LARGE
    ):  # nearly all of them different texts: only those that repeat are held twice
        rows = maybe_repeated(cells)
        single = np.ones(len(cells), dtype=bool)
        single[rows] = False
        alone, looked = np.flatnonzero(single), cells.iloc[rows]
    tally = pc.value_counts(pa.array(looked, pa.large_string()))
    counts = np.asarray(tally.field("counts"))
    order = np.argsort(-counts, kind="stable")[: TOP_VALUES + 1]
    values = tally.field("values").take(pa.array(order)).to_pylist()
    first = cells.iloc[alone[: TOP_VALUES + 1]].tolist()
    found = [*zip(values, counts[order].tolist(), strict=True), *((value, 1) for value in first)]
    return len(counts) + len(alone), found[: TOP_VALUES + 1]


def _looks(cells: pd.Series[str]) -> dict[str, Any]:
    """The draft type of cells and how numbers, dates or lengths of texts are spread; cells that fit not are left out of it."""
    kind: TypeKind = draft_types(cells.to_frame())[0].kind
    if kind == "number":
        return {"type": kind, "histogram": _numbers(cells)}
    if kind == "date":
        unit, periods = period_counts(read_times(cells).dropna())
        return {"type": kind, "unit": unit, "periods": periods}
    if kind == "text":
        sizes = cells[cells != ""].str.len().to_numpy(dtype=np.int64)
        return {"type": kind, "lengths": measure(sizes, "").histogram if len(sizes) else None}
    return {"type": kind}


def _numbers(cells: pd.Series[str]) -> Histogram | None:
    plain = cells.str.replace(",", "", regex=False).str.rstrip("% ").str.replace("−", "-", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64)
    numbers = numbers[np.abs(numbers) < 1e300]
    if not len(numbers) or numbers.min() == numbers.max():
        return None
    counts, edges = np.histogram(numbers, bins=_BARS)
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


def slice_profile(table: TableView, column: str) -> SliceProfile:
    """The values of a slice column against the labels."""
    cells, labels = table.cells(column), table.labels
    counts = cells[cells != ""].value_counts()
    values = [str(value) for value in counts.index[:SLICE_VALUES]]
    names = [str(label) for label in labels[labels != ""].value_counts().index[:SLICE_LABELS]]
    rows = pd.Index(values, dtype="str").get_indexer(pd.Index(cells))
    columns = pd.Index(names, dtype="str").get_indexer(pd.Index(labels))
    both = (rows >= 0) & (columns >= 0)
    crossed = np.bincount(rows[both] * len(names) + columns[both], minlength=len(values) * len(names))
    return SliceProfile(
        column=column, values=tuple(values), counts=tuple(int(c) for c in counts.iloc[:SLICE_VALUES]),
        labels=tuple(names), table=tuple(tuple(r) for r in crossed.reshape(len(values), len(names)).tolist()),
        other=int(counts.iloc[SLICE_VALUES:].sum()), missing=int((cells == "").sum()),
    )  # fmt: skip


def time_profile(table: TableView, column: str) -> TimeProfile:
    """The days of the time column."""
    given = (table.cells(column) != "").to_numpy()
    days = table.times.dropna()
    unreadable = table.times.isna().to_numpy() & given
    unit, periods = period_counts(days)
    first, last = (
        (days.min().date().isoformat(), days.max().date().isoformat()) if len(days) else (None, None)
    )
    return TimeProfile(
        column=column, first=first, last=last, readable=len(days), unreadable=int(unreadable.sum()),
        periods=periods, unit=unit,
    )  # fmt: skip
