"""Checks that look at columns: sizes of classes and slices, ids, constants, given parts, dates."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.data.schema import ROW_ID
from tests.data.checks.looking import ROLES, rows, said, view


def numbered(count: int) -> list[str]:
    return [f"text number {i}" for i in range(count)]


def test_class_imbalance() -> None:
    table = view(text=numbered(66), label=["good"] * 50 + ["bad"] * 5 + ["odd"] * 11)
    found = said("class_imbalance", table)["class_imbalance"]
    assert found.rows.tolist() == list(range(50, 55))
    assert found.finding.params["ratio"] == 10 and found.finding.params["smallest"] == ["“bad”"]
    assert rows("class_imbalance", view(text=numbered(59), label=["good"] * 53 + ["bad"] * 6)) == {}
    assert rows("class_imbalance", view(text=numbered(9), label=["good"] * 9)) == {}


def test_small_slices() -> None:
    regions = ["north"] * 40 + ["south"] * 30 + ["east"] * 29 + ["west"] + [""] * 5
    found = said("small_slices", view(text=numbered(105), region=regions))["small_slices"]
    assert found.rows.tolist() == list(range(70, 100))
    assert found.finding.params["values"] == ["“west”", "“east”"]
    assert rows("small_slices", view(text=numbered(100), region=["north"] * 50 + ["south"] * 50)) == {}
    assert (
        rows("small_slices", view(text=numbered(100), region=numbered(100))) == {}
    )  # ids, which another check names


def test_slices_written_in_two_ways() -> None:
    table = view(text=numbered(6), region=["Kano", "kano", "Ｋano", "Lagos", "", "Lagos "])
    assert rows("similar_slices", table) == {"similar_slices": [0, 1, 2]}
    assert rows("similar_slices", view(text=numbered(2), region=["Kano", "Lagos"])) == {}


def test_constant_columns() -> None:
    found = said("constant_columns", view(text=numbered(3), region=["x", " x", "x"], who=["a", "b", "a"]))
    (fix,) = found["constant_column"].finding.fixes
    assert (fix.kind, fix.params) == ("role", {"column": "region", "role": "ignore"})
    assert rows("constant_columns", view(text=numbered(3), region=["x", "", "x"])) == {}
    assert rows("constant_columns", view(text=["same"] * 3)) == {}  # the only input: other checks speak of it


@pytest.mark.parametrize(
    ("columns", "column", "role"),
    [
        ({"region": [f"r{i}" for i in range(60)]}, "region", "id"),
        ({"who": [str(i) for i in range(60)]}, "who", "id"),
        ({"label": numbered(60)}, "label", None),
        ({"text": [str(10_000 + i) for i in range(60)]}, "text", None),
    ],
)  # fmt: skip
def test_columns_that_name_rows(columns: Mapping[str, list[str]], column: str, role: str | None) -> None:
    table = view(**{"text": numbered(60), **columns})
    found = said("id_like_columns", table)["id_like_column"].finding
    assert found.params["column"] == column
    assert [fix.params for fix in found.fixes] == ([] if role is None else [{"column": column, "role": role}])


def test_a_second_id_is_ignored_instead() -> None:
    roles = {**ROLES, "code": "id"}
    table = view(roles, text=numbered(60), who=[str(i) for i in range(60)], code=[str(i) for i in range(60)])
    (fix,) = said("id_like_columns", table)["id_like_column"].finding.fixes
    assert fix.params == {"column": "who", "role": "ignore"}


def test_texts_and_groups_are_no_ids() -> None:
    clean = view(text=numbered(60), label=["a", "b"] * 30, who=[str(i % 20) for i in range(60)])
    assert rows("id_like_columns", clean) == {}
    chinese = view(text=[f"第{i}家店" for i in range(60)], label=["a", "b"] * 30)
    assert rows("id_like_columns", chinese) == {}


def test_overlap_of_given_parts_by_pair() -> None:
    table = view(
        ids=range(100, 109), text=["a", "b", "c", "a", "b", "a", "d", "d", "c"], label=["p"] * 9,
        part=["train", "train", "train", "dev", "Test", "train", "dev", "dev", "spare"],
    )  # fmt: skip
    found = list(said_all(table))
    assert [(f.finding.params["first"], f.finding.params["second"], f.rows.tolist()) for f in found] == [
        ("train", "dev", [100, 103, 105]), ("train", "Test", [101, 104]),
    ]  # fmt: skip
    assert [fix.kind for fix in found[0].finding.fixes] == ["regroup"]
    assert not list(said_all(view(text=["a", "a", "b"], label=["p"] * 3, part=["train", "train", "dev"])))
    assert not list(said_all(view(text=["a", "a", "b"], label=["p"] * 3)))


def said_all(table):  # type: ignore[no-untyped-def]
    from engine.data.checks import checks

    return checks.get("split_overlap").run(table)


def test_missing_values_name_their_column() -> None:
    table = view(text=numbered(3), region=["", "x", "y"], day=["2024-01-01", " ", "2024-01-02"])
    assert [one.finding.params["column"] for one in _missing(table)] == ["region", "day"]
    assert [one.rows.tolist() for one in _missing(table)] == [[0], [1]]
    assert ROW_ID not in table.frame


def _missing(table):  # type: ignore[no-untyped-def]
    from engine.data.checks import checks

    return list(checks.get("missing_values").run(table))
