"""XLSX: the values of one sheet, read as a stream; formulas give their stored results, macros are ignored.

Stage 1 (data). `sniff_kind` has checked the archive for bombs before this opens it.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.data import errors
from engine.data.readers.cells import as_text
from engine.data.readers.table import TableBuilder, column_names

_REPORT_ROWS = 2_000


class _LazyStrings:
    """The shared strings of a workbook, parsed only as far as cells ask for them: a preview of a large file is quick."""

    def __init__(self, stream: Any) -> None:
        self._texts: list[str] = []
        self._nodes = self._parse(stream)

    def __getitem__(self, index: int) -> str:
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


@contextmanager
def open_workbook(path: Path, name: str) -> Iterator[Any]:
    """The workbook, values only, closed afterwards; what openpyxl cannot read becomes `WorkbookDamaged`."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.utils.exceptions import InvalidFileException
    from openpyxl.xml.constants import SHARED_STRINGS

    class Reader(ExcelReader):  # type: ignore[misc]
        def read_strings(self) -> None:
            part = self.package.find(SHARED_STRINGS)
            if part is not None:
                self.shared_strings = _LazyStrings(self.archive.open(part.PartName[1:]))

        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            """Sheets that hold a chart have no cells."""

    with path.open("rb") as file:
        try:
            reader = Reader(file, read_only=True, data_only=True, keep_links=False)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions, which values do not need
                reader.read()
            yield reader.wb
        except (KeyError, ValueError, IndexError, TypeError, AttributeError, SyntaxError, EOFError, OSError,
                zipfile.BadZipFile, InvalidFileException, NotImplementedError) as problem:  # fmt: skip
            raise errors.WorkbookDamaged(
                name=name, problem=str(problem)[:200] or type(problem).__name__
            ) from problem


def visible_sheets(workbook: Any) -> tuple[str, ...]:
    """Names of the sheets that hold cells and are not hidden, in order."""
    return tuple(s.title for s in workbook.worksheets if s.sheet_state == "visible")


def sheet_rows(
    workbook: Any, sheet: str | None, report: Callable[[float], None] | None = None
) -> Iterator[list[str]]:
    """The rows of a sheet as text cells without empty ones at the end; an empty row is an empty list.

    Args:
        workbook: as `open_workbook` gives it.
        sheet: name of the sheet; None for the first visible one.
        report: called now and then with the share done, as far as the file says how many rows it has.

    Raises:
        UnknownSheet: no visible sheet of this name.
    """
    sheets = visible_sheets(workbook)
    if (sheet is not None and sheet not in sheets) or not sheets:
        raise errors.UnknownSheet(sheet=sheet or "", sheets=", ".join(sheets))
    page = workbook[sheet or sheets[0]]
    height = page.max_row or 1
    page.reset_dimensions()  # some programs write a wrong size, which would cut the rows
    for number, values in enumerate(page.iter_rows(values_only=True), 1):
        cells = [_unescape(as_text(value)) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if report and number % _REPORT_ROWS == 0:
            report(min(number / height, 1.0))
        yield cells


def read_sheet(
    rows: Iterator[list[str]], *, header: bool, rename: Sequence[str] | None, name: str
) -> tuple[TableBuilder, int]:
    """A sheet's table, and the number of empty rows left out between others.

    Args:
        rows: as `sheet_rows` gives them.
        header: whether the first row names the columns.
        rename: new names of the columns.
        name: of the file, for messages.

    Raises:
        EmptyFile, NoRows, and RaggedRows for a cell right of the last named column.
    """
    numbered = enumerate(rows, 1)
    first = next((cells for _, cells in numbered if cells), None)
    if first is None:
        raise errors.EmptyFile(name=name)
    found = first if header else [f"column_{i}" for i in range(1, len(first) + 1)]
    table, blank, waiting = TableBuilder(column_names(found, rename)), 0, 0
    width = len(found)
    if not header:
        table.add(first)
    for line, cells in numbered:
        if not cells:
            waiting += 1
            continue
        if len(cells) > width:
            raise errors.RaggedRows(row=table.rows + 1, line=line, expected=width, found=len(cells), count=1)
        blank, waiting = blank + waiting, 0
        table.add(cells + [""] * (width - len(cells)))
    if not table.rows:
        raise errors.NoRows(columns=", ".join(found))
    return table, blank


def _unescape(text: str) -> str:
    """Characters that XML cannot hold are written `_x000D_` in a workbook (ECMA-376, 22.9.2.19)."""
    if "_x" not in text:
        return text
    found = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
