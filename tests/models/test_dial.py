"""What the dial sets from facts, and the reason that it gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.models.dial import adjusted, batch_size, counted, reading_length, vocabulary
from engine.models.family import Facts, Machine, Setting, families
from tests.models.toys import MACHINE, toy_facts


def said(one: Setting) -> str:
    return one.reason.format_map(dict(one.params))


@pytest.mark.parametrize(
    ("longest", "length", "words"),
    [(10.0, 16, "no more than 10 characters, about 3 pieces"), (200.0, 64, "about 62 pieces"),
     (410.0, 128, "about 128 pieces"), (4000.0, 128, "more than 128 would take too long")],
)  # fmt: skip
def test_a_reading_length_covers_95_of_100_texts_up_to_what_is_affordable(
    longest: float, length: int, words: str
) -> None:
    found = reading_length(replace(toy_facts(), size_p95=longest), 3.2, 128)
    assert found.value == length
    assert words in said(found)


def test_each_fact_has_its_own_reason() -> None:
    few, many, han = toy_facts(300), toy_facts(20_000), toy_facts(han=0.9)
    assert (batch_size(few, 128).value, batch_size(many, 128).value) == (32, 128)
    assert "300 training rows are few" in said(batch_size(few, 128))
    assert (vocabulary(few).value, vocabulary(many).value, vocabulary(han).value) == (4000, 8000, 8000)
    assert "90 %" in said(vocabulary(han))
    assert (counted(han).value, counted(many).value) == ("characters", "both")
    uneven = replace(many, smallest_class=70)
    assert "70 of 20000 training rows: less than 50 % of" in said(adjusted("balanced", uneven))
    assert (adjusted("balanced", uneven).value, adjusted("balanced", many).value) == (True, False)
    waimai, amharic = replace(many, rows=9578, smallest_class=3194), Facts(5984, 3, 1332, 60.0, 120.0, {})
    assert (adjusted("balanced", waimai).value, adjusted("balanced", amharic).value) == (False, True)
    assert "less than 75 % of" in said(adjusted("balanced", amharic))
    networks = [family for family in families if family.needs_tensorflow and family.name != "article_listing"]
    assert all(family.defaults("balanced", uneven, MACHINE).adjust for family in networks)  # type: ignore[attr-defined]


def test_memory_is_a_reason() -> None:
    family, facts = families.get("tfidf_svm"), toy_facts(1_000_000)
    wide = family.settings("balanced", facts, Machine(2, 2**40))["max_features"]
    assert "All of them take" in said(wide)
    assert "this machine has 1099.5 GB" in said(wide)
    needed = family.estimate(family.defaults("balanced", facts, Machine(2, 2**40)), facts, MACHINE)
    tight = family.settings("balanced", facts, Machine(2, needed.memory_bytes - 1))["max_features"]
    assert tight.value < wide.value
    assert "More would take" in said(tight)
