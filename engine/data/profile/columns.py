"""Columns one by one: missing and frequent values, slices against labels, dates, odd numbers.

Stage 1 (data).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.findings import finding, row_ids
from engine.data.profile.result import ColumnProfile, SliceProfile, TimeProfile
from engine.data.schema import Finding, Schema
from engine.errors import N_

TOP_VALUES, SLICE_VALUES, SLICE_LABELS, PERIODS = 10, 50, 30, 120
_VALUE_CHARS = 200
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_NO_NUMBER = r"^(?i:[+-]?(?:nan|inf|infinity)|#n/a|#div/0!)$"
_MOSTLY = 0.9


def column_profiles(frame: pd.DataFrame, schema: Schema) -> tuple[ColumnProfile, ...]:
    """Every column of the schema, cells stripped of surrounding white space."""
    found = []
    for column in schema.columns:
        cells = frame[column.name].fillna("").str.strip()
        tally = pc.value_counts(pa.array(cells, pa.large_string()))
        counts = np.asarray(tally.field("counts"))
        order = np.argsort(-counts, kind="stable")[: TOP_VALUES + 1]  # equal counts: as they come in the file
        values = tally.field("values").take(pa.array(order)).to_pylist()
        top = [
            (value[:_VALUE_CHARS], int(n)) for value, n in zip(values, counts[order], strict=True) if value
        ]
        missing = int((cells == "").sum())
        found.append(
            ColumnProfile(
                name=column.name, role=column.role, missing=missing, distinct=len(counts) - (missing > 0),
                top=tuple(top[:TOP_VALUES]),
            )
        )  # fmt: skip
    return tuple(found)


def slice_profile(frame: pd.DataFrame, column: str, labels: pd.Series[str]) -> SliceProfile:
    """The values of a slice column against the labels."""
    cells = frame[column].fillna("").str.strip()
    counts = cells[cells != ""].value_counts()
    values = [str(value) for value in counts.index[:SLICE_VALUES]]
    names = [str(label) for label in labels[labels != ""].value_counts().index[:SLICE_LABELS]]
    rows = pd.Index(values, dtype="str").get_indexer(pd.Index(cells))
    columns = pd.Index(names, dtype="str").get_indexer(pd.Index(labels))
    both = (rows >= 0) & (columns >= 0)
    table = np.bincount(rows[both] * len(names) + columns[both], minlength=len(values) * len(names))
    return SliceProfile(
        column=column, values=tuple(values), counts=tuple(int(c) for c in counts.iloc[:SLICE_VALUES]),
        labels=tuple(names), table=tuple(tuple(r) for r in table.reshape(len(values), len(names)).tolist()),
        other=int(counts.iloc[SLICE_VALUES:].sum()), missing=int((cells == "").sum()),
    )  # fmt: skip


def time_profile(frame: pd.DataFrame, column: str) -> tuple[TimeProfile, list[Finding]]:
    """The days of a time column. Only dates that begin with the year are read: 03/04 is two different days to two people."""
    cells = frame[column].fillna("").str.strip()
    plain = cells.str.replace(r"[年月/.](\d)", r"-\1", regex=True).str.replace("[日月年]", "", regex=True)
    plain = plain.str.replace(r"-(\d)\b", r"-0\1", regex=True)
    stamps = pd.to_datetime(
        plain.where(plain.str.match(r"^\d{4}(?:-\d{2}|$)"), ""), format="ISO8601", errors="coerce", utc=True
    )
    days = stamps.dropna()
    unreadable = stamps.isna().to_numpy() & (cells != "").to_numpy()
    findings = []
    if unreadable.any():
        message = N_(
            "Dates in the column “{column}” that cannot be read: {count}. Write them as year-month-day."
        )
        findings.append(
            finding("unreadable_dates", "info", message, row_ids(frame)[unreadable], column=column)
        )
    periods = days.dt.strftime("%Y-%m").value_counts().sort_index()
    if len(periods) > PERIODS:
        periods = days.dt.strftime("%Y").value_counts().sort_index()
    first, last = (
        (days.min().date().isoformat(), days.max().date().isoformat()) if len(days) else (None, None)
    )
    profile = TimeProfile(
        column=column, first=first, last=last, readable=len(days), unreadable=int(unreadable.sum()),
        periods={str(period): int(count) for period, count in periods.items()},
    )  # fmt: skip
    return profile, findings


def odd_cells(frame: pd.DataFrame, schema: Schema) -> list[Finding]:
    """Slice and group cells that are missing, and cells that say "not a number" where the others are numbers."""
    findings, ids = [], row_ids(frame)
    for column in (*schema.names("slice"), *schema.names("group")):
        cells = frame[column].fillna("").str.strip()
        empty = (cells == "").to_numpy()
        if empty.any():
            message = N_("Empty cells in the column “{column}”: {count}.")
            findings.append(finding("missing_values", "info", message, ids[empty], column=column))
        odd = cells.str.match(_NO_NUMBER).to_numpy(dtype=bool)
        numbers = int(cells.str.match(_NUMBER).sum())
        if odd.any() and numbers >= _MOSTLY * (len(cells) - int(empty.sum()) - int(odd.sum())) and numbers:
            message = N_(
                "Cells in the numeric column “{column}” that are no number (NaN, infinite): {count}."
            )
            findings.append(finding("not_a_number", "warning", message, ids[odd], column=column))
    return findings
