from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from engine.data import errors
from engine.data.readers import ReadOptions, preview_file, read_table, read_with_notes

Put = Callable[..., Path]
Fill = Callable[[Workbook, Worksheet], None]


def book(*rows: list[Any], fill: Fill | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if fill:
        fill(made, sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def edited(content: bytes, member: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one of its parts changed or added by hand, as other programs write it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys((*old.namelist(), member)):
            data = old.read(name) if name in old.namelist() else b""
            new.writestr(name, change(data.decode()).encode() if name == member else data)
    return out.getvalue()


def shared(content: bytes, change: Callable[[str], str] = str) -> bytes:
    """The workbook with its texts in one table of shared strings, as Excel writes them."""
    texts: list[str] = []

    def cell(match: re.Match[str]) -> str:
        texts.append(match[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    content = edited(
        content,
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(r't="inlineStr"><is>(.*?)</is>', cell, xml, flags=re.S),
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    content = edited(content, "[Content_Types].xml", lambda xml: xml.replace("</Types>", part))
    items = "".join(f"<si>{text}</si>" for text in texts)
    head = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return edited(content, "xl/sharedStrings.xml", lambda _: change(f"{head}{items}</sst>"))


def test_values_become_text_without_surprise(put: Put) -> None:
    cells = [
        (1, "1"), (7.0, "7"), (0.1, "0.1"), (1e20, "1e+20"), (-3, "-3"), (True, "TRUE"), ("007", "007"), ("NA", "NA"),
        ("1e999", "1e999"), (None, ""), (datetime.datetime(2024, 1, 31), "2024-01-31"),
        (datetime.datetime(2024, 1, 31, 13, 45), "2024-01-31 13:45:00"), (datetime.time(9, 30), "09:30:00"),
        ("两\n行", "两\n行"), (" padded ", " padded "), ("#N/A", "#N/A"),
    ]  # fmt: skip
    frame = read_table(put(book(["text", "v"], *(["t", value] for value, _ in cells))), "x.xlsx")
    assert frame["v"].tolist() == [text for _, text in cells]
    assert set(map(str, frame.dtypes)) == {"str"}


def test_first_visible_sheet_or_the_named_one(put: Put) -> None:
    def more(made: Workbook, sheet: Worksheet) -> None:
        sheet.sheet_state = "hidden"
        made.create_sheet("数据").append(["text"])
        made["数据"].append(["here"])
        made.create_sheet("other").append(["a"])
        made["other"].append(["there"])
        made.create_chartsheet("chart")

    path = put(book(["secret"], ["x"], fill=more))
    assert read_table(path, "x.xlsx")["text"].tolist() == ["here"]
    assert read_table(path, "x.xlsx", ReadOptions(sheet="other"))["a"].tolist() == ["there"]
    preview = preview_file(path, "x.xlsx")
    assert preview.sheets == ("数据", "other") and preview.columns == ("text",) and preview.encoding == ""
    for name in ("Sheet", "absent"):
        with pytest.raises(errors.UnknownSheet, match="数据, other"):
            read_table(path, "x.xlsx", ReadOptions(sheet=name))
        problem = preview_file(path, "x.xlsx", ReadOptions(sheet=name))
        assert isinstance(problem.problem, errors.UnknownSheet) and problem.sheets == ("数据", "other")


def test_formulas_give_their_stored_result(put: Put) -> None:
    content = edited(
        book(["text", "n"], ["a", "=1+1"]), "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(r"<f>1\+1</f><v ?/?>(</v>)?", "<f>1+1</f><v>2</v>", xml),
    )  # fmt: skip
    assert read_table(put(content), "x.xlsx")["n"].tolist() == ["2"]


def test_merged_cells_and_empty_rows(put: Put) -> None:
    def merge(made: Workbook, sheet: Worksheet) -> None:
        sheet.merge_cells("B2:B3")
        sheet["C9"].number_format = "0.00"  # a formatted but empty cell below the table

    rows: list[list[Any]] = [
        ["text", "label"],
        ["a", "1"],
        ["b", None],
        [None, None],
        ["c", "2"],
        [None, ""],
        [],
    ]
    frame, notes = read_with_notes(put(book(*rows, fill=merge)), "x.xlsx")
    assert frame.values.tolist() == [["a", "1"], ["b", ""], ["c", "2"]]
    assert [(n.code, n.count) for n in notes] == [("blank_lines", 1)]


def test_a_wrong_size_in_the_file_cuts_nothing(put: Put) -> None:
    content = edited(
        book(["text", "label"], ["a", "1"], ["b", "2"]), "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1"', xml),
    )  # fmt: skip
    assert read_table(put(content), "x.xlsx")["label"].tolist() == ["1", "2"]


def test_escaped_characters(put: Put) -> None:
    content = book(["text"], ["a_x000D_\nb_x4F60_ _xD800_ c_x"])
    for made in (content, shared(content)):
        assert read_table(put(made), "x.xlsx")["text"].tolist() == ["a\r\nb你 � c_x"]


def test_rich_text_in_shared_strings(put: Put) -> None:
    content = shared(
        book(["text"], ["MARK"]),
        lambda xml: xml.replace("<t>MARK</t>", "<r><t>two </t></r><r><t>runs</t></r>"),
    )
    assert read_table(put(content), "x.xlsx")["text"].tolist() == ["two runs"]


def test_shapes_that_are_no_table(put: Put) -> None:
    cases: list[tuple[bytes, type[Exception]]] = [
        (book(), errors.EmptyFile), (book(["text", "label"]), errors.NoRows), (book(["a", "a"], [1, 2]), errors.DuplicateColumns),
        (book(["a", None, "b"], [1, 2, 3]), errors.EmptyColumnNames),
    ]  # fmt: skip
    for content, kind in cases:
        path = put(content)
        with pytest.raises(kind):
            read_table(path, "x.xlsx")
        assert type(preview_file(path, "x.xlsx").problem) is kind
    with pytest.raises(errors.RaggedRows, match=r"Row 2 \(line 3\) has 3 fields"):
        read_table(put(book(["a", "b"], [1, 2], [1, 2, 3])), "x.xlsx")


def test_progress_of_a_sheet(put: Put) -> None:
    seen: list[float] = []
    read_table(put(book(["text"], *([f"text {i}"] for i in range(4_500)))), "x.xlsx", report=seen.append)
    assert len(seen) == 3 and seen == sorted(seen) and seen[-1] == 1.0


def test_header_and_names_can_be_chosen(put: Put) -> None:
    path = put(book(["good", 1], ["bad", 0]))
    frame = read_table(path, "x.xlsx", ReadOptions(header=False, rename=("text", "label")))
    assert frame.values.tolist() == [["good", "1"], ["bad", "0"]]
    assert preview_file(path, "x.xlsx", ReadOptions(header=False)).columns == ("column_1", "column_2")


def test_a_damaged_workbook(put: Put) -> None:
    content = edited(book(["a"], ["b"]), "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2])
    with pytest.raises(errors.WorkbookDamaged):
        read_table(put(content), "x.xlsx")
    assert isinstance(preview_file(put(content), "x.xlsx").problem, errors.WorkbookDamaged)
    cut = book(["a"], ["b"])
    with pytest.raises(errors.WorkbookDamaged):
        read_table(put(cut[: len(cut) // 2]), "x.xlsx")
    missing = edited(book(["a"], ["b"]), "xl/workbook.xml", lambda xml: "not xml")
    with pytest.raises(errors.WorkbookDamaged):
        read_table(put(missing), "x.xlsx")


def test_the_preview_of_many_strings_parses_only_the_first(put: Put) -> None:
    rows = ([f"text number {i}"] for i in range(3_000))
    content = shared(
        book(["text"], *rows), lambda xml: xml[: int(len(xml) * 0.9)]
    )  # who parses it all stumbles
    assert preview_file(put(content), "x.xlsx").rows["text"].tolist() == [
        f"text number {i}" for i in range(5)
    ]
    with pytest.raises(errors.WorkbookDamaged):
        read_table(put(content), "x.xlsx")
