"""Long columns are counted as short ones are, with less memory."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from engine.data import repeats
from engine.data.profile import columns, profile_table
from engine.data.repeats import maybe_repeated
from engine.data.schema import ROW_ID, make_schema
from engine.data.table_view import TableView
from engine.modality import modalities

TEXT = modalities.get("text-classification")


def series(*values: str) -> pd.Series:
    return pd.Series(list(values), dtype="str")


@pytest.mark.parametrize("chunk", [1, 3, 50_000])
def test_repeated_values_by_what_counts_as_one(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(repeats, "_CHUNK", chunk)
    values = series("a", "b", "A", "c", "b", "")
    assert maybe_repeated(values).tolist() == [1, 4]
    assert maybe_repeated(values, lambda some: some.str.lower()).tolist() == [0, 1, 2, 4]
    assert maybe_repeated(series()).tolist() == []


def test_equal_hashes_are_not_yet_equal_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "hash", lambda value: 1, raising=False)
    frame = pd.DataFrame({"text": ["a", "b", "c", "b"], "label": list("pnpn")}, dtype="str")
    monkeypatch.setattr(columns, "_LARGE", 0)
    found = profile_table(frame, make_schema({"text": "input", "label": "label"}, ["text", "label"]), TEXT)
    assert found.duplicates.model_dump() == {"groups": 1, "rows": 2, "extra": 1}
    assert found.columns[0].top == (("b", 2), ("a", 1), ("c", 1)) and found.columns[0].distinct == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_large_column_has_the_figures_of_a_small_one(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    draw = random.Random(seed)
    cells = [draw.choice([f"text {draw.randint(0, 30)}", f" alone {i}", "", " "]) for i in range(60)]
    frame = pd.DataFrame({"text": cells, "label": ["p", "n"] * 30}, dtype="str")
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    small = profile_table(frame, schema, TEXT).columns
    monkeypatch.setattr(columns, "_LARGE", -1)
    large = profile_table(frame, schema, TEXT).columns
    assert large == small


def test_stripped_cells_are_those_of_pandas_and_plain_ones_keep_their_memory() -> None:
    frame = pd.DataFrame({"text": [" a", "b\n", "c", "\u3000d", ""], "label": list("pnpnp")}, dtype="str")
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    frame.insert(0, ROW_ID, range(5))
    frame = frame.set_axis(range(10, 15))
    view = TableView(frame, schema, TEXT)
    pd.testing.assert_series_equal(view.cells("text"), frame["text"].str.strip(), check_names=False)
    plain = view.cells("label").array._pa_array.chunk(0).buffers()[2].address  # type: ignore[attr-defined]
    assert plain == frame["label"].array._pa_array.chunk(0).buffers()[2].address  # type: ignore[attr-defined]
