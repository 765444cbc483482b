"""Edits of a dataset version's rows: what a person drops, relabels, adds, or reads in another role. Each makes a child version.

Stage 1 (data). Edits belong to the lineage: they are made once and never replayed by a recipe. Row ids are kept for ever
and never given twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Schema

SEALED = "test"
"""The part whose rows an edit leaves alone unless it is told otherwise."""

_KEPT_FIRST = ("test", "validation", "train")
"""Of copies in several parts the one in the part that must not change stays."""


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Drop(_Edit):
    """Remove these rows."""

    kind: Literal["drop"] = "drop"
    rows: tuple[int, ...]


class Relabel(_Edit):
    """Give each of these rows its label; "" takes the label off."""

    kind: Literal["relabel"] = "relabel"
    labels: Mapping[int, str]


class DropFound(_Edit):
    """Remove the rows of a finding, all or those named."""

    kind: Literal["drop_found"] = "drop_found"
    code: str
    rows: tuple[int, ...] | None = None


class DedupeFound(_Edit):
    """Of each group of a finding keep one row: one of the test part, else of validation, else the first."""

    kind: Literal["dedupe_found"] = "dedupe_found"
    code: str


class RelabelFound(_Edit):
    """Give the rows of a finding, all or those named, the labels that it suggests."""

    kind: Literal["relabel_found"] = "relabel_found"
    code: str
    rows: tuple[int, ...] | None = None


class Filter(_Edit):
    """Remove the rows that a row filter names."""

    kind: Literal["filter"] = "filter"
    name: str
    params: Mapping[str, Any] = Field(default_factory=dict)


class ChangeRoles(_Edit):
    """Read the same table with other column roles, by column name."""

    kind: Literal["roles"] = "roles"
    roles: Mapping[str, str]


class Append(_Edit):
    """Add the rows of a staged upload, read as `options` say (`ReadOptions`)."""

    kind: Literal["append"] = "append"
    upload: str
    options: Mapping[str, Any] = Field(default_factory=dict)


Edit = Annotated[
    Drop | Relabel | DropFound | DedupeFound | RelabelFound | Filter | ChangeRoles | Append,
    Field(discriminator="kind"),
]


@dataclass
class Asked:
    """What edits come to, row by row: ids to remove, labels by id, and rows to add in the table's columns (without ids)."""

    removed: set[int] = field(default_factory=set)
    labels: dict[int, str] = field(default_factory=dict)
    added: pd.DataFrame | None = None


@dataclass(frozen=True)
class Edited:
    """The child's table, and what became of the rows.

    Args:
        table: rows keep their ids and their order; added ones follow.
        removed: ids that went.
        relabelled: former label of each row that has another one now, by id.
        added: ids of new rows.
        kept: ids of rows of the sealed part that would have changed and did not.
        test_changed: rows of the sealed part that did change.
    """

    table: pd.DataFrame
    removed: tuple[int, ...]
    relabelled: Mapping[int, str]
    added: tuple[int, ...]
    kept: tuple[int, ...]
    test_changed: int

    @property
    def empty(self) -> bool:
        """Whether the table is its parent's."""
        return not (self.removed or self.relabelled or self.added)


def apply_edits(
    frame: pd.DataFrame, schema: Schema, asked: Asked, parts: pd.Series[str] | None, first_free: int, *, include_test: bool
) -> Edited:  # fmt: skip
    """The table with what was asked for.

    Args:
        frame: the parent's table with its `row_id` column.
        schema: of the parent.
        asked: rows that are not in the table are passed over, and so are labels that a row has already.
        parts: the part of each row by id; None where nothing is divided, and so nothing sealed.
        first_free: id of the first added row: above all that the lineage ever had.
        include_test: whether rows of the sealed part change too.
    """
    ids = frame[ROW_ID].to_numpy(dtype=np.int64)
    sealed = np.zeros(len(ids), dtype=bool)
    if parts is not None:
        sealed = (parts.reindex(ids) == SEALED).to_numpy()
    gone = np.isin(ids, np.fromiter(asked.removed, dtype=np.int64, count=len(asked.removed)))
    before = labels_of(frame, schema).to_numpy(dtype=object)
    wanted = np.array(
        [asked.labels.get(int(i), old) for i, old in zip(ids, before, strict=True)], dtype=object
    )
    other = (wanted != before) & ~gone
    kept = (gone | other) & sealed & (not include_test)
    gone, other = gone & ~kept, other & ~kept
    table, column = frame, schema.first("label")
    if other.any() and column is not None:
        cells = table[column].copy()
        cells.iloc[np.flatnonzero(other)] = wanted[other]
        table = table.assign(**{column: cells})
    table = table.loc[~gone]
    added: tuple[int, ...] = ()
    if asked.added is not None and len(asked.added):
        added = tuple(range(first_free, first_free + len(asked.added)))
        new = asked.added.assign(**{ROW_ID: np.array(added, dtype=np.int64)})[list(frame.columns)]
        table = pd.concat([table, new.astype(frame.dtypes.to_dict())])
    return Edited(
        table.reset_index(drop=True), tuple(ids[gone].tolist()),
        dict(zip(ids[other].tolist(), before[other].tolist(), strict=True)), added, tuple(ids[kept].tolist()),
        int(((gone | other) & sealed).sum()),
    )  # fmt: skip


def later_copies(
    rows: NDArray[np.int64], groups: NDArray[np.int64], parts: pd.Series[str] | None
) -> NDArray[np.int64]:
    """Of each group all rows but the one that stays.

    Args:
        rows: row ids, shape (n,).
        groups: their groups, shape (n,).
        parts: the part of each row by id; None where nothing is divided.
    """
    rank = np.zeros(len(rows), dtype=np.uint8)
    if parts is not None:
        rank = _ranks(rows, parts)
    # by bytes a stable sort takes a tenth of what it takes by two keys
    in_order = bool(np.all(rows[1:] >= rows[:-1]))
    best = np.argsort(rank, kind="stable") if in_order else np.lexsort((rows, rank))
    later = np.zeros(len(rows), dtype=bool)
    later[best[pd.Series(groups[best]).duplicated().to_numpy()]] = True
    return rows[later] if in_order else np.sort(rows[later])


def _ranks(rows: NDArray[np.int64], parts: pd.Series[str]) -> NDArray[np.uint8]:
    """For each row the place of its part in `_KEPT_FIRST`; behind all of them where it has none."""
    rank = np.full(len(rows), len(_KEPT_FIRST), dtype=np.uint8)
    ids = parts.index.to_numpy()
    if not len(ids):
        return rank
    if parts.index.is_monotonic_increasing:
        at = np.minimum(np.searchsorted(ids, rows), len(ids) - 1)
        known = ids[at] == rows
    else:
        at = parts.index.get_indexer(pd.Index(rows))
        known = at >= 0
    own = parts.iloc[at]
    for place, part in enumerate(_KEPT_FIRST):
        rank[known & (own == part).to_numpy(dtype=bool)] = place
    return rank


def aligned(added: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Rows to add in the columns of a table: what they lack is empty; also the names they lack, and those left out."""
    names = [name for name in columns if name != ROW_ID]
    lacking = [name for name in names if name not in added.columns]
    extra = [name for name in added.columns if name not in names and name != ROW_ID]
    return added.reindex(columns=names, fill_value="").fillna(""), lacking, extra
