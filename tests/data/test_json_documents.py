from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, preview_file, read_table
from engine.data.readers.json_document import read_json
from engine.i18n import render_error

Put = Callable[..., Path]
ROWS = [
    {"text": "好吃", "label": 1, "score": 1.5},
    {"text": "bad", "label": None, "extra": {"b": [1, 2.5, "é"]}},
]
CELLS = {
    "text": ["好吃", "bad"],
    "label": ["1", ""],
    "score": ["1.5", ""],
    "extra": ["", '{"b":[1,2.5,"é"]}'],
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap", [lambda r: r, lambda r: {"meta": {"n": 2}, "tags": ["a"], "data": r, "next": None}]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_records(put: Put, indent: int | None, wrap: Callable[[object], object], encoding: str) -> None:
    path = put(json.dumps(wrap(ROWS), ensure_ascii=False, indent=indent).encode(encoding))
    assert read_table(path, "x.json").to_dict("list") == CELLS
    preview = preview_file(path, "x.json")
    assert preview.problem is None and preview.kind == "json" and preview.columns == tuple(CELLS)
    assert preview.rows.to_dict("list") == CELLS


@pytest.mark.parametrize(
    "content",
    [
        '{"text": ["a", "b"], "label": [1, null]}',
        '{"text": {"5": "a", "7": "b"}, "label": {"5": 1, "7": null}}',
    ],
)
def test_columns(put: Put, content: str) -> None:
    assert read_table(put(content), "x.json").to_dict("list") == {"text": ["a", "b"], "label": ["1", ""]}


def test_an_array_of_texts_is_one_column(put: Put) -> None:
    assert read_table(put('["a", "b"]'), "x.json").to_dict("list") == {"text": ["a", "b"]}


def test_numbers_keep_the_spelling_of_the_file(put: Put) -> None:
    long = "9" * 5000
    path = put(f'[{{"a": 1.50, "b": 1e999, "c": {long}, "d": [1.50, {long}], "e": true}}]')
    assert read_table(path, "x.json").iloc[0].tolist() == ["1.50", "1e999", long, f"[1.50,{long}]", "true"]


def test_a_legacy_encoding(put: Put) -> None:
    path = put(json.dumps(ROWS, ensure_ascii=False).encode("gb18030"))
    assert read_table(path, "x.json", ReadOptions(encoding="GB18030"))["text"][0] == "好吃"


BAD = [
    ('[{"a": 1},\n', errors.JsonInvalid), ('[{"a": 1}\n {"b": 2}]', errors.JsonInvalid), ('[{"a": 1}] x', errors.JsonInvalid),
    ('[{"a": 1, "a": 2}]', errors.JsonInvalid), ('[{"a": "\\ud800"}]', errors.JsonInvalid), ('[{"a": nope}]          ', errors.JsonInvalid),
    ("[[1, 2]]", errors.JsonShape), ("[1, 2]", errors.JsonShape), ('[{"a": 1}, 2]', errors.JsonShape), ('{"a": 1,\n"b": 2}', errors.JsonShape),
    ('{"a": [{"x": 1}], "b": [{"y": 1}]}', errors.JsonShape), ('{"a": [1], "b": [1, 2]}', errors.JsonShape),
    ('{"a": {"0": 1}, "b": {"1": 1}}', errors.JsonShape), ("[]", errors.EmptyFile), ('{"a": []}', errors.EmptyFile),
]  # fmt: skip


@pytest.mark.parametrize(("content", "refusal"), BAD)
def test_documents_without_a_table(put: Put, content: str, refusal: type[errors.DataError]) -> None:
    path = put(content)
    with pytest.raises(refusal) as caught:
        read_table(path, "x.json", ReadOptions(kind="json"))
    for locale in ("en", "zh_CN"):
        assert "{n" not in "".join(render_error(caught.value, locale))
    assert isinstance(preview_file(path, "x.json", ReadOptions(kind="json")).problem, refusal)


def test_the_line_of_the_fault_is_said_also_far_from_the_beginning(put: Put) -> None:
    rows = [json.dumps({"text": f"row {i}"}) for i in range(60_000)]
    rows[50_000] = '{"text": "row" "again"}'
    with pytest.raises(errors.JsonInvalid) as caught:
        read_table(put("[\n" + ",\n".join(rows) + "\n]"), "x.json")
    assert caught.value.params["line"] == 50_002


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_the_window_cuts_anywhere(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    from engine.data.readers import json_text

    monkeypatch.setattr(json_text, "_CHUNK", chunk)
    text = json.dumps({"n": 12345, "data": ROWS * 3, "t": True, "u": "é\U0001f600"})
    assert read_json(io.StringIO(text), None, "x").frame().to_dict("list") == {
        k: v * 3 for k, v in CELLS.items()
    }
    columns = '{"a": [123, 45.5, true, null], "b": [1, 2, 3, 4]}'
    assert read_json(io.StringIO(columns), None, "x").frame()["a"].tolist() == ["123", "45.5", "true", ""]


def test_a_preview_reads_only_as_far_as_it_needs(put: Put) -> None:
    path = put(
        "["
        + ",".join(json.dumps({"text": f"some words {i}", "label": i % 3}) for i in range(300_000))
        + ", oops"
    )
    began = time.process_time()
    preview = preview_file(path, "x.json")
    assert time.process_time() - began < 0.5
    assert preview.problem is None and len(preview.rows) == 5


def test_columns_are_bounded(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_JSON_COLUMN_ROWS", 3)
    with pytest.raises(errors.TooManyRows):
        read_table(put('{"a": [1, 2, 3, 4]}'), "x.json")
