"""What is different between two versions of a table: rows by their ids, cells, labels, and the roles of columns.

Stage 1 (data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Role, Schema

ChangeKind = Literal["added", "removed", "relabelled", "changed"]
CHANGES: tuple[ChangeKind, ...] = ("added", "removed", "relabelled", "changed")


@dataclass(frozen=True)
class RowChanges:
    """Row ids by what became of them, each row once.

    Args:
        added: rows that only the second version has.
        removed: rows that only the first has.
        relabelled: rows whose label differs, whatever else does.
        changed: rows with another difference in a column that both have.
        roles: columns with another role, as (name, before, after); a column that one version lacks has no role there.
    """

    added: NDArray[np.int64]
    removed: NDArray[np.int64]
    relabelled: NDArray[np.int64]
    changed: NDArray[np.int64]
    roles: tuple[tuple[str, Role | None, Role | None], ...]

    @property
    def empty(self) -> bool:
        """Whether the versions are the same."""
        return not (self.roles or any(len(getattr(self, kind)) for kind in CHANGES))


def changes_between(
    first: pd.DataFrame, first_schema: Schema, second: pd.DataFrame, second_schema: Schema
) -> RowChanges:
    """The changes from the first version to the second; both tables have their `row_id` column."""
    one = pd.Index(first[ROW_ID].to_numpy(dtype=np.int64))
    two = pd.Index(second[ROW_ID].to_numpy(dtype=np.int64))
    both = one.intersection(two, sort=True)
    before, after = first.iloc[one.get_indexer(both)], second.iloc[two.get_indexer(both)]
    labels = labels_of(before, first_schema).to_numpy(dtype=object)
    relabelled = labels != labels_of(after, second_schema).to_numpy(dtype=object)
    column = first_schema.first("label")
    changed = np.zeros(len(both), dtype=bool)
    for name in first.columns:
        if name not in (ROW_ID, column) and name in second.columns:
            old, new = before[name].fillna("").to_numpy(), after[name].fillna("").to_numpy()
            changed |= old != new
    return RowChanges(
        _ids(two.difference(one)), _ids(one.difference(two)), _ids(both[relabelled]), _ids(both[changed & ~relabelled]),
        _roles(first_schema, second_schema),
    )  # fmt: skip


def _ids(index: pd.Index) -> NDArray[np.int64]:
    return np.sort(index.to_numpy(dtype=np.int64))


def _roles(first: Schema, second: Schema) -> tuple[tuple[str, Role | None, Role | None], ...]:
    one: dict[str, Role] = {c.name: c.role for c in first.columns}
    two: dict[str, Role] = {c.name: c.role for c in second.columns}
    names = dict.fromkeys([*one, *two])
    return tuple((name, one.get(name), two.get(name)) for name in names if one.get(name) != two.get(name))
