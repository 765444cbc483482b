"""Hidden characters: found with their names, ordinary spelling not called suspicious, stacks of marks counted."""

from __future__ import annotations

import pytest

from engine.data.hidden import STACK, calmed, hidden_signs, suspicious


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("plain text, 中文，日本語 и кириллица\n\ttabs", []),
        ("a\u202eb\u2066c\u200f", ["U+202E", "U+2066", "U+200F"]),
        ("zero\u200bwidth\ufeff\u00ad", ["U+200B", "U+FEFF", "U+00AD"]),
        ("nul\x00 bell\x07 escape\x1b", ["U+0000", "U+0007", "U+001B"]),
        ("tag\U000e0041 filler\u3164 braille\u2800", ["U+E0041", "U+3164", "U+2800"]),
        ("private\ue000 unassigned\u0378", ["U+E000", "U+0378"]),
    ],
)
def test_what_nobody_sees_is_found_and_suspicious(text: str, codes: list[str]) -> None:
    found = hidden_signs(text)
    assert [s.code for s in found] == codes
    assert all(suspicious(s) for s in found)
    assert all(text[s.place] == chr(int(s.code[2:], 16)) for s in found)


@pytest.mark.parametrize("text", ["👩‍👩‍👧 ❤️", "می‌خواهم", "wide\u3000space", "no\u00a0break", "line\r\nend"])
def test_joiners_selectors_and_wide_spaces_are_listed_but_ordinary(text: str) -> None:
    found = hidden_signs(text)
    assert found
    assert not any(suspicious(s) for s in found)


@pytest.mark.parametrize(
    "text", ["", "ascii", "Việt Nam", "สวัสดีครับผู้ใหญ่", "שָׁלוֹם", "हिन्दी", "e\u0301 combined"]
)
def test_marks_that_writing_needs_stay(text: str) -> None:
    assert calmed(text) == text
    assert not [s for s in hidden_signs(text) if s.stacked]


def test_a_stack_of_marks_is_counted_not_drawn() -> None:
    text = "a" + "\u0300" * 500 + "b" + "\u0489" * 5
    assert calmed(text) == "a" + "\u0300" * STACK + "⟨+496⟩b" + "\u0489" * STACK + "⟨+1⟩"
    stacked = hidden_signs(text)
    assert len(stacked) == 497
    assert all(s.stacked and suspicious(s) for s in stacked)


def test_a_message_in_selectors_is_seen() -> None:
    text = "😀" + "".join(chr(0xE0100 + n) for n in range(12))
    assert len(hidden_signs(text)) == 12
    assert any(suspicious(s) for s in hidden_signs(text))
