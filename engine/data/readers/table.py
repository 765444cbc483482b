"""Rows of text cells into a frame: column names checked, cells measured, memory kept to the text itself.

Stage 1 (data). All readers end here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.data import errors, limits
from engine.data.schema import ROW_ID

_CHUNK_ROWS = 32_768


class TableBuilder:
    """Collects rows of text and becomes a frame of `str` columns.

    Args:
        names: column names; may grow until `frame` is called, earlier rows then get empty cells.

    Raises:
        TooManyRows, TooManyColumns, TextTooLong, TableTooLarge: as soon as a limit is passed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.rows = 0
        self._pending: list[Sequence[str]] = []
        self._chunks: list[list[pa.Array]] = []
        self._bytes = 0
        check_width(len(names))

    def add(self, cells: Sequence[str]) -> None:
        """Append one row; a row shorter than the names is filled with empty cells."""
        self._pending.append(cells)
        self.rows += 1
        if len(self._pending) >= _CHUNK_ROWS:
            self._flush()

    def add_columns(self, columns: Sequence[pa.Array]) -> None:
        """Append many rows, one `large_string` array a column, without nulls."""
        self._flush()
        self.rows += len(columns[0]) if columns else 0
        self._keep(list(columns), self.rows - (len(columns[0]) if columns else 0))

    def frame(self) -> pd.DataFrame:
        """The table, with a fresh range index."""
        self._flush()
        check_width(len(self.names))
        columns = []
        for position in range(len(self.names)):
            pieces = [
                chunk[position]
                if position < len(chunk)
                else pa.repeat(pa.scalar("", pa.large_string()), len(chunk[0]))
                for chunk in self._chunks
            ]
            columns.append(pa.chunked_array(pieces, type=pa.large_string()))
        frame: pd.DataFrame = pa.table(columns, names=list(self.names)).to_pandas()
        return frame

    def _flush(self) -> None:
        if self._pending:
            rows, self._pending = self._pending, []
            columns = [pa.array(cells, pa.large_string()) for cells in zip_longest(*rows, fillvalue="")]
            self._keep(columns, self.rows - len(rows))

    def _keep(self, columns: list[pa.Array], before: int) -> None:
        if self.rows > limits.MAX_ROWS:
            raise errors.TooManyRows(limit=limits.MAX_ROWS)
        for name, column in zip(self.names, columns, strict=False):
            self._bytes += column.nbytes
            lengths = pc.utf8_length(column)
            longest = pc.max(lengths).as_py() or 0
            if longest > limits.MAX_TEXT:
                row = before + pc.index(lengths, pa.scalar(longest, lengths.type)).as_py()
                raise errors.TextTooLong(row=row + 1, column=name, length=longest, limit=limits.MAX_TEXT)
        if self._bytes > limits.MAX_UNPACKED:
            raise errors.TableTooLarge(limit=f"{limits.MAX_UNPACKED // 1024**3} GiB")
        self._chunks.append(columns)


def check_width(columns: int) -> None:
    """Raise `TooManyColumns` above the limit."""
    if columns > limits.MAX_COLUMNS:
        raise errors.TooManyColumns(found=columns, limit=limits.MAX_COLUMNS)


def column_names(found: Sequence[str], rename: Sequence[str] | None = None) -> tuple[str, ...]:
    """The names of the columns: as found, or as the person renamed them; never changed otherwise.

    Raises:
        RenameMismatch, EmptyColumnNames, DuplicateColumns, ReservedColumn, TooManyColumns
    """
    check_width(len(found))
    if rename is not None and len(rename) != len(found):
        raise errors.RenameMismatch(found=len(rename), expected=len(found))
    names = tuple(found if rename is None else rename)
    empty = [str(i) for i, name in enumerate(names, 1) if not name.strip()]
    if empty:
        raise errors.EmptyColumnNames(positions=empty)
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise errors.DuplicateColumns(names=repeated)
    if ROW_ID in names:
        raise errors.ReservedColumn(name=ROW_ID)
    return names


def shown_names(names: Sequence[str]) -> list[str]:
    """Names for a preview table, where empty and repeated ones carry their position."""
    counts = Counter(names)
    return [n if n.strip() and counts[n] == 1 else f"{i}: {n}" for i, n in enumerate(names, 1)]
