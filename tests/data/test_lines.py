from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, preview_file, read_table, read_with_notes

Put = Callable[..., Path]


def test_one_text_a_line(put: Put) -> None:
    path = put('\ufefffirst, "quoted"\r\n\n  \nsecond\u2028still second\rthird')
    frame, notes = read_with_notes(path, "x.txt")
    assert frame.to_dict("list") == {"text": ['first, "quoted"', "second\u2028still second", "third"]}
    assert notes[0].count == 2
    preview = preview_file(path, "x.txt")
    assert (preview.columns, preview.separator, preview.problem) == (("text",), "", None)
    assert preview.rows["text"].tolist() == frame["text"].tolist()
    assert list(read_table(path, "x.txt", ReadOptions(rename=("review",))).columns) == ["review"]


def test_a_text_line_that_is_too_long(put: Put) -> None:
    with pytest.raises(errors.TextTooLong, match="Row 2"):
        read_table(put("ok\n" + "x" * (limits.MAX_TEXT + 1)), "x.txt")
    with pytest.raises(errors.LineTooLong, match="Line 2"):
        read_table(put("ok\n" + "x" * (limits.MAX_LINE + 1)), "x.txt")


def test_json_lines_keep_the_spelling_of_the_file(put: Put) -> None:
    lines = [
        '{"text": "好", "label": 1, "score": 1.50}',
        "",
        '{"label": "NA", "text": null, "extra": {"b": [1, 2.5, "é"]}}',
        '{"text": "\\ud83d\\udc4d", "label": 1e999, "flag": true, "big": 12345678901234567890}',
    ]
    frame, notes = read_with_notes(put("\n".join(lines)), "x.jsonl")
    assert list(frame.columns) == ["text", "label", "score", "extra", "flag", "big"]
    assert frame.values.tolist() == [
        ["好", "1", "1.50", "", "", ""],
        ["", "NA", "", '{"b":[1,2.5,"é"]}', "", ""],
        ["👍", "1e999", "", "", "true", "12345678901234567890"],
    ]
    assert [n.code for n in notes] == ["blank_lines"]


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_keys_that_appear_late_fill_earlier_rows(
    put: Put, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    from engine.data.readers import table

    monkeypatch.setattr(table, "_CHUNK_ROWS", 3)
    rows = [{"a": str(i)} if i % 2 else {"a": str(i), f"k{i}": "v"} for i in range(count)]
    frame = read_table(put("\n".join(map(json.dumps, rows))), "x.jsonl")
    assert [{k: v for k, v in row.items() if v} for row in frame.to_dict("records")] == rows


BAD = [
    ('{"a": 1}\n{"a": }\n', 2), ('{"a": 1}\n[1, 2]\n', 2), ('{"a": 1}\n"text"\n', 2), ('{"a": 1}\n\n{"a": 1\n', 3),
    ('{"a": 1, "a": 2}\n', 1), ('{"a": "\\ud800"}\n', 1), ('{"a": "x\\u0000"}\n', 1), ('{"a": ' + "[" * 100_000 + "\n", 1),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line"), BAD)
def test_lines_that_are_no_object(put: Put, content: str, line: int) -> None:
    path = put(content)
    with pytest.raises(errors.JsonLineInvalid) as caught:
        read_table(path, "x.jsonl")
    assert caught.value.params["line"] == line
    assert isinstance(preview_file(path, "x.jsonl").problem, errors.JsonLineInvalid)


def test_half_a_surrogate_pair_is_replaced_by_consent(put: Put) -> None:
    frame = read_table(put('{"a": "x\\ud800y\\u0000"}\n'), "x.jsonl", ReadOptions(replace_invalid=True))
    assert frame["a"].tolist() == ["x�y�"]


@pytest.mark.parametrize("content", ['[{"a": 1}]', '{\n  "a": [1]\n}\n'])
def test_one_json_document_is_not_lines(put: Put, content: str) -> None:
    with pytest.raises(errors.JsonNotLines):
        read_table(put(content), "x.json", ReadOptions(kind="jsonl"))
    assert read_table(put(content), "x.json").to_dict("list") == {"a": ["1"]}


def test_json_key_names_are_checked(put: Put) -> None:
    with pytest.raises(errors.EmptyColumnNames):
        read_table(put('{"": 1, "a": 2}\n'), "x.jsonl")
    assert list(read_table(put('{"": 1, "a": 2}\n'), "x.jsonl", ReadOptions(rename=("x", "y"))).columns) == [
        "x",
        "y",
    ]
    with pytest.raises(errors.TooManyColumns):
        read_table(put(json.dumps({str(i): 1 for i in range(limits.MAX_COLUMNS + 1)})), "x.jsonl")


def test_json_preview(put: Put) -> None:
    preview = preview_file(
        put("".join(json.dumps({"t": i, f"k{i}": ""}) + "\n" for i in range(9))), "x.jsonl"
    )
    assert preview.columns[:2] == ("t", "k0") and len(preview.columns) == 10
    assert preview.rows["t"].tolist() == ["0", "1", "2", "3", "4"]
