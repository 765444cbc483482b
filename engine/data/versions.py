"""Dataset versions: a table checked against its roles, its digest, and its immutable Parquet file.

Stage 1 (data).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data import errors
from engine.data.findings import row_ids
from engine.data.labels import find_classes, label_obstacles, labels_of
from engine.data.schema import ROW_ID, Finding, Schema
from engine.modality import Modality

_GROUP_ROWS = 65_536
"""Rows of a row group: small enough that one page of rows is read quickly."""


def check_table(
    frame: pd.DataFrame, schema: Schema, modality: Modality
) -> tuple[Schema, tuple[Finding, ...]]:
    """The schema with its classes, and what keeps the table from being trained; the checks find the rest.

    Args:
        frame: text cells as a reader gives them, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.

    Raises:
        ColumnsMissing: a column of the schema is not in the table.
        TooManyClasses: more than `limits.MAX_CLASSES`.
        DataError: what the modality refuses (a text that is too long).
    """
    missing = [c.name for c in schema.columns if c.name not in frame.columns]
    if missing:
        raise errors.ColumnsMissing(columns=missing)
    labels = labels_of(frame, schema).set_axis(pd.Index(row_ids(frame)))
    classes = find_classes(labels, schema.first("label") or "")
    modality.validate(read_inputs(frame, schema, modality))
    obstacles = tuple(found.finding for found in label_obstacles(labels, schema))
    return schema.model_copy(update={"classes": classes}), obstacles


def read_inputs(frame: pd.DataFrame, schema: Schema, modality: Modality) -> pd.Series:
    """The model inputs of a table, indexed by row id."""
    inputs = modality.read(frame, schema)
    return inputs.set_axis(pd.Index(row_ids(frame), name=ROW_ID))


def table_digest(frame: pd.DataFrame, schema: Schema) -> str:
    """SHA-256 over roles, row ids and cells: the same file with the same roles gives the same digest.

    It does not depend on how the table is held in memory, nor on whether it has been stored already.
    """
    digest = hashlib.sha256(schema.model_dump_json(exclude={"classes"}).encode())
    digest.update(row_ids(frame).astype("<i8").tobytes())
    for column in schema.columns:
        chunks = _cells(frame[column.name]).chunks
        for cells in chunks:
            digest.update(np.asarray(pc.binary_length(cells)).astype("<i8").tobytes())
        for cells in chunks:
            _, offsets, data = cells.buffers()
            ends = np.frombuffer(offsets, dtype=np.int64)[[cells.offset, cells.offset + len(cells)]]
            digest.update(memoryview(data)[ends[0] : ends[1]] if data is not None else b"")
    return digest.hexdigest()


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table once, as Parquet with the int64 column `row_id` first; it is there whole or not at all."""
    import pyarrow.parquet as pq

    names = [name for name in frame.columns if name != ROW_ID]
    cells = [_cells(frame[name]) for name in names]
    table = pa.table([pa.array(row_ids(frame)), *cells], names=[ROW_ID, *names])
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            pq.write_table(table, file, compression="zstd", row_group_size=_GROUP_ROWS)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_stored(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A stored table with a range index: `row_id` first, then all columns or the named ones."""
    import pyarrow.parquet as pq

    wanted = None if columns is None else [ROW_ID, *(name for name in columns if name != ROW_ID)]
    frame: pd.DataFrame = pq.read_table(path, columns=wanted).to_pandas()
    return frame


def _cells(column: pd.Series) -> pa.ChunkedArray:
    """A column of text as Arrow holds it, without copying; missing cells are empty ones."""
    found = pa.array(column, type=pa.large_string())
    whole = found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
    return pc.fill_null(whole, "")
