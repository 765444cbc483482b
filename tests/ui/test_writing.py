"""Languages and writing systems by name."""

from __future__ import annotations

from ui.panels.profile import unique
from ui.panels.reading import distinct
from ui.writing import language_name, script_name


def test_languages_are_named_with_their_code() -> None:
    assert language_name("ha") == "Hausa (ha)"
    assert language_name("unknown") == "not recognised"
    assert language_name("xx-none") == "xx-none"


def test_scripts_are_named_and_unknown_ones_keep_their_name() -> None:
    assert script_name("Han") == "Han"
    assert script_name("Latin") == "Latin"
    assert script_name("Vai") == "Vai"


def test_drafted_column_names_are_whole_distinct_and_not_ours() -> None:
    assert distinct(("a", "a", "", "a_2", "row_id")) == ["a", "a_3", "column_3", "a_2", "row_id_2"]


def test_table_heads_differ_even_if_a_label_is_called_like_one() -> None:
    assert unique(["Rows", "good", "Rows"]) == ["Rows", "good", "Rows "]
