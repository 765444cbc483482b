"""How much of each slice repeats or nearly repeats another row, once the deep checks know which rows do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.data.schema import ROW_ID, Schema
from engine.data.versions import read_stored
from engine.services.found_rows import FOUND, rows_of
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.tables import dataset_version

_REPEATING = ("duplicates", "near_duplicates")
"""Findings whose rows equal or nearly equal another one."""


def near_rates(scope: Scope, version_id: str) -> Mapping[tuple[str, str], float] | None:
    """The share of rows that equal or nearly equal another row anywhere, by slice column and value.

    Exact, over all rows. None until the deep checks ran.
    """
    row = scope.row(dataset_version, version_id, "dataset version")
    if scope.cached(FOUND, f"{version_id}:deep") is None:
        return None
    schema = Schema.model_validate(row.schema)
    columns = schema.names("slice")
    found = [rows_of(scope, version_id, name) for name in _REPEATING]
    ids = np.unique(
        np.concatenate([np.empty(0, dtype=np.int64), *(one.rows for one in found if one is not None)])
    )
    frame = read_stored(artifacts.path(row.artifact), columns)
    repeats = np.isin(frame[ROW_ID].to_numpy(), ids)
    rates: dict[tuple[str, str], float] = {}
    for column in columns:
        cells = frame[column].fillna("").str.strip().to_numpy(dtype=object)
        values, codes = np.unique(cells, return_inverse=True)
        shares = np.bincount(codes, weights=repeats) / np.bincount(codes)
        rates |= {
            (column, str(value)): float(share) for value, share in zip(values, shares, strict=True) if value
        }
    return rates
