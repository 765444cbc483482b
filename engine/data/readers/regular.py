"""The quick way through a CSV or TSV file in UTF-8 whose every quotation mark and line is where RFC 4180 wants it.

Stage 1 (data). Arrow parses some ten times as fast as the csv module but forgives what must not be forgiven, so the file is
walked through first: what is not regular in every byte goes the careful way, which explains what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from engine.data import limits
from engine.data.readers.table import TableBuilder, column_names

_PIECE, _BLOCK = 4 << 20, 4 << 20
"""Bytes that are walked through at once, and that Arrow parses at once, which is also its longest row."""
_CELLS = 20_000_000
"""Cells that are held at once; a careful reader stops when there are more than memory is allowed for."""
_QUOTE, _LF, _CR = 0x22, 0x0A, 0x0D
_BOM = b"\xef\xbb\xbf"


@dataclass
class _Seen:
    """What a walk through the bytes found.

    Args:
        rows: line ends outside quotation marks, and the last row without one.
        broken: whether a line end stands inside.
    """

    rows: int = 0
    broken: bool = False


def read_regular(
    path: Path, separator: str, *, header: bool, rename: Sequence[str] | None, report: Callable[[float], None] | None = None,
) -> TableBuilder | None:  # fmt: skip
    """All rows of a file that is known to be sound UTF-8, or None where it is not regular (or empty).

    Args:
        path: the file.
        separator: one character; quotation marks enclose fields.
        header: whether the first row names the columns.
        rename: new names of the columns.
        report: called with the share that was walked through, 0 to 1.

    Raises:
        What `column_names` and `TableBuilder` raise.
    """
    if not separator.isascii():
        return None
    with path.open("rb") as file:
        seen = _walked(file, ord(separator), report)
    if seen is None or not 1 + header <= seen.rows <= limits.MAX_ROWS:
        return None
    read = _parsed(path, separator, seen)
    if read is None or read.num_rows != seen.rows:
        return None  # a blank line, or a row that Arrow took for two
    first = [column[0].as_py() for column in read.columns]
    names = first if header else [f"column_{i}" for i in range(1, len(first) + 1)]
    table = TableBuilder(column_names(names, rename))
    for batch in read.slice(int(header)).to_batches():
        # a column that begins within another's memory is copied, so that every column of a table counts from 0
        table.add_columns([pa.concat_arrays([c]) if c.offset else c for c in batch.columns])
    return table


def _parsed(path: Path, separator: str, seen: _Seen) -> pa.Table | None:
    """The file as Arrow reads it; None where its rows differ in width, or where there are too many cells for the quick way."""
    texts = pa.large_string()
    parse = pc_csv.ParseOptions(delimiter=separator, newlines_in_values=seen.broken)
    reading = pc_csv.ReadOptions(autogenerate_column_names=True, block_size=_BLOCK)
    try:
        with pc_csv.open_csv(str(path), read_options=reading, parse_options=parse) as some:
            width = len(some.schema)
        if width * seen.rows > _CELLS:
            return None
        convert = pc_csv.ConvertOptions(
            check_utf8=False, strings_can_be_null=False, column_types={f"f{i}": texts for i in range(width)},
        )  # fmt: skip
        return pc_csv.read_csv(str(path), read_options=reading, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        return None


def _walked(file: BinaryIO, separator: int, report: Callable[[float], None] | None = None) -> _Seen | None:
    """None at the first quotation mark, or CR without LF, that stands where it must not, and at a line or row that is too long or wide.

    Marks are counted: an odd one opens a field, an even one closes it, and a doubled mark inside closes and opens. So an
    opening one follows a separator, a line end or a mark, and a closing one precedes a separator, a line end, the end of the
    file or a mark. Everything else (a mark within a bare field, text after a closing one) is not regular.
    """
    size = os.fstat(file.fileno()).st_size
    following = file.read(_PIECE).removeprefix(_BOM)
    if (
        following.startswith(_BOM)
        or following[: limits.MAX_LINE].split(b"\n", 1)[0].count(separator) >= limits.MAX_COLUMNS
    ):
        return None
    seen, marks, done, last, row, previous = _Seen(), 0, 0, 0, 0, b"\n"
    while current := following:
        following = file.read(_PIECE)
        # One byte before and one after, so that every byte of the piece has its neighbours; the file ends as if by a line end.
        window = np.frombuffer(previous + current + (following[:1] or b"\n"), dtype=np.uint8)
        piece = window[1:-1]
        if not _all(window, np.flatnonzero(piece == _CR) + 2, (_LF,)):
            return None
        at = np.flatnonzero(piece == _QUOTE)
        opening, closing = at[marks % 2 :: 2], at[1 - marks % 2 :: 2]
        if not _all(window, opening, (separator, _LF, _QUOTE)) or not _all(
            window, closing + 2, (separator, _LF, _CR, _QUOTE)
        ):
            return None
        ends = np.flatnonzero(piece == _LF)
        inside = (np.searchsorted(at, ends) + marks) % 2 == 1
        lengths = np.diff(ends + done, prepend=last, append=done + len(piece))
        if int(lengths.max()) > limits.MAX_LINE:
            return None
        rows = np.concatenate([[row], ends[~inside] + done, [done + len(piece)]])
        if int(np.diff(rows).max()) > _BLOCK:
            return None  # Arrow would gather blocks to find the row's end
        row = int(rows[-2])
        last = int(ends[-1]) + done if ends.size else last
        seen.rows += int((~inside).sum())
        seen.broken = seen.broken or bool(inside.any())
        marks += len(at)
        done += len(piece)
        previous = current[-1:]
        if report:
            report(min(done / size, 1.0))
    if marks % 2 or not done:
        return None
    seen.rows += previous != b"\n"
    return seen


def _all(window: NDArray[np.uint8], at: NDArray[np.int64], allowed: tuple[int, ...]) -> bool:
    """Whether one of `allowed` stands at each place of `window`."""
    return bool(np.isin(window[at], allowed).all())
