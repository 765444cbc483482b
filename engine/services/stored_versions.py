"""Versions as they are stored: which there are, their schema, and their rows, whole or a page at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from engine.data.schema import Schema
from engine.data.versions import read_stored
from engine.errors import NotFound
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.tables import dataset_version


def exists(scope: Scope, version_id: str) -> bool:
    """Whether the owner has this version."""
    try:
        scope.row(dataset_version, version_id, "dataset version")
    except NotFound:
        return False
    return True


def latest(scope: Scope, project_id: str) -> str | None:
    """Id of the newest version of a project."""
    with read(scope.engine) as connection:
        return connection.execute(
            select(dataset_version.c.id)
            .where(dataset_version.c.project_id == project_id, dataset_version.c.owner == scope.owner)
            .order_by(dataset_version.c.created.desc(), dataset_version.c.id)
            .limit(1)
        ).scalar_one_or_none()


def schema_of(row: Any) -> Schema:
    """The schema of a version's row."""
    return Schema.model_validate(row.schema)


def load_table(scope: Scope, version_id: str) -> tuple[pd.DataFrame, Schema]:
    """The whole stored table, its bytes checked against their digest, and its schema. For jobs only."""
    row = scope.row(dataset_version, version_id, "dataset version")
    artifacts.verify(row.artifact)
    return read_stored(artifacts.path(row.artifact)), schema_of(row)


@lru_cache(maxsize=4)
def _parquet(path: str) -> pq.ParquetFile:
    return pq.ParquetFile(path, memory_map=True)


def page_of_rows(path: str, offset: int, limit: int) -> pd.DataFrame:
    """Rows `offset` to `offset + limit`, reading only the row groups that hold them."""
    file, seen, pieces = _parquet(path), 0, []
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        if seen < offset + limit and seen + size > offset:
            pieces.append(file.read_row_group(group).slice(max(offset - seen, 0), limit))
        seen += size
    whole = pa.concat_tables(pieces) if pieces else file.schema_arrow.empty_table()
    page: pd.DataFrame = whole.slice(0, limit).to_pandas()
    return page
