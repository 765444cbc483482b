"""Cross-tabs of slice columns: exact counts, rare values set apart, hostile names kept."""

from __future__ import annotations

import pandas as pd

from engine.data.labels import labels_of
from engine.data.profile.crosses import MOST_VALUES, cross_tabs
from engine.data.schema import make_schema

ROLES = {"text": "input", "label": "label", "region": "slice", "language": "slice"}


def tabs(rows: list[tuple[str, str, str]]) -> tuple:
    frame = pd.DataFrame([("t", *row) for row in rows], columns=list(ROLES), dtype="str")
    schema = make_schema(ROLES, list(frame.columns))
    return cross_tabs(frame, schema, labels_of(frame, schema))


def test_counts_are_exact() -> None:
    (found,) = tabs(
        [("pos", "north", "zh"), ("neg", "north", "zh"), ("pos", "north", "en"), ("", "south", "zh"), ("neg", " south ", "zh"), ("pos", "", "zh")]
    )  # fmt: skip
    assert (found.first, found.second) == ("region", "language")
    assert found.first_values == ("north", "south")
    assert found.second_values == ("zh", "en")
    assert found.counts == ((2, 1), (2, 0))
    north = dict(zip(found.labels, found.labelled[0][0], strict=True))
    south = dict(zip(found.labels, found.labelled[1][0], strict=True))
    assert north == {"pos": 1, "neg": 1}
    assert south == {"pos": 0, "neg": 1}
    assert found.other == 1


def test_rare_values_are_counted_as_others() -> None:
    rows = [("a", f"r{i}", "x") for i in range(MOST_VALUES)] * 2 + [("a", "rare", "x")]
    (found,) = tabs(rows)
    assert "rare" not in found.first_values
    assert found.other == 1
    assert sum(map(sum, found.counts)) == 2 * MOST_VALUES


def test_one_slice_column_has_no_cross_tab() -> None:
    frame = pd.DataFrame({"text": ["t"], "label": ["a"], "region": ["n"]}, dtype="str")
    schema = make_schema({"text": "input", "label": "label", "region": "slice"}, list(frame.columns))
    assert cross_tabs(frame, schema, labels_of(frame, schema)) == ()


def test_no_labels_and_no_values() -> None:
    (found,) = tabs([("", "", ""), ("", "", "")])
    assert found.counts == ()
    assert found.other == 2
