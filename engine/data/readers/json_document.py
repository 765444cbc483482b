"""One JSON document as a table: an array of objects, an object that holds one such array, or one column a key.

Stage 1 (data). Rows are made while the text is read, so that memory holds the table and not the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, TextIO

from engine.data import errors, limits
from engine.data.readers.json_text import JsonText
from engine.data.readers.json_values import HalfCharacter, JsonColumns, Spelled, cell, sound
from engine.data.readers.lines import TEXT_COLUMN
from engine.data.readers.table import TableBuilder, check_width, column_names
from engine.errors import N_, saying


def read_json(
    stream: TextIO, rename: Sequence[str] | None, name: str, replace: bool = False, enough: int | None = None
) -> TableBuilder:
    """The table of a document.

    Columns are the keys in order of first appearance; a missing key and null are empty cells, numbers keep the
    spelling of the file, nested values become compact JSON. Of an object that holds an array of objects beside other
    things, the array is the table. An array of texts is the column `text`.

    Args:
        stream: decoded text.
        rename: new names of the columns.
        name: of the file, for messages.
        replace: put U+FFFD in place of what no text holds.
        enough: rows of objects after which the rest is not looked at; None reads all.

    Raises:
        EmptyFile, JsonInvalid, JsonShape, TextTooLong, and what `column_names` and `TableBuilder` raise.
    """
    text = JsonText(stream)
    first = text.peek()
    if not first:
        raise errors.EmptyFile(name=name)
    if first not in "[{":
        raise _shape(N_("it is a single value"))
    records = _Records(text, replace, enough)
    table = records.table
    try:
        if first == "[":
            records.read()
        else:
            table = _of_object(text, records, replace)
        if not records.full:
            text.finish()
    except HalfCharacter:
        raise text.invalid(HalfCharacter.message) from None
    except RecursionError:
        raise text.invalid(N_("it is nested too deeply")) from None
    if not table.rows:
        raise errors.EmptyFile(name=name)
    table.names = column_names(list(table.names), rename)
    return table


class _Records:
    """The rows of an array of objects, or of one of texts."""

    def __init__(self, text: JsonText, replace: bool, enough: int | None) -> None:
        self._text, self._replace, self._enough = text, replace, enough
        self._columns = JsonColumns()
        self.table = TableBuilder(self._columns.names)
        self.full = False

    def read(self, opened: bool = False) -> None:
        """The array that begins here; `opened` if its bracket was taken already."""
        plain: bool | None = None
        for _ in self._text.items(opened):
            value = self._text.value()
            if plain is None:
                plain = isinstance(value, str) and not isinstance(value, Spelled)
            if isinstance(value, dict) and not plain:
                self.table.add(self._columns.cells(value, self._replace))
            elif isinstance(value, str) and plain:
                self.table.add(self._columns.cells({TEXT_COLUMN: value}, self._replace))
            else:
                raise _shape(
                    N_("item {number} (line {line}) of the array is no object: {found}"), number=self.table.rows + 1,
                    line=self._text.line(), found=_glimpse(value),
                )  # fmt: skip
            if self._enough and self.table.rows >= self._enough:
                self.full = True
                return


def _of_object(text: JsonText, records: _Records, replace: bool) -> TableBuilder:
    """The table in an object: its one array of objects, else its columns."""
    tables: list[str] = []
    columns: dict[str, list[str]] = {}
    index: dict[str, list[str] | None] = {}
    others: list[str] = []
    for key in text.entries():
        check_width(len(columns) + len(others) + 1)
        opening = text.peek()
        if opening == "[":
            text.take("[")
            if text.peek() == "{":
                if tables:
                    raise _shape(N_("it holds several tables: {keys}"), keys=_listed((*tables, key)))
                tables.append(key)
                records.read(opened=True)
                if records.full:
                    return records.table
            else:
                columns[key] = _cells(text, text.items(opened=True), replace)[0]
                index[key] = None
        elif opening == "{":
            columns[key], index[key] = _cells(text, text.entries(), replace)
        else:
            text.value()
            others.append(key)
    if tables:
        return records.table
    if not columns or others:
        raise _shape(
            N_("none of its keys holds an array of objects: {keys}"), keys=_listed((*columns, *others))
        )
    first = next(iter(columns))
    if any(index[k] != index[first] or len(cells) != len(columns[first]) for k, cells in columns.items()):
        raise _shape(N_("its columns do not have the same rows: {keys}"), keys=_listed(columns))
    table = TableBuilder([sound(key, replace) for key in columns])
    for row in zip(*columns.values(), strict=True):
        table.add(row)
    return table


def _cells(text: JsonText, places: Iterable[str | None], replace: bool) -> tuple[list[str], list[str] | None]:
    """The cells of one column, and the names of their rows where they have some."""
    cells: list[str] = []
    names: list[str] = []
    for place in places:
        if place is not None:
            names.append(place)
        cells.append(cell(text.value(), replace))
        if text.passed > limits.MAX_JSON_COLUMNS:
            raise _shape(
                N_("written column by column, it has more than {limit} characters"), limit=limits.MAX_JSON_COLUMNS
            )  # fmt: skip
        if len(cells) > limits.MAX_JSON_COLUMN_ROWS:
            raise errors.TooManyRows(limit=limits.MAX_JSON_COLUMN_ROWS)
    return cells, names or None


def _listed(keys: Iterable[str]) -> list[str]:
    return [sound(key, True)[:40] for key in islice(keys, 8)] or ["-"]


def _glimpse(value: Any) -> str:
    return cell(value, True)[:40] or "null"


def _shape(problem: str, **params: Any) -> errors.JsonShape:
    return errors.JsonShape(problem=saying(problem, **params))
