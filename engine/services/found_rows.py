"""All rows that findings are about: one Parquet file a stage and version, named in the row of the result "found".

A finding quotes a thousand rows; drops, relabels and pages take the whole list from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.data.checks import Stage
from engine.data.findings import Found, handle, read_finding
from engine.data.schema import Finding
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id

FOUND, ASIDE = "found", "aside"
"""Kinds of results that belong to findings: rows under "<version>:<stage>", what was set aside under "<version>"."""
_STAGES: tuple[Stage, ...] = ("core", "content", "deep")


@dataclass(frozen=True, eq=False)
class FoundRows:
    """All rows of one finding, as `Found` holds them; `suggested` is "" and `scores` NaN where a row has none.

    Equal to itself alone, so that what is worked out of a million rows can be kept by it.

    Args:
        rows: row ids, shape (n,), best looked at in this order.
        groups: rows with an equal number belong together, shape (n,); None without groups.
        suggested: the label each row should probably have, length n; None without suggestions.
        scores: how sure the check is of each row, shape (n,); None where it is certain.
    """

    rows: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None
    suggested: tuple[str, ...] | None = None
    scores: NDArray[np.float64] | None = None


def keep(scope: Scope, version_id: str, found: Sequence[Found], stage: Stage = "core") -> None:
    """Store all rows of the findings of a stage, in place of those stored before."""
    said = (
        [asdict(one.finding) for one in found] if stage == "deep" else []
    )  # the others stand in the profile
    digest = _written(found)
    scope.cache(FOUND, f"{version_id}:{stage}", {"findings": said, "rows": digest})


def rows_of(scope: Scope, version_id: str, name: str) -> FoundRows | None:
    """All rows of the finding with the handle `name`, or of all findings with the code `name` one after the other.

    None where no check stored rows under that name. The caller has made sure that the version is the owner's.
    """
    for stage in _STAGES:
        stored = scope.cached(FOUND, f"{version_id}:{stage}")
        if stored is not None and (rows := _read(str(artifacts.path(stored["rows"])), name)) is not None:
            return rows
    return None


def findings_of(scope: Scope, version_id: str) -> tuple[Finding, ...]:
    """What reading said, what the profile found, and what the deep checks found, as far as they ran."""
    row = scope.row(dataset_version, version_id, "dataset version")
    notes = [read_finding(stored) for stored in row.findings]
    profile = scope.cached("profile", version_id)
    stored = [] if profile is None else [read_finding(one) for one in profile["findings"]]
    deep = scope.cached(FOUND, f"{version_id}:deep")
    stored += [] if deep is None else [read_finding(one) for one in deep["findings"]]
    known = {handle(one) for one in stored}
    return (*(note for note in notes if handle(note) not in known), *stored)


def _written(found: Sequence[Found]) -> str:
    """Digest of the file with all rows: one row group a finding, so that one of them is read without the others."""
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        with pq.ParquetWriter(target, _COLUMNS, compression="zstd") as writer:
            groups = 0
            for one in found:
                if len(one.rows):
                    writer.write_table(_table(one, groups), row_group_size=len(one.rows))
                    groups += 1 + (0 if one.groups is None else int(one.groups.max()))
        return artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)


_COLUMNS = pa.schema(
    [("finding", pa.string()), ("code", pa.string()), ("row", pa.int64()), ("group", pa.int64()), ("suggested", pa.string()), ("score", pa.float64())]
)  # fmt: skip


def _table(one: Found, first: int) -> pa.Table:
    """The rows of a finding; its groups are counted from `first`, so that no two findings have one in common."""
    n = len(one.rows)
    columns = [
        pa.repeat(pa.scalar(handle(one.finding), pa.string()), n), pa.repeat(pa.scalar(one.finding.code, pa.string()), n),
        pa.array(one.rows, pa.int64()),
        pa.nulls(n, pa.int64()) if one.groups is None else pa.array(one.groups + first, pa.int64()),
        pa.nulls(n, pa.string()) if one.suggested is None else pa.array(list(one.suggested), pa.string()),
        pa.nulls(n, pa.float64()) if one.scores is None else pa.array(one.scores, pa.float64()),
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=_COLUMNS)


@lru_cache(maxsize=2)  # a million rows are some 30 MB
def _read(path: str, name: str) -> FoundRows | None:
    for column in ("finding", "code"):
        table = pq.read_table(path, filters=[(column, "==", name)])
        if len(table):
            return FoundRows(
                table["row"].to_numpy(),
                None if table["group"].null_count else table["group"].to_numpy(),
                None
                if table["suggested"].null_count == len(table)
                else tuple(pc.fill_null(table["suggested"], "").to_pylist()),
                None if table["score"].null_count == len(table) else table["score"].to_numpy(),
            )
    return None
