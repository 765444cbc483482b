"""A whole file into a table of text cells, or a clear word why not. Nothing is half-read.

Stage 1 (data).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pandas as pd

from engine.data import errors
from engine.data.readers.delimited import check_separator, read_delimited, sniff_separator
from engine.data.readers.encoding import ENCODINGS, check_bytes, detect_encoding, encoding_name, read_sample
from engine.data.readers.json_document import read_json
from engine.data.readers.lines import read_json_lines, read_lines
from engine.data.readers.options import ReadOptions
from engine.data.readers.packed import opened
from engine.data.readers.parquet import open_parquet, read_parquet
from engine.data.readers.regular import read_regular
from engine.data.readers.sniff import sniff_kind
from engine.data.readers.table import TableBuilder, column_names
from engine.data.readers.workbook import open_workbook, read_sheet
from engine.data.schema import Finding
from engine.data.spreadsheet import guarded_cells, unguarded
from engine.errors import N_

Report = Callable[[float], None]
_ENOUGH = 100_000
"""Damaged places after which it is plain that the encoding is another one."""

_CHECKING, _WALKING = 0.2, 0.3
"""Shares of the time when the bytes are checked and when a table in UTF-8 is walked through, for the progress."""


def read_table(
    path: Path, name: str, options: ReadOptions = ReadOptions(), report: Report | None = None
) -> pd.DataFrame:
    """All rows of a file as text cells exactly as they came, with a range index.

    Args:
        path: where its bytes are.
        name: what the person called it; its ending breaks ties between kinds of text.
        options: what the person chose.
        report: called with the share done, 0 to 1.

    Raises:
        DataError: one of `engine.data.errors`, naming row or line, column and remedy.
        EncodingUncertain: when `options` name no encoding and the bytes do not settle it.
    """
    return read_with_notes(path, name, options, report)[0]


def read_with_notes(
    path: Path, name: str, options: ReadOptions = ReadOptions(), report: Report | None = None, room: Path | None = None
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:  # fmt: skip
    """As `read_table`, with findings about the reading: blank lines left out, invalid places replaced.

    Args:
        room: a folder where the unpacked file of an archive may lie already, or may stay.
    """
    with opened(path, name, options.member, room) as file:
        return _read(file.path, file.name, options, report)


def _read(
    path: Path, name: str, options: ReadOptions, report: Report | None
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    kind = sniff_kind(path, name, options.kind)
    notes: list[Finding] = []
    if kind == "parquet":
        with open_parquet(path, name) as file:
            table, blank = read_parquet(file, rename=options.rename, report=report), 0
    elif kind == "xlsx":
        with open_workbook(path, name) as workbook:
            rows = workbook.rows(options.sheet, report)
            table, blank = read_sheet(rows, header=options.header, rename=options.rename, name=name)
    else:
        encoding = _encoding(path, name, options)
        enough = 0 if options.replace_invalid else _ENOUGH
        damage = check_bytes(path, encoding, _part(report, 0, _CHECKING), enough)
        if damage.count and enough:
            line, offset = damage.places[0]
            count = damage.count if damage.count < enough else f"≥ {damage.count}"
            raise errors.InvalidBytes(
                encoding=encoding, count=count, line=line, offset=offset, places=damage.places
            )
        if damage.count:
            notes.append(_replaced(damage.count, damage.places))
        separator = options.separator
        if kind in ("csv", "tsv") and separator is None:
            separator = sniff_separator(read_sample(path).text(encoding), kind)[0]
        separator = "," if separator is None else separator
        regular = None
        if encoding == "UTF-8" and not damage.count and kind in ("csv", "tsv") and options.quotes:
            regular = read_regular(
                path, check_separator(separator), header=options.header, rename=options.rename,
                report=_part(report, _CHECKING, _WALKING),
            )  # fmt: skip
        if regular is not None:
            table, blank = regular, 0
        else:
            with open_text(path, encoding, _part(report, _WALKING, 1)) as stream:
                table, blank = read_text(stream, kind, separator, options, name)
    if blank:
        notes.append(
            Finding(
                "blank_lines", "info", N_("Blank lines left out: {count}."), blank, params={"count": blank}
            )
        )
    frame = table.frame()
    if kind in ("csv", "tsv", "xlsx"):
        frame, said = _apostrophes(frame, options)
        notes += said
    if report:
        report(1.0)
    return frame, tuple(notes)


def _apostrophes(frame: pd.DataFrame, options: ReadOptions) -> tuple[pd.DataFrame, list[Finding]]:
    """The table without the apostrophes of a spreadsheet file if one asks for that; else a word where it looks like one."""
    if options.unguard:
        frame, count = unguarded(frame, names=options.rename is None)
        column_names(list(frame.columns))
        message = N_(
            "The apostrophe before a formula's sign was taken off, as you chose: cells changed: {count}."
        )
        return frame, [Finding("apostrophes_taken_off", "info", message, count, params={"count": count})]
    count = guarded_cells(frame)
    if not count:
        return frame, []
    message = N_(
        "{count} {count:cell begins|cells begin} with an apostrophe before a formula's sign, as in files that are written for spreadsheets. {count:It was left as it is|They were left as they are}; a reading option takes it off."
    )
    return frame, [Finding("apostrophes", "info", message, count, params={"count": count})]


def read_text(
    stream: TextIO, kind: str, separator: str, options: ReadOptions, name: str
) -> tuple[TableBuilder, int]:
    """The rows of decoded text of one of `TEXT_KINDS`, and the number of blank lines left out."""
    if kind == "txt":
        return read_lines(stream, options.rename, name)
    if kind == "json":
        return read_json(stream, options.rename, name, options.replace_invalid), 0
    if kind == "jsonl":
        return read_json_lines(stream, options.rename, name, options.replace_invalid)
    return read_delimited(
        stream,
        check_separator(separator),
        quotes=options.quotes,
        header=options.header,
        rename=options.rename,
        name=name,
    )


def _encoding(path: Path, name: str, options: ReadOptions) -> str:
    if options.encoding:
        return encoding_name(options.encoding)
    found = detect_encoding(read_sample(path))
    if not found.certain:
        check_bytes(path, found.encoding, enough=1)  # NUL bytes are a better word than "uncertain"
        raise errors.EncodingUncertain(name=name, candidates=list(found.candidates[:5]))
    return found.encoding


def _replaced(count: int, places: tuple[tuple[int, int], ...]) -> Finding:
    message = N_(
        "Places that the encoding does not allow were replaced by �: {count}; the first is on line {line}."
    )
    params = {"count": count, "line": places[0][0], "places": [list(p) for p in places]}
    return Finding("replaced_bytes", "warning", message, count, params=params)


class _Watched(io.FileIO):
    """A file that reports how much of it was read."""

    def __init__(self, path: Path, report: Report) -> None:
        super().__init__(path)
        self._size, self._done, self._report = max(path.stat().st_size, 1), 0, report

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        got = super().readinto(buffer)
        self._done += got or 0
        self._report(self._done / self._size)
        return got


def open_text(path: Path, encoding: str, report: Report | None = None) -> TextIO:
    """The decoded text of a file, with U+FFFD where the encoding does not fit; line ends as they are."""
    raw = _Watched(path, report) if report else io.FileIO(path)
    buffered = io.BufferedReader(raw, 1 << 20)
    return io.TextIOWrapper(buffered, encoding=ENCODINGS[encoding], errors="replace", newline="")


def _part(report: Report | None, start: float, end: float) -> Report | None:
    return (lambda share: report(start + (end - start) * share)) if report else None
