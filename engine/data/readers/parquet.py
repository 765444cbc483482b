"""Parquet: typed columns become text, batch by batch.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data import errors, limits
from engine.data.readers.cells import as_text
from engine.data.readers.table import TableBuilder, column_names

_BATCH = 8_192


@contextmanager
def open_parquet(path: Path, name: str) -> Iterator[Any]:
    """The Parquet file; what pyarrow cannot read becomes `ParquetDamaged`."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=True, buffer_size=1 << 16, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as problem:
        raise errors.ParquetDamaged(name=name) from problem


def parquet_columns(file: Any) -> list[str]:
    """Names of the columns in file order."""
    return list(file.schema_arrow.names)


def first_rows(file: Any, count: int) -> list[list[str]]:
    """The first rows as text cells."""
    batch = next(file.iter_batches(batch_size=count), None)
    columns = (
        []
        if batch is None
        else [_as_text(c, n, 0).to_pylist() for c, n in zip(batch.columns, batch.schema.names, strict=True)]
    )
    return [list(row) for row in zip(*columns, strict=True)]


def read_parquet(
    file: Any, *, rename: Sequence[str] | None, report: Callable[[float], None] | None = None
) -> TableBuilder:
    """All rows as text cells.

    Raises:
        NoRows, TooManyRows, TableTooLarge, BinaryColumn, and what `column_names` raises.
    """
    found = parquet_columns(file)
    names = column_names(found, rename)
    rows = file.metadata.num_rows
    if rows > limits.MAX_ROWS:
        raise errors.TooManyRows(limit=limits.MAX_ROWS)
    if not rows or not names:
        raise errors.NoRows(columns=", ".join(names))
    table = TableBuilder(names)
    for batch in file.iter_batches(batch_size=_BATCH):
        table.add_columns([_as_text(c, n, table.rows) for c, n in zip(batch.columns, names, strict=True)])
        if report:
            report(table.rows / rows)
    return table


def _as_text(column: Any, name: str, before: int) -> Any:
    """A column as `large_string` without nulls; `before` rows came earlier."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.large_string()), "")
    if pa.types.is_null(kind):
        return pa.repeat(pa.scalar("", pa.large_string()), len(column))
    values = column.to_pylist()
    for position, value in enumerate(values):
        if isinstance(value, bytes):
            try:
                values[position] = value.decode()
            except UnicodeDecodeError:
                raise errors.BinaryColumn(column=name, row=before + position + 1) from None
    return pa.array([as_text(value) for value in values], pa.large_string())
