"""Sentences with numbers and names in them, in the reader's language."""

from __future__ import annotations

import pytest

from engine.data.findings import some
from engine.errors import MOST_LISTED, fill, saying
from engine.i18n import translate
from engine.prepare.leaks import MESSAGES

LEAK = MESSAGES["near_validation_in_train"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 validation row is nearly the same as a row of train."),
        ("1", "1 validation row is nearly the same as a row of train."),
        (0, "0 validation rows are nearly the same as a row of train."),
        (21, "21 validation rows are nearly the same as a row of train."),
    ],
)
def test_a_sentence_agrees_with_its_number(count: int | str, said: str) -> None:
    assert translate(LEAK, "en", count=count) == said
    assert str(count) in translate(LEAK, "zh_CN", count=count) and "|" not in translate(
        LEAK, "zh_CN", count=count
    )


def test_what_has_no_number_stays_visible() -> None:
    assert fill("{count} {count:row|rows}", {}) == "{count} {count:row|rows}"


def test_names_are_parted_as_the_language_parts_them() -> None:
    message = "Classes without a row in train, which cannot be learned: {labels}."
    assert "“a”, “b”." in translate(message, "en", labels=some(["a", "b"]))
    assert "“a”、“b”" in translate(message, "zh_CN", labels=some(["a", "b"]))
    assert "“a”, “b” and 3 more." in translate(message, "en", labels=some(["a", "b", "c", "d", "e"], 2))
    assert "“a”、“b”（另有3个）" in translate(message, "zh_CN", labels=some(["a", "b", "c", "d", "e"], 2))


def test_a_list_is_no_longer_than_a_sentence_can_hold() -> None:
    said = fill("{names}", {"names": [str(i) for i in range(1000)]})
    assert said.endswith(f", {MOST_LISTED - 1}, …")


def test_a_message_in_a_finding_is_translated_with_it() -> None:
    check = saying("Rows sorted by label")
    broke = "The check “{check}” broke, so nothing is known about what it looks for. The log says more."
    assert "Rows" not in translate(broke, "zh_CN", check=check)
