from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, preview_file, read_table, read_with_notes
from engine.data.readers import table as table_module
from engine.data.readers.delimited import sniff_separator
from engine.errors import DataError

Put = Callable[..., Path]


def test_cells_stay_text_exactly_as_they_came(put: Put) -> None:
    cells = ["NA", "null", "None", "007", "1e999", "True", "nan", "-0.50", " padded ", "=1+1", "", "#N/A"]
    frame = read_table(put("text,label\n" + "".join(f"row,{c}\n" for c in cells)), "x.csv")
    assert frame["label"].tolist() == cells
    assert set(map(str, frame.dtypes)) == {"str"}
    assert not frame.isna().any().any()
    assert list(frame.index) == list(range(len(cells)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_quoted_newlines(put: Put, end: str) -> None:
    text = end.join(["text,label", '"two\nlines",a', '"three\r\nwith\rall",b', '"say ""hi"", ok",c']) + end
    frame = read_table(put(text), "x.csv")
    assert frame["text"].tolist() == ["two\nlines", "three\r\nwith\rall", 'say "hi", ok']
    assert frame["label"].tolist() == ["a", "b", "c"]


def test_mixed_line_ends_without_a_last_one(put: Put) -> None:
    frame = read_table(put("text,label\r\na,1\nb,2\rc,3"), "x.csv")
    assert frame.values.tolist() == [["a", "1"], ["b", "2"], ["c", "3"]]


def test_blank_lines_are_left_out_and_counted(put: Put) -> None:
    frame, notes = read_with_notes(put("\ntext,label\n\na,1\n\n\nb,2\n\n"), "x.csv")
    assert frame["label"].tolist() == ["1", "2"]
    assert [(n.code, n.count) for n in notes] == [("blank_lines", 4)]
    assert read_with_notes(put("text,label\na,1\n"), "x.csv")[1] == ()


RAGGED = [
    (
        "a,b\n1,2,3\n4,5,6\n",
        {"row": 1, "line": 2, "expected": 2, "found": 3, "count": 2},
    ),  # pandas shifts these silently
    ("a,b\n1,2\n3\n", {"row": 2, "line": 3, "expected": 2, "found": 1, "count": 1}),
    ('a,b\n"x\ny",2\n\n5,6,7\n', {"row": 2, "line": 5, "expected": 2, "found": 3, "count": 1}),
]


@pytest.mark.parametrize(("content", "expected"), RAGGED)
def test_ragged_rows(put: Put, content: str, expected: dict[str, int]) -> None:
    path = put(content)
    with pytest.raises(errors.RaggedRows) as caught:
        read_table(path, "x.csv")
    assert caught.value.params == expected
    problem = preview_file(path, "x.csv").problem
    assert problem is not None and problem.params == expected


QUOTES = [
    ('text,label\na,1\n"b,2\nc,3\n', errors.UnclosedQuote, {"line": 3}),
    ('text,label\n"fine\nquote","open\n1\n2\n', errors.UnclosedQuote, {"line": 3}),
    ('text,label\n"good" film,1\n', errors.TextAfterQuote, {"line": 2, "opened": 2}),
    ('text,label\n"a,1\nb,"c",2\n', errors.TextAfterQuote, {"line": 3, "opened": 2}),
    ('text,"lab\n', errors.UnclosedQuote, {"line": 1}),
]


@pytest.mark.parametrize(("content", "kind", "params"), QUOTES)
def test_quotes_that_do_not_close(
    put: Put, content: str, kind: type[DataError], params: dict[str, int]
) -> None:
    path = put(content)
    with pytest.raises(kind) as caught:
        read_table(path, "x.csv")
    assert caught.value.params == params
    assert type(preview_file(path, "x.csv").problem) is kind


def test_quotes_can_be_ordinary_characters(put: Put) -> None:
    path = put('text\tlabel\n"Good" film\tpos\n"so-so\tneg\n')
    with pytest.raises(errors.TextAfterQuote):
        read_table(path, "x.tsv")
    frame = read_table(path, "x.tsv", ReadOptions(quotes=False))
    assert frame["text"].tolist() == ['"Good" film', '"so-so']


def test_an_unclosed_quote_at_the_start_of_a_large_file(put: Put) -> None:
    path = put('text,label\n"open,1\n' + "a line of text,1\n" * 200_000)
    with pytest.raises(errors.UnclosedQuote) as caught:
        read_table(path, "x.csv")
    assert caught.value.params == {"line": 2}
    assert preview_file(path, "x.csv").problem is None  # it may close further on


NAMES = [
    ("a,a,b\n1,2,3\n", errors.DuplicateColumns, ["a"]),
    ("a,,b,\n1,2,3,4\n", errors.EmptyColumnNames, ["2", "4"]),
    ("a, \n1,2\n", errors.EmptyColumnNames, ["2"]),
    ("text,row_id\n1,2\n", errors.ReservedColumn, "row_id"),
]


@pytest.mark.parametrize(("content", "kind", "named"), NAMES)
def test_column_names_are_asked_for_never_invented(
    put: Put, content: str, kind: type[DataError], named: str | list[str]
) -> None:
    path = put(content)
    with pytest.raises(kind) as caught:
        read_table(path, "x.csv")
    assert named in caught.value.params.values()
    preview = preview_file(path, "x.csv")
    assert type(preview.problem) is kind
    assert preview.columns == tuple(content.split("\n")[0].split(","))
    assert len(set(preview.rows.columns)) == len(preview.columns) and len(preview.rows) == 1
    fresh = ReadOptions(rename=tuple(f"c{i}" for i in range(len(preview.columns))))
    assert preview_file(path, "x.csv", fresh).problem is None
    assert tuple(read_table(path, "x.csv", fresh).columns) == fresh.rename
    with pytest.raises(errors.RenameMismatch):
        read_table(path, "x.csv", ReadOptions(rename=("only one",)))


def test_names_keep_their_spelling(put: Put) -> None:
    assert list(read_table(put(' Text ,标签,"a,b"\n1,2,3\n'), "x.csv").columns) == [" Text ", "标签", "a,b"]


def test_a_byte_order_mark_is_not_part_of_the_first_name(put: Put) -> None:
    for content in ("\ufefftext,label\na,1\n", '\ufeff"text","label"\na,1\n'):
        assert list(read_table(put(content), "x.csv").columns) == ["text", "label"]
        assert preview_file(put(content), "x.csv").columns == ("text", "label")


def test_header_only(put: Put) -> None:
    path = put("text,label\n\n")
    with pytest.raises(errors.NoRows, match="text, label"):
        read_table(path, "x.csv")
    assert isinstance(preview_file(path, "x.csv").problem, errors.NoRows)
    assert preview_file(path, "x.csv").columns == ("text", "label")


def test_a_file_without_a_header(put: Put) -> None:
    path, options = put("good,pos\nbad,neg\n"), ReadOptions(header=False)
    frame = read_table(path, "x.csv", options)
    assert frame.to_dict("list") == {"column_1": ["good", "bad"], "column_2": ["pos", "neg"]}
    assert preview_file(path, "x.csv", options).columns == ("column_1", "column_2")
    named = ReadOptions(header=False, rename=("text", "label"))
    assert list(read_table(path, "x.csv", named).columns) == ["text", "label"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(put: Put, separator: str) -> None:
    others = "".join({",", ";", "\t", "|"} - {separator})
    text = f"text{separator}label\nwell{others}I like it{separator}1\nnot so{separator}0\n"
    path = put(text)
    preview = preview_file(path, "x.csv")
    assert (preview.separator, preview.separator_certain, preview.problem) == (separator, True, None)
    assert set(preview.separators) == {",", ";", "\t", "|"}
    assert read_table(path, "x.csv")["label"].tolist() == ["1", "0"]


def test_a_separator_that_the_rows_do_not_settle_is_asked(put: Put) -> None:
    path = put("a,b;c\n1,2;3\n")
    assert not preview_file(path, "x.csv").separator_certain
    assert read_table(path, "x.csv", ReadOptions(separator=";")).columns.tolist() == ["a,b", "c"]
    assert sniff_separator("a,b;c\n1,2;3\n", "csv")[0] == ","


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n"])
def test_impossible_separators(put: Put, separator: str) -> None:
    path, options = put("a,b\n1,2\n"), ReadOptions(separator=separator)
    assert isinstance(preview_file(path, "x.csv", options).problem, errors.InvalidSeparator)
    with pytest.raises(errors.InvalidSeparator):
        read_table(path, "x.csv", options)


def test_too_many_columns_and_rows(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = put(",".join(f"c{i}" for i in range(100_000)) + "\n")
    with pytest.raises(errors.TooManyColumns, match="100000"):
        read_table(wide, "x.csv")
    assert isinstance(preview_file(wide, "x.csv").problem, errors.TooManyColumns)
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    with pytest.raises(errors.TooManyRows):
        read_table(put("a\n" + "x\n" * 4), "x.csv")
    assert len(read_table(put("a\n" + "x\n" * 3), "x.csv")) == 3


def test_long_texts(put: Put) -> None:
    exact = "x" * limits.MAX_TEXT
    assert read_table(put(f"text,label\n{exact},1\n"), "x.csv")["text"].str.len().tolist() == [
        limits.MAX_TEXT
    ]
    for cell in (exact + "y", f'"{exact}\n{exact}"'):
        with pytest.raises(errors.TextTooLong) as caught:
            read_table(put(f"label,text\n1,ok\n2,{cell}\n"), "x.csv")
        assert (caught.value.params["row"], caught.value.params["column"]) == (2, "text")


def test_a_line_that_never_ends(put: Put) -> None:
    path = put(b"text,label\nok,1\n" + b"x" * (10 * 1024 * 1024))
    with pytest.raises(errors.LineTooLong, match="Line 3"):
        read_table(path, "x.csv")
    cell = put('text\n"' + "many words\n" * 400_000 + '"\n')
    with pytest.raises(errors.TextTooLong) as caught:
        read_table(cell, "x.csv")
    assert caught.value.params["length"] == 4_400_000


def test_a_table_larger_than_memory_should_hold(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNPACKED", 1_000)
    with pytest.raises(errors.TableTooLarge):
        read_table(put("a\n" + "x" * 2_000 + "\n"), "x.csv")


def test_progress_grows_to_one(put: Put) -> None:
    seen: list[float] = []
    read_table(put("text,label\n" + "some text,1\n" * 200_000), "x.csv", report=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 3


@pytest.mark.parametrize("seed", range(5))
def test_what_the_csv_module_writes_comes_back(put: Put, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(table_module, "_CHUNK_ROWS", rng.randint(1, 7))
    pieces = ["a", ",", '"', "\n", "\r\n", "；", "中", "é", " ", "\t", "NA", "\ufeff", "\u2028", "'"]
    rows = [["".join(rng.choices(pieces, k=rng.randint(0, 6))) for _ in range(3)] for _ in range(40)]
    rows = [["x", *row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["k", "a", "b", "c"], *rows])
    frame = read_table(put(out.getvalue()), "x.csv", ReadOptions(separator=","))
    assert frame.values.tolist() == rows
