"""What a person may choose about reading a file, and what a look at its beginning shows.

Stage 1 (data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from engine.data.types import ColumnType
from engine.errors import DataError

Kind = Literal["csv", "tsv", "txt", "jsonl", "json", "parquet", "xlsx"]
TEXT_KINDS: tuple[Kind, ...] = ("csv", "tsv", "txt", "jsonl", "json")
KINDS: tuple[Kind, ...] = (*TEXT_KINDS, "xlsx", "parquet")


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; what is None is found out from its content.

    Args:
        kind: one of `KINDS`; a text file may be read as any of `TEXT_KINDS`.
        encoding: one of `encoding.ENCODINGS` or a common alias ("gbk").
        separator: one character between fields (CSV, TSV).
        sheet: name of the sheet (XLSX); default the first visible one.
        replace_invalid: put U+FFFD in places that the encoding does not allow instead of refusing the file.
        rename: new column names in file order, one for each column.
        quotes: False where quotation marks are ordinary characters and never enclose a field (CSV, TSV).
        header: False where the first row is data; the columns are then called `column_1`, `column_2` ...
            (CSV, TSV, XLSX).
        member: which file of a ZIP archive; default its first readable one.
        unguard: take the apostrophe off cells where it keeps a spreadsheet from running a formula (CSV, TSV, XLSX).
    """

    kind: str | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    replace_invalid: bool = False
    rename: tuple[str, ...] | None = None
    quotes: bool = True
    header: bool = True
    member: str | None = None
    unguard: bool = False


@dataclass(frozen=True)
class Preview:
    """The beginning of a file as it would be read, and how certain that reading is.

    Args:
        kind: one of `KINDS`, or "" where the content is refused.
        encoding: chosen or most likely encoding; "" for XLSX and Parquet.
        encoding_certain: False where several encodings decode the bytes and none is given.
        encodings: encodings to offer, likeliest first.
        separator: chosen or most likely separator; "" where there is none.
        separator_certain: False where the rows do not settle it.
        separators: separators to offer, likeliest first.
        columns: column names as the file has them (or as renamed), also where they are empty or repeated.
        rows: the first rows, text cells; the names of repeated or empty columns carry their position here.
        sheets: visible sheets of a workbook.
        members: readable files of a ZIP archive.
        types: a draft of each column's type, from the first rows (at most `preview.SEEN`).
        size_bytes: size of the file.
        problem: what stands against reading it as chosen, as far as the beginning shows; None if nothing.
    """

    kind: str
    encoding: str
    encoding_certain: bool
    encodings: tuple[str, ...]
    separator: str
    separator_certain: bool
    separators: tuple[str, ...]
    columns: tuple[str, ...]
    rows: pd.DataFrame
    sheets: tuple[str, ...]
    size_bytes: int
    problem: DataError | None
    members: tuple[str, ...] = ()
    types: tuple[ColumnType, ...] = ()
