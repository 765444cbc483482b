"""XLSX: the values of one sheet, read as a stream; formulas give their stored results, macros are ignored.

Stage 1 (data). `sniff_kind` has checked the archive for bombs before this opens it. openpyxl parses the parts; its
own read-only mode is left aside because it parses all texts, and sheets without a stated size, before the first row.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data import errors, limits
from engine.data.readers.cells import as_text
from engine.data.readers.table import TableBuilder, column_names

_REPORT_ROWS = 2_000
_PIECE = 1 << 16
_LONGEST = 10 * limits.MAX_TEXT
"""Bytes of XML between two tags, in which a text of the longest kind fits however it is written."""


@dataclass(frozen=True)
class Book:
    """An open workbook: `sheets` are the visible ones with cells, in order, by name."""

    reader: Any
    sheets: dict[str, str]

    def rows(
        self, sheet: str | None, report: Callable[[float], None] | None = None
    ) -> Iterator[tuple[int, list[str]]]:
        """The rows of a sheet that are not empty, as (line, text cells without empty ones at the end).

        Args:
            sheet: name of the sheet; None for the first one.
            report: called now and then with the share done, as far as the file says how many rows it has.

        Raises:
            UnknownSheet: no visible sheet of this name.
        """
        from openpyxl.worksheet._reader import WorkSheetParser

        if (sheet is not None and sheet not in self.sheets) or not self.sheets:
            raise errors.UnknownSheet(sheet=sheet or "", sheets=list(self.sheets))
        part = self.sheets[sheet or next(iter(self.sheets))]
        height, made = self._height(part), self.reader.wb
        with _Pieces(self.reader.archive.open(part)) as source:
            parser = WorkSheetParser(
                source, self.reader.shared_strings, data_only=True, epoch=made.epoch, date_formats=made._date_formats,
                timedelta_formats=made._timedelta_formats,
            )  # fmt: skip
            for line, found in parser.parse():
                cells = [""] * max((cell["column"] for cell in found), default=0)
                for cell in found:
                    cells[cell["column"] - 1] = _unescape(as_text(cell["value"]))
                while cells and not cells[-1]:
                    cells.pop()
                if report and line % _REPORT_ROWS == 0:
                    report(min(line / height, 1.0))
                if cells:
                    yield line, cells

    def _height(self, part: str) -> int:
        """How many rows the sheet says it has; good enough for the progress."""
        with self.reader.archive.open(part) as source:
            found = re.search(rb'<dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"', source.read(4096))
        return int(found[1]) if found else 1


@contextmanager
def open_workbook(path: Path, name: str, texts_at_most: int | None = None) -> Iterator[Book]:
    """The workbook, closed afterwards; what openpyxl cannot parse, here or later, becomes `WorkbookDamaged`.

    Args:
        path: where its bytes are.
        name: of the file, for messages.
        texts_at_most: of the shared texts so many are read, later ones are shown as "…"; None reads all.
    """
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet
    from openpyxl.utils.exceptions import InvalidFileException
    from openpyxl.xml.constants import SHARED_STRINGS

    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles, extensions and impossible dates
        try:
            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            reader.read_manifest()
            texts = reader.package.find(SHARED_STRINGS)
            if texts is not None:
                reader.shared_strings = _LazyStrings(
                    _Pieces(reader.archive.open(texts.PartName[1:])), texts_at_most
                )
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            sheets = {
                sheet.name: part.target
                for sheet, part in reader.parser.find_sheets()
                if sheet.state == "visible"
                and part.target in reader.valid_files
                and "chartsheet" not in part.Type
            }
            yield Book(reader, sheets)
        except (KeyError, ValueError, IndexError, TypeError, AttributeError, SyntaxError, EOFError, OSError,
                zipfile.BadZipFile, zlib.error, InvalidFileException, NotImplementedError) as problem:  # fmt: skip
            raise errors.WorkbookDamaged(name=name) from problem


def read_sheet(
    rows: Iterator[tuple[int, list[str]]], *, header: bool, rename: Sequence[str] | None, name: str
) -> tuple[TableBuilder, int]:
    """A sheet's table, and the number of empty rows left out between others.

    Args:
        rows: as `Book.rows` gives them.
        header: whether the first row names the columns.
        rename: new names of the columns.
        name: of the file, for messages.

    Raises:
        EmptyFile, NoRows, and RaggedRows for a cell right of the last named column.
    """
    last, first = next(rows, (0, None))
    if first is None:
        raise errors.EmptyFile(name=name)
    found = first if header else [f"column_{i}" for i in range(1, len(first) + 1)]
    table, blank, width = TableBuilder(column_names(found, rename)), 0, len(found)
    if not header:
        table.add(first)
    for line, cells in rows:
        if len(cells) > width:
            raise errors.RaggedRows(row=table.rows + 1, line=line, expected=width, found=len(cells), count=1)
        blank, last = blank + line - last - 1, line
        table.add(cells + [""] * (width - len(cells)))
    if not table.rows:
        raise errors.NoRows(columns=list(found))
    return table, blank


class _Pieces(io.RawIOBase):
    """A part of a workbook in which no text is longer than a cell may be: a longer one would be held in memory whole."""

    def __init__(self, part: Any) -> None:
        self._part, self._since = part, 0

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._part.read(_PIECE if size is None or size < 0 else min(size, _PIECE))
        first, last = piece.find(b"<"), piece.rfind(b"<")
        if self._since + (first if first >= 0 else len(piece)) > _LONGEST:
            raise errors.TextTooLong(
                row="?", column="?", length=f"> {limits.MAX_TEXT}", limit=limits.MAX_TEXT
            )
        self._since = self._since + len(piece) if last < 0 else len(piece) - last
        return piece

    def close(self) -> None:
        self._part.close()
        super().close()


class _LazyStrings:
    """The shared strings of a workbook, parsed only as far as cells ask for them: a preview of a large file is quick."""

    def __init__(self, stream: Any, at_most: int | None = None) -> None:
        self._texts: list[str] = []
        self._nodes = self._parse(stream)
        self._at_most = at_most

    def __getitem__(self, index: int) -> str:
        if self._at_most is not None and index >= self._at_most:
            return "…"
        while len(self._texts) <= index:
            text = next(self._nodes, None)
            if text is None:
                raise IndexError(f"no shared string {index}")
            self._texts.append(text)
        return self._texts[index]

    @staticmethod
    def _parse(stream: Any) -> Iterator[str]:
        from openpyxl.cell.text import Text
        from openpyxl.xml.constants import SHEET_MAIN_NS
        from openpyxl.xml.functions import iterparse

        for _, node in iterparse(stream):
            if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                yield Text.from_tree(node).content
                node.clear()


def _unescape(text: str) -> str:
    """Characters that XML cannot hold are written `_x000D_` in a workbook (ECMA-376, 22.9.2.19)."""
    if "_x" not in text:
        return text
    found = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
