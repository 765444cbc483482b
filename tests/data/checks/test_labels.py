"""Checks that look at the label column."""

from __future__ import annotations

import pytest

from engine.data.similar_names import alike, near_spelling, skeleton
from tests.data.checks.looking import rows, said, view


def labelled(labels: list[str]) -> dict[str, list[str]]:
    return {"text": [f"text {i}" for i in range(len(labels))], "label": labels}


def test_obstacles_come_alone() -> None:
    table = view(**labelled(["a", "", "a"]))
    assert rows("obstacles", table) == {"one_class": [0, 2]}
    assert rows("unlabelled_rows", table) == {"unlabelled_rows": [1]}
    assert rows("small_classes", table) == rows("similar_classes", table) == {}
    assert rows("obstacles", view(**labelled(["a", "b"]))) == {}
    nothing = view(**labelled(["", " "]))
    assert rows("obstacles", nothing) == {"no_labels": [0, 1]}
    assert rows("unlabelled_rows", nothing) == {}


def test_small_classes_are_named() -> None:
    table = view(**labelled(["a"] * 20 + ["b"] * 9 + ["c"] * 10 + ["d", "e"]))
    found = said("small_classes", table)
    assert {code: one.rows.tolist() for code, one in found.items()} == {
        "single_example": [39, 40], "small_classes": list(range(20, 29)),
    }  # fmt: skip
    assert found["small_classes"].finding.params["classes"] == ["“b”"]
    assert rows("small_classes", view(**labelled(["a", "b"] * 10))) == {}


def test_a_class_written_in_two_ways_gets_the_frequent_form() -> None:
    table = view(**labelled(["Pos", "pos", "Pos", "ｐｏｓ", "P os", "neg", "neg"]))
    found = said("similar_classes", table)["similar_classes"]
    assert found.rows.tolist() == [0, 1, 2, 3, 4]
    assert found.suggested is not None and set(found.suggested) == {"Pos"}
    (fix,) = found.finding.fixes
    assert (fix.kind, fix.params) == ("relabel", {"count": 3})
    assert rows("similar_classes", view(**labelled(["é", "e\u0301"] * 2))) == {
        "similar_classes": [0, 1, 2, 3]
    }


def test_letters_of_another_alphabet() -> None:
    found = said(
        "similar_classes", view(**labelled(["good", "gооd", "bad"]))
    )  # the o's of the second are Cyrillic
    assert found["lookalike_classes"].rows.tolist() == [0, 1] and not found["lookalike_classes"].finding.fixes
    assert "lookalike_classes" not in said("similar_classes", view(**labelled(["да", "нет", "κακό", "καλό"])))


def test_names_one_letter_apart() -> None:
    found = said("similar_classes", view(**labelled(["positive", "positve", "negative", "cat", "car"])))
    assert found["near_classes"].rows.tolist() == [0, 1]
    assert found["near_classes"].finding.severity == "info"


@pytest.mark.parametrize(
    "names",
    [
        ["politics", "health", "sports", "business", "technology", "entertainment", "religion"],
        ["positive", "negative", "neutral", "mixed"], ["station 1", "station 2", "station 12"],
        ["手机", "手表", "平板", "书籍", "洗发水", "热水器", "蒙牛", "衣服", "计算机", "水果", "酒店"],
    ],
)  # fmt: skip
def test_class_names_of_real_sets_are_told_apart(names: list[str]) -> None:
    assert rows("similar_classes", view(**labelled(names * 2))) == {}


def test_spelling_distance() -> None:
    assert near_spelling(["colour", "coluor", "colours", "flavour"]) == [
        ["colour", "coluor"],
        ["colour", "colours"],
    ]
    assert near_spelling(["abcdef", "abcxyz"]) == []
    assert alike(["РАСЕ", "PACE", "pace"], skeleton) == [["РАСЕ", "PACE", "pace"]]


def test_sorted_by_label() -> None:
    assert rows("sorted_by_label", view(**labelled(["n"] * 60 + ["p"] * 40))) == {"sorted_by_label": []}
    assert rows("sorted_by_label", view(**labelled(["n"] * 30 + [""] * 40 + ["p"] * 30))) == {
        "sorted_by_label": []
    }
    for clean in (["n", "p"] * 50, ["n"] * 100, ["n"] * 10 + ["p"] * 10):
        assert rows("sorted_by_label", view(**labelled(clean))) == {}
