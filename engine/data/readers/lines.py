"""Files of one thing a line: TXT (a text) and JSON Lines (an object).

Stage 1 (data).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from engine.data import errors, limits
from engine.data.readers.json_values import HalfCharacter, JsonColumns, decoder
from engine.data.readers.table import TableBuilder, column_names
from engine.errors import N_, saying

TEXT_COLUMN = "text"


def numbered_lines(stream: TextIO) -> Iterator[tuple[int, str]]:
    """Lines with their number, without line end and byte order mark; raises `LineTooLong`."""
    number = 0
    while line := stream.readline(limits.MAX_LINE + 1):
        number += 1
        if len(line) > limits.MAX_LINE:
            raise errors.LineTooLong(line=number, limit=limits.MAX_LINE)
        if number == 1:
            line = line.removeprefix("\ufeff")
        yield number, line.rstrip("\r\n")


def read_lines(stream: TextIO, rename: Sequence[str] | None, name: str) -> tuple[TableBuilder, int]:
    """One text a line as the column `text`, and the number of blank lines left out."""
    table, blank = TableBuilder(column_names((TEXT_COLUMN,), rename)), 0
    for _, line in numbered_lines(stream):
        if line.strip():
            table.add((line,))
        else:
            blank += 1
    if not table.rows:
        raise errors.EmptyFile(name=name)
    return table, blank


def read_json_lines(
    stream: TextIO, rename: Sequence[str] | None, name: str, replace: bool = False
) -> tuple[TableBuilder, int]:
    """JSON objects, one a line, and the number of blank lines left out.

    Columns are the keys in order of first appearance; a missing key and null are empty cells, numbers keep the
    spelling of the file, true and false stay so, nested values become compact JSON.

    Raises:
        JsonLineInvalid: with the line that is no object, repeats a key or holds half a surrogate pair.
    """
    columns = JsonColumns()
    table, blank = TableBuilder(columns.names), 0
    for number, line in numbered_lines(stream):
        if not line.strip():
            blank += 1
            continue
        values = _object(line, number)
        try:
            cells = columns.cells(values, replace)
        except (HalfCharacter, RecursionError) as problem:
            half = isinstance(problem, HalfCharacter)
            what = saying(HalfCharacter.message if half else N_("it is nested too deeply"))
            raise errors.JsonLineInvalid(line=number, problem=what) from None
        table.add(cells)
    if not table.rows:
        raise errors.EmptyFile(name=name)
    table.names = column_names(columns.names, rename)
    return table, blank


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        values = decoder.decode(line)
    except json.JSONDecodeError as problem:
        what = saying(N_("it stops being JSON at character {column}"), column=problem.colno)
    except ValueError:
        what = saying(N_("a key is there twice"))
    except RecursionError:
        what = saying(N_("it is nested too deeply"))
    else:
        if isinstance(values, dict):
            return values
        what = saying(N_("it holds {found}"), found=line.strip()[:40])
    raise errors.JsonLineInvalid(line=number, problem=what)
