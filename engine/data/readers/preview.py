"""The beginning of a file as it would be read: quick, whatever its size, and without raising.

Stage 1 (data). The page shows this while the person chooses encoding and separator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from engine.data import errors, limits
from engine.data.readers.delimited import QUOTING, check_separator, sniff_separator
from engine.data.readers.encoding import Detected, check_sample, detect_encoding, encoding_name, read_sample
from engine.data.readers.json_document import read_json
from engine.data.readers.lines import TEXT_COLUMN, numbered_lines, read_json_lines
from engine.data.readers.options import Kind, Preview, ReadOptions
from engine.data.readers.packed import listed_members, opened
from engine.data.readers.parquet import first_rows, open_parquet, parquet_columns
from engine.data.readers.reading import open_text, read_text
from engine.data.readers.sniff import sniff_kind
from engine.data.readers.table import check_width, column_names, shown_names
from engine.data.readers.workbook import open_workbook
from engine.data.spreadsheet import unguard
from engine.data.types import draft_types
from engine.errors import DataError

ROWS = 5
"""Rows that are shown."""

_SHARED_TEXTS = 50_000
"""Texts of a workbook that the first rows wait for."""

SEEN = 500
"""Rows from which the types of the columns are drafted."""


def preview_file(
    path: Path, name: str, options: ReadOptions = ReadOptions(), room: Path | None = None
) -> Preview:
    """How the file would be read, from at most 256 KiB of it (text) or its first rows (JSON, XLSX, Parquet).

    Args:
        path: where its bytes are.
        name: what the person called it.
        options: what the person chose so far.
        room: a folder for the unpacked file of an archive, so that the next look finds it there.

    Returns:
        A preview whose `problem` is what stands against reading the file, as far as its beginning shows.
    """
    size = path.stat().st_size
    members: tuple[str, ...] = ()
    try:
        with opened(path, name, options.member, room) as file:
            members = file.members
            kind = sniff_kind(file.path, file.name, options.kind)
            if kind == "parquet":
                found = _parquet(file.path, file.name, options, size)
            elif kind == "xlsx":
                found = _workbook(file.path, file.name, options, size)
            else:
                found = _text(file.path, file.name, kind, options, size)
    except DataError as problem:
        found = _preview(size, problem=problem)
        with suppress(DataError):
            members = members or listed_members(path, name)
    return replace(found, members=members)


def _text(path: Path, name: str, kind: Kind, options: ReadOptions, size: int) -> Preview:
    sample = read_sample(path)
    found = detect_encoding(sample)
    problem: DataError | None = None
    try:
        encoding = encoding_name(options.encoding) if options.encoding else found.encoding
        check_sample(sample, encoding, options.replace_invalid)
    except DataError as raised:
        problem = raised
        encoding = found.encoding if isinstance(raised, errors.UnknownEncoding) else encoding
    text = sample.text(encoding)
    if (
        not sample.whole and kind != "json" and "\n" not in text
    ):  # a first line that is longer than the sample
        with open_text(path, encoding) as stream:
            text = stream.readline(limits.MAX_LINE + 1)
    separation = _separation(text, kind, options)
    if kind == "json":
        columns, rows, refusal = _document(path, encoding, options, name)
        problem = problem or refusal
    else:
        problem = problem or _problem(text, kind, separation[0], options, name, sample.whole)
        columns, rows = _shown(text, kind, separation[0], options)
    chosen = _chosen(found, encoding, bool(options.encoding))
    return _preview(size, kind, chosen, separation, columns, rows, problem=problem)


def _separation(text: str, kind: Kind, options: ReadOptions) -> tuple[str, bool, tuple[str, ...]]:
    """Separator, whether it is certain, and what to offer."""
    if kind not in ("csv", "tsv"):
        return "", True, ()
    separator, certain, offered = sniff_separator(text, kind)
    if options.separator is not None:
        return options.separator, True, tuple(dict.fromkeys((options.separator, *offered)))
    return separator, certain, offered


def _document(
    path: Path, encoding: str, options: ReadOptions, name: str
) -> tuple[Sequence[str], list[list[str]], DataError | None]:
    """Names, first rows and problem of a JSON document, read only as far as they need."""
    try:
        with open_text(path, encoding) as stream:
            frame = read_json(stream, options.rename, name, options.replace_invalid, SEEN).frame()
    except DataError as problem:
        return (), [], problem
    return tuple(frame.columns), frame.to_numpy().tolist(), None


def _problem(
    text: str, kind: Kind, separator: str, options: ReadOptions, name: str, whole: bool
) -> DataError | None:
    """What the strict reader says about the beginning; a quote that is still open there may close later."""
    try:
        read_text(io.StringIO(text, newline=""), kind, separator, options, name)
    except errors.UnclosedQuote as problem:
        return problem if whole else None
    except (errors.NoRows, errors.EmptyFile) as problem:
        return problem if whole else None
    except DataError as problem:
        return problem
    return None


def _shown(
    text: str, kind: Kind, separator: str, options: ReadOptions
) -> tuple[Sequence[str], list[list[str]]]:
    """Names and first rows, read leniently so that there is something to look at also where there is a problem."""
    if kind == "txt":
        lines = (line for _, line in numbered_lines(io.StringIO(text, newline="")) if line.strip())
        return options.rename or (TEXT_COLUMN,), [[line] for line in islice(lines, SEEN)]
    if kind == "jsonl":
        try:
            frame = read_json_lines(io.StringIO(text, newline=""), options.rename, "")[0].frame()
        except DataError:
            return (), []
        return tuple(frame.columns), frame.head(SEEN).to_numpy().tolist()
    try:
        stream = io.StringIO(text.lstrip("\ufeff"), newline="")
        records = csv.reader(stream, delimiter=check_separator(separator), quoting=QUOTING[options.quotes])
        found = list(islice((r for r in records if r), SEEN + 1))
    except (csv.Error, DataError):
        return (), []
    return _headed(found, options)


def _headed(found: list[list[str]], options: ReadOptions) -> tuple[Sequence[str], list[list[str]]]:
    """Names and rows from the first records, as `options` say where the names come from."""
    if not found:
        return (), []
    names: Sequence[str] = (
        found.pop(0) if options.header else [f"column_{i}" for i in range(1, len(found[0]) + 1)]
    )
    rows = found[:SEEN]
    if options.unguard:
        names, rows = [unguard(name) for name in names], [[unguard(cell) for cell in row] for row in rows]
    return options.rename if options.rename and len(options.rename) == len(names) else names, rows


def _workbook(path: Path, name: str, options: ReadOptions, size: int) -> Preview:
    sheets: tuple[str, ...] = ()
    try:
        with open_workbook(path, name, _SHARED_TEXTS) as workbook:
            sheets = tuple(workbook.sheets)
            found = [cells for _, cells in islice(workbook.rows(options.sheet), SEEN + 1)]
    except DataError as problem:
        return _preview(size, "xlsx", sheets=sheets, problem=problem)
    if not found:
        return _preview(size, "xlsx", sheets=sheets, problem=errors.EmptyFile(name=name))
    columns, rows = _headed(found, options)
    return _preview(size, "xlsx", columns=columns, rows=rows, sheets=sheets, problem=_missing(columns, rows))


def _parquet(path: Path, name: str, options: ReadOptions, size: int) -> Preview:
    columns: Sequence[str] = ()
    try:
        with open_parquet(path, name) as file:
            columns = parquet_columns(file)
            check_width(len(columns))
            rows = first_rows(file, SEEN)
    except DataError as problem:
        return _preview(size, "parquet", columns=columns, problem=problem)
    if options.rename and len(options.rename) == len(columns):
        columns = options.rename
    return _preview(size, "parquet", columns=columns, rows=rows, problem=_missing(columns, rows))


def _missing(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> DataError | None:
    """Names that cannot stay, or no rows."""
    try:
        column_names(columns)
    except DataError as problem:
        return problem
    return None if rows else errors.NoRows(columns=list(columns))


def _chosen(found: Detected, encoding: str, given: bool) -> Detected:
    others = tuple(c for c in found.candidates if c != encoding)
    return Detected(encoding, given or found.certain, (encoding, *others))


def _preview(
    size: int, kind: str = "", encoding: Detected = Detected("", True, ()),
    separator: tuple[str, bool, tuple[str, ...]] = ("", True, ()), columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (), sheets: tuple[str, ...] = (), problem: DataError | None = None,
) -> Preview:  # fmt: skip
    width = len(columns)
    if width > limits.MAX_COLUMNS:  # nobody looks at them, and the problem says how many there are
        columns, rows, width = (), (), 0
    cells: Any = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    frame = pd.DataFrame(cells, columns=pd.Index(shown_names(columns), dtype="str"), dtype="str")
    return Preview(
        kind, encoding.encoding, encoding.certain, encoding.candidates, separator[0], separator[1], separator[2],
        tuple(columns), frame.head(ROWS), sheets, size, problem, types=draft_types(frame),
    )  # fmt: skip
