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
from engine.data.readers.table import TableBuilder, check_width, column_names

_BATCH = 1_024


@contextmanager
def open_parquet(path: Path, name: str) -> Iterator[Any]:
    """The Parquet file; what pyarrow cannot read becomes `ParquetDamaged`."""
    import pyarrow.parquet as pq

    how: dict[str, Any] = {"memory_map": True, "buffer_size": 1 << 16, "pre_buffer": False}
    try:
        with pq.ParquetFile(path, **how) as file:
            check_width(file.metadata.num_columns)
            columns = (file.schema.column(i) for i in range(file.metadata.num_columns))
            texts = [c.path for c in columns if c.physical_type == "BYTE_ARRAY"]
            unpacked = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
        if unpacked > limits.MAX_UNPACKED:
            raise errors.TableTooLarge(limit=f"{limits.MAX_UNPACKED // 1024**3} GiB")
        with pq.ParquetFile(
            path, read_dictionary=texts, **how
        ) as file:  # a long text that repeats stays one text
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
        raise errors.NoRows(columns=list(names))
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
        _check_lengths(column, name, before)
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


def _check_lengths(column: Any, name: str, before: int) -> None:
    """Refuse a text that is too long while it is there once: repeated in every row it would fill the memory."""
    kind = column.dictionary.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)):
        return
    used = pc.unique(column.indices).drop_null()
    words = column.dictionary.take(used)
    if (pc.max(pc.binary_length(words)).as_py() or 0) <= limits.MAX_TEXT:
        return
    lengths = pc.binary_length(words) if pa.types.is_binary(kind) else pc.utf8_length(words)
    length = pc.max(lengths).as_py()
    if length > limits.MAX_TEXT:
        word = used[pc.index(lengths, pa.scalar(length, lengths.type)).as_py()]
        place = pc.index(column.indices, word).as_py()
        raise errors.TextTooLong(row=before + place + 1, column=name, length=length, limit=limits.MAX_TEXT)
