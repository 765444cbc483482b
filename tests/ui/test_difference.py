"""What changed between two texts is marked, and invisible characters are shown."""

from __future__ import annotations

from ui.difference import marked, visible


def test_equal_texts_have_no_marks() -> None:
    assert marked("same text", "same text") == ("same text", "same text")


def test_removed_and_added_parts_get_their_ground() -> None:
    before, after = marked("Good food", "good food")
    assert before == ":red-background[G]ood food"
    assert after == ":green-background[g]ood food"


def test_white_space_and_control_characters_are_visible() -> None:
    assert visible(" \t\n\u3000\u200b\x07") == "␣⇥⏎□⟨200B⟩⟨0007⟩"
    before, after = marked("a  b", "a b")
    assert ":red-background[␣]" in before
    assert "background" not in after


def test_user_text_is_never_markup() -> None:
    before, after = marked("**bold** [x](http://a) :red[y]", "plain")
    for text in (before, after):
        assert "**" not in text.replace("\\*", "")
        assert "](http" not in text
