"""What is in a dataset version, in numbers and findings.

Stage 1 (data). Runs in a job; a page reads the stored result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from engine.data.checks import run_checks
from engine.data.checks.conflicting_labels import clashing
from engine.data.findings import Found
from engine.data.measures import Histogram, Measure, measure
from engine.data.profile.columns import column_profiles, slice_profile, time_profile
from engine.data.profile.crosses import CrossTab, cross_tabs
from engine.data.profile.result import (
    FORMAT,
    ClassCount,
    ColumnProfile,
    Conflicts,
    Profile,
    Repeats,
    SliceProfile,
    TimeProfile,
)
from engine.data.schema import Schema
from engine.data.table_view import TableView
from engine.modality import Modality

__all__ = [
    "FORMAT", "ClassCount", "ColumnProfile", "Conflicts", "CrossTab", "Histogram", "Measure", "Profile", "Repeats", "SliceProfile",
    "TimeProfile", "profile_table", "profile_view",
]  # fmt: skip


def profile_table(
    frame: pd.DataFrame, schema: Schema, modality: Modality, report: Callable[[float], None] | None = None
) -> Profile:
    """Check and profile a table: `run_checks` and `profile_view` in one, for whoever needs no more rows than findings quote.

    Args:
        frame: text cells, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.
        report: called with the share done, 0 to 1.

    Raises:
        DataError: what the modality refuses.
    """
    start, tell = time.perf_counter(), report or (lambda share: None)
    table = TableView(frame, schema, modality)
    modality.validate(table.inputs)
    found = run_checks(table, "core", lambda share: tell(share / 2))
    return profile_view(table, found, lambda share: tell(0.5 + share / 2), start)


def profile_view(
    table: TableView, found: Sequence[Found], report: Callable[[float], None] | None = None, start: float | None = None
) -> Profile:  # fmt: skip
    """Profile a table whose core checks have run.

    Args:
        table: the table, with all that the checks have measured of it.
        found: what they found.
        report: called with the share done, 0 to 1.
        start: when the work began, on the clock of `time.perf_counter`; now by default.
    """
    start, tell = time.perf_counter() if start is None else start, report or (lambda share: None)
    schema, column = table.schema, table.schema.first("time")
    columns = column_profiles(table)
    slices = tuple(slice_profile(table, name) for name in schema.names("slice"))
    days = time_profile(table, column) if column else None
    tell(0.5)
    details = table.modality.describe(table.inputs)
    tell(0.8)
    worded = getattr(table.modality, "wording", None)
    words = (
        worded(
            table.inputs,
            table.labels.tolist(),
            list(map(str, table.classes.index)),
            {name: table.cells(name) for name in schema.names("slice")},
        )
        if worded
        else None
    )
    tell(1.0)
    classes = _classes(table)
    clashing_rows, clashing_codes = clashing(table)
    return Profile(
        task=table.modality.name, rows=len(table.frame), labelled=sum(c.count for c in classes), classes=classes,
        majority_share=classes[0].share if classes else 0.0, sizes=measure(table.sizes.to_numpy(), table.modality.size_unit),
        columns=columns, duplicates=_repeats(table),
        conflicts=Conflicts(groups=len(np.unique(clashing_codes)), rows=len(clashing_rows)), slices=slices,
        crosses=cross_tabs(table.frame, schema, table.labels), time=days,
        split=_split(table), details=dict(details), wording=words, findings=tuple(one.finding for one in found),
        seconds=round(time.perf_counter() - start, 3), format=FORMAT,
    )  # fmt: skip


def _classes(table: TableView) -> tuple[ClassCount, ...]:
    codes, total = table.label_codes[table.given], int(table.given.sum())
    if not total:
        return ()
    sizes = np.asarray(table.sizes)[table.given][np.argsort(codes, kind="stable")]
    by_class = np.split(sizes, np.cumsum(np.bincount(codes, minlength=len(table.classes)))[:-1])
    spread = [np.percentile(own, (5, 50, 95)).tolist() for own in by_class]
    return tuple(
        ClassCount(
            label=str(label), count=int(n), share=int(n) / total,
            size_p5=spread[place][0], size_median=spread[place][1], size_p95=spread[place][2],
        )
        for place, (label, n) in enumerate(table.classes.items())
    )  # fmt: skip


def _repeats(table: TableView) -> Repeats:
    copies = table.copies
    return Repeats(groups=copies.groups, rows=len(copies.rows), extra=int(copies.later.sum()))


def _split(table: TableView) -> dict[str, int]:
    column = table.schema.first("split")
    if column is None:
        return {}
    counts = table.cells(column).value_counts().head(50)
    return {str(value): int(count) for value, count in counts.items()}
