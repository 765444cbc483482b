"""The map: alike examples near each other, the same on every run, and nothing breaks on odd tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.data.example_map import map_examples, slice_column
from engine.data.schema import make_schema
from engine.data.table_view import TableView
from engine.modality import modalities


def view(texts: list[str], labels: list[str] | None = None) -> TableView:
    frame = pd.DataFrame({"text": texts, "label": labels or ["a"] * len(texts)}, dtype="str")
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    return TableView(frame, schema, modalities.get("text-classification"))


def two_topics() -> TableView:
    rng = np.random.default_rng(0)
    food, money = (
        ["rice", "soup", "noodle", "spicy", "tasty", "dish"],
        ["loan", "bank", "rate", "interest", "account", "branch"],
    )
    texts = [" ".join(rng.choice(words, 8)) for words in (food, money) for _ in range(60)]
    return view(texts, ["food"] * 60 + ["money"] * 60)


def test_alike_examples_lie_together() -> None:
    places = map_examples(two_topics()).places
    centres = places.groupby("label")[["x", "y"]].mean()
    spread = places.groupby("label")[["x", "y"]].std().to_numpy().max()
    assert np.linalg.norm(centres.loc["food"] - centres.loc["money"]) > 2 * spread
    assert places[["x", "y"]].abs().to_numpy().max() <= 1


def test_slices_stand_beside_the_places() -> None:
    frame = pd.DataFrame({"text": ["a b", "c d", "e f"], "x": ["north", "", "south"]}, dtype="str")
    schema = make_schema({"text": "input", "x": "slice"}, ["text", "x"])
    places = map_examples(TableView(frame, schema, modalities.get("text-classification"))).places
    assert places[slice_column("x")].tolist() == ["north", "", "south"]


def test_the_same_table_gives_the_same_map() -> None:
    first, second = map_examples(two_topics()), map_examples(two_topics())
    pd.testing.assert_frame_equal(first.places, second.places)
    assert first.kept == second.kept


def test_a_sample_is_drawn_where_there_are_more() -> None:
    found = map_examples(two_topics(), most=50)
    assert found.rows == 120
    assert len(found.places) == 50
    assert found.places["row_id"].is_monotonic_increasing


def test_a_models_features_place_the_rows_that_are_not_left_out() -> None:
    def lengths_apart(texts: pd.Series) -> np.ndarray:
        return np.column_stack([texts.str.len(), np.zeros(len(texts))])

    table = view(["a", "aa", "aaa", "aaaaaaaaa"])
    found = map_examples(table, embed=lengths_apart, without=[3, 99])
    assert found.places["row_id"].tolist() == [0, 1, 2]
    assert found.places["x"].tolist() == [-1, 0, 1]
    assert (found.rows, found.left_out, found.kept) == (4, 1, 1.0)


@pytest.mark.parametrize(
    "texts", [["one"], ["", ""], ["", "", "a"], ["same"] * 5, ["a", "b"], ["\u0301" * 5000, "x"]]
)
def test_odd_tables_get_a_map_too(texts: list[str]) -> None:
    places = map_examples(view(texts)).places
    assert len(places) == len(texts)
    assert np.isfinite(places[["x", "y"]].to_numpy()).all()
