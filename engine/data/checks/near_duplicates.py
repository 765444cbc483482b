"""Rows whose text is nearly that of another: reposts, typing errors, one word changed.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

Ints = NDArray[np.int64]


class NearDuplicates:
    name, order, title = "near_duplicates", 60, N_("Nearly equal texts")
    task: str | None = "text-classification"
    stage: Stage = "deep"

    def run(self, table: TableView) -> Iterable[Found]:
        positions, groups = _beyond_copies(table, near_groups(table))
        if not len(positions):
            return
        ids, count = table.ids[positions], len(np.unique(groups))
        extra = len(positions) - count
        fixes = [Fix("dedupe", N_("Keep the first of each, drop {count}"), {"count": extra})]
        message = N_("Texts that are nearly equal: {count} rows in {inputs} {inputs:group|groups}, {extra} of which nearly {extra:repeats|repeat} an earlier one. Signs, accents, letter case, names (@) and addresses do not count.")  # fmt: skip
        straddling = _straddling(table, positions, groups)
        if straddling:
            message = N_("Texts that are nearly equal: {count} rows in {inputs} {inputs:group|groups}, {extra} of which nearly {extra:repeats|repeat} an earlier one. {straddling} {straddling:row|rows} for validation or test nearly {straddling:stands|stand} in train, which flatters scores.")  # fmt: skip
            fixes.append(Fix("regroup", N_("Divide anew and keep them together")))
        yield found(
            "near_duplicates", "warning", message, ids, groups=groups, fixes=fixes, inputs=count, extra=extra, straddling=straddling,
        )  # fmt: skip
        clash = _clashing(table.labels.to_numpy(dtype=object)[positions], groups)
        if clash.any():
            yield found(
                "near_conflicting_labels", "info", N_("Nearly equal texts with different labels: {inputs} {inputs:group|groups}, {count} rows. Some of them may be labelled wrongly; in others a single word makes the difference."),
                ids[clash], groups=groups[clash], inputs=len(np.unique(groups[clash])),
            )  # fmt: skip


def near_groups(table: TableView) -> Ints:
    """The group of nearly equal texts that each row is in, shape (rows,); worked out once for a table."""
    from engine.data.near_duplicates import near_duplicate_groups

    return table.once("near_groups", lambda view: near_duplicate_groups(view.inputs.tolist()))


def _beyond_copies(table: TableView, groups: Ints) -> tuple[Ints, Ints]:
    """Positions and groups of the rows whose group holds more than copies of one text; a group's rows stand together."""
    copies = table.copies
    kinds = np.arange(len(groups))
    first = copies.rows[np.unique(copies.codes, return_index=True)[1]] if copies.groups else copies.rows
    kinds[copies.rows] = first[copies.codes]
    different = np.unique(np.stack([groups, kinds], axis=1), axis=0)[:, 0]
    many = np.bincount(different, minlength=int(groups.max(initial=0)) + 1) > 1
    positions = np.flatnonzero(many[groups])
    positions = positions[np.argsort(groups[positions], kind="stable")]
    return positions.astype(np.int64), groups[positions]


def _straddling(table: TableView, positions: Ints, groups: Ints) -> int:
    """Rows that the data give to validation or test and that nearly stand in train."""
    from engine.prepare.split import GIVEN

    column = table.schema.first("split")
    if column is None:
        return 0
    parts = table.cells(column).str.lower().map(GIVEN).fillna(-1).to_numpy(dtype=np.int64)[positions]
    return int(np.isin(groups[parts > 0], groups[parts == 0]).sum())


def _clashing(labels: NDArray[np.object_], groups: Ints) -> NDArray[np.bool_]:
    """The rows of groups in which two labels stand."""
    given = np.flatnonzero(labels != "")
    pairs = sorted({(int(groups[row]), str(labels[row])) for row in given})
    seen, times = np.unique(np.array([group for group, _ in pairs], dtype=np.int64), return_counts=True)
    return np.isin(groups, seen[times > 1])


checks.register(NearDuplicates())
