"""CSV and TSV: fields counted in every row, quotes taken strictly, nothing shifted.

Stage 1 (data). The csv module parses; this module watches it. pandas shifts columns without a word when all rows
have one field too many.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Literal, TextIO

from engine.data import errors, limits
from engine.data.readers.table import TableBuilder, column_names
from engine.errors import DataError

SEPARATORS = (",", "\t", ";", "|")
QUOTING: Mapping[bool, Literal[0, 3]] = {True: csv.QUOTE_MINIMAL, False: csv.QUOTE_NONE}
csv.field_size_limit(
    limits.MAX_LINE
)  # of the whole process; the limit on texts is checked, with row and column, later
_SNIFF_ROWS = 50
_HOPELESS = 10 * limits.MAX_LINE
"""Characters after which nobody waits any longer for the closing quote."""


def check_separator(separator: str) -> str:
    """The separator, or `InvalidSeparator`."""
    if len(separator) != 1 or separator in '"\r\n\0':
        raise errors.InvalidSeparator(separator=repr(separator))
    return separator


def sniff_separator(text: str, kind: str) -> tuple[str, bool, tuple[str, ...]]:
    """The likeliest separator of the rows in `text`, whether they settle it, and all in order of likelihood.

    A separator fits when it parts the first row and every other row has as many fields.
    """
    prior = "\t" if kind == "tsv" else ","
    scores = {}
    for separator in SEPARATORS:
        rows = islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), _SNIFF_ROWS)
        widths: list[int] = []
        with suppress(csv.Error):
            widths.extend(len(row) for row in rows if row)
        fit = sum(w == widths[0] for w in widths) / len(widths) if widths and widths[0] > 1 else 0.0
        scores[separator] = (fit, separator == prior, widths[0] if widths else 0)
    order = tuple(sorted(SEPARATORS, key=lambda s: scores[s], reverse=True))
    best, second = scores[order[0]], scores[order[1]]
    certain = (best[0] == 1 and (second[0] < 0.9 or kind == "tsv")) or best[0] == 0
    return order[0], certain, order


def read_delimited(
    stream: TextIO, separator: str, *, quotes: bool, header: bool, rename: Sequence[str] | None, name: str
) -> tuple[TableBuilder, int]:
    """All rows of a CSV or TSV text, and the number of blank lines left out.

    Args:
        stream: decoded text, opened with `newline=""`.
        separator: one character.
        quotes: whether quotation marks enclose fields.
        header: whether the first row names the columns.
        rename: new names of the columns.
        name: of the file, for messages.

    Raises:
        EmptyFile, NoRows, RaggedRows, UnclosedQuote, TextAfterQuote, LineTooLong, and what `column_names` and
        `TableBuilder` raise.
    """
    rows = parse_rows(stream, separator, quotes)
    first = next((row for row in rows if row[1]), None)
    if first is None:
        raise errors.EmptyFile(name=name)
    found = first[1] if header else [f"column_{i}" for i in range(1, len(first[1]) + 1)]
    table = TableBuilder(column_names(found, rename))
    width, blank, ragged = len(found), 0, 0
    example: tuple[int, int, int] | None = None
    if not header:
        table.add(first[1])
    for line, cells in rows:
        if len(cells) == width:
            if not ragged:
                table.add(cells)
        elif not cells:
            blank += 1
        else:
            example = example or (table.rows + 1, line, len(cells))
            ragged += 1
    if example:
        row, line, cells_found = example
        raise errors.RaggedRows(row=row, line=line, expected=width, found=cells_found, count=ragged)
    if not table.rows:
        raise errors.NoRows(columns=list(found))
    return table, blank


def parse_rows(stream: TextIO, separator: str, quotes: bool) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins; a blank line is a row without fields.

    Raises:
        UnclosedQuote, TextAfterQuote, LineTooLong: with the line.
        TextTooLong: a field over many lines that no memory should hold, with the position of its column.
    """
    record: list[str] = []
    lines = _lines(stream, record)
    reader = csv.reader(lines, delimiter=separator, strict=True, quoting=QUOTING[quotes])
    row = 0
    while True:
        line = reader.line_num + 1
        record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _explain(chain(record, _raw_lines(stream)), line, row, separator, quotes) from None
        row += bool(cells)
        yield line, cells


def _lines(stream: TextIO, record: list[str]) -> Iterator[str]:
    """The lines of the text without a byte order mark; `record` collects those of the current row."""
    number = 0
    while line := stream.readline(limits.MAX_LINE + 1):
        if not number:
            line = line.removeprefix("\ufeff")
        number += 1
        if len(line) > limits.MAX_LINE:
            raise errors.LineTooLong(line=number, limit=limits.MAX_LINE)
        record.append(line)
        yield line


def _raw_lines(stream: TextIO) -> Iterator[str]:
    """What is left of the text, in pieces that no missing line break makes large."""
    return iter(lambda: stream.readline(limits.MAX_LINE), "")


def _explain(lines: Iterable[str], first: int, row: int, separator: str, quotes: bool) -> DataError:
    """Why the csv module could not finish a row, found by walking through it.

    Args:
        lines: the lines of the row, and all that follow.
        first: number of the first of them.
        row: number of the data row, for messages.
        separator, quotes: as for `parse_rows`.
    """
    state, column, opened, length = "start", 1, 0, 0
    for number, line in enumerate(lines, first):
        position = 0
        while position < len(line):
            char = line[position]
            if state == "quoted":
                end = line.find('"', position)
                length += (end if end >= 0 else len(line)) - position
                position = end if end >= 0 else len(line)
                state = "closed" if end >= 0 else "quoted"
            elif char == '"' and state == "closed":
                state, length = "quoted", length + 1
            elif char == '"' and state == "start" and quotes:
                state, opened, length = "quoted", number, 0
            elif char in (separator, "\r", "\n"):
                if length > limits.MAX_TEXT:
                    return errors.TextTooLong(
                        row=row, column=str(column), length=length, limit=limits.MAX_TEXT
                    )
                state, column, length = "start", column + 1, 0
            elif state == "closed":
                return errors.TextAfterQuote(line=number, opened=opened)
            else:
                state, length = "plain", length + 1
            position += 1
        if length > _HOPELESS:
            break
    if state != "quoted":
        return errors.TextTooLong(row=row, column=str(column), length=length, limit=limits.MAX_TEXT)
    return errors.UnclosedQuote(line=opened)
