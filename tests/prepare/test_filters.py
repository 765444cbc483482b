"""Row filters: each drops what it says and nothing else; the same rows every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.schema import ROW_ID, make_schema
from engine.data.table_view import TableView
from engine.errors import BentuError
from engine.modality import modalities
from engine.params import read_params
from engine.prepare.filters import filters
from engine.prepare.filters.languages import NoLanguages
from engine.prepare.patterns import (
    PatternInvalid,
    PatternMatchesNothing,
    PatternRepeatsTooOften,
    PatternTooLong,
    RegexTimeout,
    read_pattern,
)


def view(texts: list[str], labels: list[str] | None = None) -> TableView:
    frame = pd.DataFrame({"text": texts, "label": labels or ["a"] * len(texts)}, dtype="str")
    frame.insert(0, ROW_ID, range(100, 100 + len(texts)))
    schema = make_schema({"text": "input", "label": "label"}, ["text", "label"])
    return TableView(frame, schema, modalities.get("text-classification"))


def dropped(name: str, table: TableView, parts: pd.Series | None = None, **params: Any) -> list[int]:
    rule = filters.get(name)
    return rule.rows(table, read_params(rule.Params, params, name), parts, lambda: None).tolist()


def test_length() -> None:
    assert dropped("length", view(["a", "abcd", "a" * 30]), least=2, most=20) == [100, 102]


def test_without_a_label() -> None:
    assert dropped("unlabelled", view(["a", "b", "c"], ["x", " ", "y"])) == [101]


def test_of_copies_one_stays_and_a_sealed_one_before_others() -> None:
    table = view(["same", "other", "same ", "same"])
    assert dropped("duplicates", table) == [102, 103]
    parts = pd.Series(["train", "train", "validation", "test"], index=[100, 101, 102, 103])
    assert dropped("duplicates", table, parts) == [100, 102]


def test_nearly_repeated() -> None:
    first = "the rider was late and the soup was cold when it came to my door at last"
    table = view(
        [
            first,
            "a wholly different sentence about a bank in another town",
            first + " !!! 😀",
            first.replace("soup", "sup"),
        ]
    )
    assert dropped("near_duplicates", table) == [102, 103]


@pytest.mark.parametrize(("keep", "expected"), [("others", [100, 102]), ("matching", [101])])
def test_by_pattern(keep: str, expected: list[int]) -> None:
    assert (
        dropped("pattern", view(["加微信 abc", "很好吃", "加 微信"]), pattern=r"加\s*微信", keep=keep)
        == expected
    )


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [("(", PatternInvalid), ("", PatternMatchesNothing), ("a*", PatternMatchesNothing)],
)
def test_a_bad_pattern_is_refused_in_words(pattern: str, problem: type[BentuError]) -> None:
    with pytest.raises(problem):
        dropped("pattern", view(["a"]), pattern=pattern)


def test_a_pattern_that_never_ends_is_ended() -> None:
    from engine.prepare.patterns import MOST_CHARS, matches, read_pattern

    with pytest.raises(PatternTooLong):
        read_pattern("a" * (MOST_CHARS + 1))
    slow = read_pattern(r"(a|aa)+$|(a|a?)+$x")
    with pytest.raises(RegexTimeout):
        matches(slow, "a" * 5000 + "b")


def test_language_drops_only_what_is_certain() -> None:
    english = (
        "This is a long English sentence about the weather and the food in this town, written for a test."
    )
    chinese = "这家店的东西很好吃，送餐也很快，下次还会再来，推荐给大家尝一尝。"
    assert dropped("language", view([english, chinese, "ok"]), languages="zh") == [100]
    assert dropped("language", view([english, chinese, "ok"]), languages="zh，en") == []
    with pytest.raises(NoLanguages):
        dropped("language", view([english]), languages="1")


def test_large_classes_are_thinned_out_the_same_way_every_time() -> None:
    table = view([f"t{i}" for i in range(100)], ["big"] * 90 + ["small"] * 10)
    first = dropped("class_size", table, most=2.0)
    assert len(first) == 70
    assert first == dropped("class_size", table, most=2.0)
    assert first != dropped("class_size", table, most=2.0, seed=1)
    assert max(first) < 190


@pytest.mark.parametrize("name", [rule.name for rule in filters])
def test_an_odd_table_is_filtered_too(name: str) -> None:
    params: dict[str, Any] = {"pattern": {"pattern": "x"}, "language": {"languages": "en"}}.get(name, {})
    table = view(["", "\u0301" * 5000, "x" * 20000, "\U0001f600", "‮abc"], ["a", "", "b", "a", "a"])
    found = dropped(name, table, **params)
    assert set(found) <= set(np.arange(100, 105).tolist())
    assert found == dropped(name, table, **params)


@pytest.mark.parametrize(
    "pattern", ["a{1000000000}", "(((a{1000}){1000}){1000})", "(?x)a{ 99999999 }", "(ab){100000,}"]
)
def test_repetitions_that_would_be_written_out_for_ever_are_refused_before(pattern):
    with pytest.raises(PatternRepeatsTooOften):
        read_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\d{4}-\d{2}-\d{2}", r"[1-9]\d{5}(19|20)\d{9}[\dXx]", "a{0,65535}b", r"(\d{3}[- ]?){3}\d{4}"])  # fmt: skip
def test_usual_repetitions_are_allowed(pattern):
    assert read_pattern(pattern)
