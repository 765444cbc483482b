"""Checks that look at single texts: empty, long, damaged, and signs that one does not see."""

from __future__ import annotations

import pytest

from engine.data import limits
from tests.data.checks.looking import rows, view

TEXTS = [
    "ok",
    " \n",
    "x" * (limits.LONG_TEXT + 1),
    "a\ufffdb",
    "a\x07b",
    "a\u202eb",
    "a\u200bb",
    "a\u200db\tc\r\n",
    "",
]


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("empty_texts", [101, 108]), ("long_texts", [102]), ("damaged_texts", [103]), ("control_characters", [104]),
        ("direction_marks", [105]), ("invisible_characters", [106]),
    ],
)  # fmt: skip
def test_each_finds_its_own(check: str, expected: list[int]) -> None:
    table = view(ids=range(100, 109), text=TEXTS, label=["p"] * 9)
    assert rows(check, table) == {check: expected}
    clean = view(text=["good", "好吃", "x" * limits.LONG_TEXT, "a\u200db\tc\r\n"], label=list("pnpn"))
    assert rows(check, clean) == {}
