"""Rows that are added later go where the version's own way of dividing puts them, and never near the test part."""

from __future__ import annotations

import pandas as pd
import pytest

from engine.data.near_duplicates import near_duplicate_groups
from engine.data.schema import ROW_ID, make_schema
from engine.modality import modalities
from engine.prepare.appended import place_added
from engine.recipe import Split

ROLES = {"text": "input", "label": "label", "region": "slice", "at": "time", "part": "split"}


def placed(rows, old_parts, spec, alike=False, opened=()):
    """The parts of the rows behind the first `len(old_parts)`, and the codes of what is said."""
    frame = pd.DataFrame(rows, columns=list(ROLES), dtype="str")
    frame.insert(0, ROW_ID, range(len(rows)))
    schema = make_schema(ROLES, list(ROLES), "text-classification").model_copy(update={"classes": ("a", "b")})
    parts = pd.Series(old_parts, index=range(len(old_parts)))
    groups = near_duplicate_groups(list(frame["text"])) if alike else None
    found, said = place_added(
        frame, schema, modalities.get("text-classification"), parts, spec, groups, opened
    )
    return found.iloc[len(old_parts) :].tolist(), [one.code for one in said]


OLD = [
    ("one", "a", "north", "2020-01-01", "x"),
    ("two", "b", "north", "2020-01-02", "x"),
    ("three", "a", "north", "2020-02-01", "y"),
    ("four", "b", "south", "2020-03-01", "z"),
]
PARTS = ["train", "train", "validation", "test"]


def new(text, region="north", at="2020-01-01", part="x"):
    return (text, "a", region, at, part)


def test_a_value_that_is_tested_on_is_never_trained_on():
    spec = Split(kind="slice", column="region", values=("south",))
    rows = [new("five", "south"), new("six"), new("five"), new("five")]
    parts, said = placed(OLD + rows, PARTS, spec)
    assert [parts[i] for i in (0, 2, 3)] == ["excluded"] * 3, "copies elsewhere of a tested row stay out too"
    assert parts[1] in ("train", "validation")
    assert said == ["added_beside_test"]


def test_values_to_validate_on_stay_the_only_ones():
    spec = Split(kind="slice", column="region", values=("south",), validation_values=("east",))
    parts, _ = placed([*OLD, new("five", "east"), *(new(f"n{i}") for i in range(50))], PARTS, spec)
    assert parts == ["validation"] + ["train"] * 50


def test_rows_of_the_time_of_the_test_part_are_not_trained_on():
    dates = ["2019-05-01", "2020-01-20", "2020-02-02", "2020-03-01", "2021-01-01", "soon"]
    parts, said = placed(
        OLD + [new(f"n{i}", at=date) for i, date in enumerate(dates)], PARTS, Split(kind="time")
    )
    assert parts == ["train", "validation", "validation", "excluded", "excluded", "excluded"]
    assert said == ["added_beside_test", "added_left_out"]


@pytest.mark.parametrize(("value", "part"), [("x", "train"), ("y", "validation"), ("z", "excluded"), ("train", "excluded"), ("q", "excluded")])  # fmt: skip
def test_a_mapping_of_values_holds_for_added_rows(value, part):
    mapping = {"x": "train", "y": "validation", "z": "test", "train": "test"}
    spec = Split(kind="given", column="part", mapping=mapping)
    assert placed([*OLD, new("five", part=value)], PARTS, spec)[0] == [part]


def test_rows_nearly_like_test_rows_are_left_out_where_such_rows_stay_together():
    long = "the market by the river opens early every morning and closes when the last boat has gone home"
    old = [*OLD[:3], (long, "b", "south", "2020-03-01", "z")]
    rows = [*old, new(long + " !"), new("another text altogether")]
    parts, said = placed(rows, PARTS, Split(near_duplicates=True), alike=True)
    assert parts[0] == "excluded"
    assert parts[1] != "excluded"
    assert said == ["added_beside_test"]


def test_copies_of_rows_that_somebody_saw_as_test_rows_do_not_come_back():
    parts, said = placed([*OLD, new("four"), new("five")], [*PARTS[:3], "excluded"], Split(), opened={3})
    assert parts[0] == "excluded"
    assert parts[1] != "excluded"
    assert said == ["added_beside_test"]
