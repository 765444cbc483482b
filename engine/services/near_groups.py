"""The near-duplicate groups of a version: looked for once, by the deep checks or by whoever needs them first, then kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from engine.data.schema import ROW_ID
from engine.modality import Modality
from engine.models.family import IntArray
from engine.services import findings
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.home import folder
from engine.storage.tables import new_id

CODE = "near_duplicates"
"""Code of the finding whose groups these are."""
READ_CHARS = 20_000


def found_some(scope: Scope, version_id: str) -> bool:
    """Whether somebody looked for near-duplicates in a version and found some."""
    kept = scope.cached(findings.FOUND, _key(version_id))
    if kept is not None:
        return bool(kept["groups"])
    rows = findings.rows_of(scope, version_id, CODE)
    return rows is not None and len(rows.rows) > 0


def looked(scope: Scope, version_id: str) -> bool:
    """Whether the near-duplicate groups of a version are known."""
    if scope.cached(findings.FOUND, _key(version_id)) is not None:
        return True
    rows = findings.rows_of(scope, version_id, CODE)
    return rows is not None and rows.groups is not None


def known_groups(scope: Scope, version_id: str, frame: pd.DataFrame) -> IntArray | None:
    """The near-duplicate group of each row of the version's table; None where nobody looked for them yet."""
    kept = scope.cached(findings.FOUND, _key(version_id))
    if kept is not None:
        artifacts.verify(kept["rows"])
        stored = pd.read_parquet(artifacts.path(kept["rows"])).set_index(ROW_ID)["group"]
        return stored.reindex(frame[ROW_ID]).to_numpy(dtype=np.int64)
    rows = findings.rows_of(scope, version_id, CODE)
    if rows is None or rows.groups is None:
        return None
    own = pd.Series(rows.groups, index=rows.rows)
    own = own[~own.index.duplicated()].reindex(frame[ROW_ID])
    alone = own.isna().to_numpy()
    groups = own.fillna(-1).to_numpy(dtype=np.int64, copy=True)
    groups[alone] = groups.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return groups


def sure_groups(
    scope: Scope, version_id: str, frame: pd.DataFrame, inputs: pd.Series, modality: Modality, report: Callable[..., Any]
) -> IntArray:  # fmt: skip
    """As `known_groups`, looked for and kept if nobody did; for jobs only.

    Args:
        frame: the version's table.
        inputs: its model inputs, in the order of `frame`.
        modality: of the version's task; inputs are compared as it shows them.
        report: of the job: `report("phase", name=...)`, `report("progress", fraction=...)`.
    """
    known = known_groups(scope, version_id, frame)
    if known is not None:
        return known
    from engine.data.near_duplicates import near_duplicate_groups

    report("phase", name="finding_copies")
    texts = [modality.show(value, READ_CHARS) for value in inputs]
    groups = near_duplicate_groups(texts, progress=lambda share: report("progress", fraction=share))
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        pd.DataFrame({ROW_ID: frame[ROW_ID].to_numpy(), "group": groups}).to_parquet(target, index=False)
        digest = artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)
    several = int((np.bincount(groups) > 1).sum()) if len(groups) else 0
    scope.cache(findings.FOUND, _key(version_id), {"findings": [], "rows": digest, "groups": several})
    return groups


def _key(version_id: str) -> str:
    return f"{version_id}:near"
