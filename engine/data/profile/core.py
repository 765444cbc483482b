"""The figures of a table: rows, empty cells, copies, labels, lengths, slices. All of them exact, all of them at once.

Stage 1 (data).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from engine.data.checks.conflicting_labels import clashing
from engine.data.findings import Found
from engine.data.measures import measure
from engine.data.profile.columns import column_profiles, slice_profile, time_profile
from engine.data.profile.crosses import cross_tabs
from engine.data.profile.result import FORMAT, ClassCount, Conflicts, Profile, Repeats
from engine.data.table_view import TableView


def core_profile(table: TableView, found: Sequence[Found], start: float | None = None) -> Profile:
    """The profile without what `look_inside` adds; it says so by `complete`.

    Args:
        table: the table, with all that the checks have measured of it.
        found: what the core checks found.
        start: when the work began, on the clock of `time.perf_counter`; now by default.
    """
    start = time.perf_counter() if start is None else start
    schema, column = table.schema, table.schema.first("time")
    classes = _classes(table)
    clashing_rows, clashing_codes = clashing(table)
    return Profile(
        task=table.modality.name, rows=len(table.frame), labelled=sum(c.count for c in classes), classes=classes,
        majority_share=classes[0].share if classes else 0.0, sizes=measure(table.sizes.to_numpy(), table.modality.size_unit),
        columns=column_profiles(table), duplicates=_repeats(table),
        conflicts=Conflicts(groups=len(np.unique(clashing_codes)), rows=len(clashing_rows)),
        slices=tuple(slice_profile(table, name) for name in schema.names("slice")),
        crosses=cross_tabs(table.frame, schema, table.labels), time=time_profile(table, column) if column else None,
        split=_split(table), details={}, findings=tuple(one.finding for one in found),
        seconds=round(time.perf_counter() - start, 3), format=FORMAT, complete=False,
    )  # fmt: skip


def _classes(table: TableView) -> tuple[ClassCount, ...]:
    codes, total = table.label_codes[table.given], int(table.given.sum())
    if not total:
        return ()
    sizes = np.asarray(table.sizes)[table.given][np.argsort(codes, kind="stable")]
    by_class = np.split(sizes, np.cumsum(np.bincount(codes, minlength=len(table.classes)))[:-1])
    spread = [np.percentile(own, (5, 25, 50, 75, 95)).tolist() for own in by_class]
    return tuple(
        ClassCount(
            label=str(label), count=int(n), share=int(n) / total,
            size_p5=spread[place][0], size_p25=spread[place][1], size_median=spread[place][2], size_p75=spread[place][3],
            size_p95=spread[place][4],
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
