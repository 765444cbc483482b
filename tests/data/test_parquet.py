from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.data import errors, limits
from engine.data.readers import ReadOptions, parquet, preview_file, read_table

Put = Callable[..., Path]


def stored(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


CELLS: list[tuple[Any, list[str]]] = [
    (pa.array(["NA", "", None]), ["NA", "", ""]),
    (pa.array([1, None, -7], pa.int16()), ["1", "", "-7"]),
    (pa.array([1.0, float("nan"), 0.1]), ["1", "", "0.1"]),
    (pa.array([float("inf"), 1e20, None]), ["inf", "1e+20", ""]),
    (pa.array([True, False, None]), ["TRUE", "FALSE", ""]),
    (pa.array(["x", None, "y"]).dictionary_encode(), ["x", "", "y"]),
    (pa.array([datetime.date(2024, 1, 31)] * 3), ["2024-01-31"] * 3),
    (pa.array([datetime.datetime(2024, 1, 31), datetime.datetime(2024, 1, 31, 5, 6), None]), ["2024-01-31", "2024-01-31 05:06:00", ""]),
    (pa.array([Decimal("1.50")] * 3), ["1.50"] * 3),
    (pa.array([[1, 2], None, []]), ["[1,2]", "", "[]"]),
    (pa.array([{"a": "é"}] * 3), ['{"a":"é"}'] * 3),
    (pa.array([None] * 3), ["", "", ""]),
    (pa.array([b"text", "é".encode(), None]), ["text", "é", ""]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "expected"), CELLS, ids=lambda v: str(v.type) if isinstance(v, pa.Array) else ""
)
def test_typed_columns_become_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: Any, expected: list[str]
) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 2)
    path = stored(tmp_path / "f", {"text": ["a", "b", "c"], "v": column})
    frame = read_table(path, "x.parquet")
    assert frame["v"].tolist() == expected
    assert set(map(str, frame.dtypes)) == {"str"}
    preview = preview_file(path, "x.parquet")
    assert (preview.kind, preview.columns, preview.problem) == ("parquet", ("text", "v"), None)
    assert preview.rows["v"].tolist() == expected


def test_binary_columns_are_named(tmp_path: Path) -> None:
    path = stored(tmp_path / "f", {"image": [b"ok", b"\xff\xfe"]})
    with pytest.raises(errors.BinaryColumn) as caught:
        read_table(path, "x.parquet")
    assert caught.value.params == {"column": "image", "row": 2}
    assert isinstance(preview_file(path, "x.parquet").problem, errors.BinaryColumn)


def test_parquet_without_rows_and_damaged(tmp_path: Path, put: Put) -> None:
    path = stored(tmp_path / "f", {"text": pa.array([], pa.string())})
    with pytest.raises(errors.NoRows, match="text"):
        read_table(path, "x.parquet")
    assert isinstance(preview_file(path, "x.parquet").problem, errors.NoRows)
    for content in (
        b"PAR1",
        b"PAR1" + bytes(100) + b"PAR1",
        stored(tmp_path / "g", {"a": ["b"]}).read_bytes()[:-8],
    ):
        with pytest.raises(errors.ParquetDamaged):
            read_table(put(content), "x.parquet")
        assert isinstance(preview_file(put(content), "x.parquet").problem, errors.ParquetDamaged)


def test_names_and_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    pq.write_table(pa.table([["x"], ["y"]], names=["a", "a"]), path)
    with pytest.raises(errors.DuplicateColumns):
        read_table(path, "x.parquet")
    assert isinstance(preview_file(path, "x.parquet").problem, errors.DuplicateColumns)
    assert list(read_table(path, "x.parquet", ReadOptions(rename=("p", "q"))).columns) == ["p", "q"]
    assert preview_file(path, "x.parquet", ReadOptions(rename=("p", "q"))).problem is None
    small = stored(tmp_path / "g", {"a": ["x" * 100] * 100})
    monkeypatch.setattr(limits, "MAX_UNPACKED", 5_000)
    with pytest.raises(errors.TableTooLarge):
        read_table(small, "x.parquet")
    monkeypatch.setattr(limits, "MAX_ROWS", 99)
    with pytest.raises(errors.TooManyRows):
        read_table(small, "x.parquet")
    monkeypatch.setattr(limits, "MAX_TEXT", 99)
    monkeypatch.setattr(limits, "MAX_ROWS", 100)
    with pytest.raises(errors.TextTooLong, match="Row 1, column “a”"):
        read_table(small, "x.parquet")
