"""Characters of texts: letters in a row, signs per 1000 characters, and addresses that are no words."""

from __future__ import annotations

import pandas as pd

from engine.data.profile.characters import letter_pairs, sign_rates, without_addresses
from engine.data.profile.wording import SIGNS, wording


def test_pairs_count_texts_not_places_and_cross_no_gap_and_no_text() -> None:
    looked, found = letter_pairs(["AB ab", "ab a", "b 好的", "好的 1a"], 30)
    assert looked == 4
    assert dict(found) == {"ab": 2, "好的": 2}
    assert letter_pairs([], 30) == (0, ())
    assert letter_pairs(["1", "?"], 30) == (2, ())


def test_rates_count_every_sign() -> None:
    texts = ["@a @b " + "x" * 44, "y" * 50]
    assert sign_rates(texts, {"mentions": [0]}, SIGNS) == {"mentions": 20.0}
    assert sign_rates([], {"mentions": []}, SIGNS) == {"mentions": 0.0}


def test_fragments_of_addresses_are_no_words_and_part_the_words_around_them() -> None:
    texts = ["see https://t.co/abc now", "see https://t.co/xyz now", "see WWW.t.co now"]
    assert without_addresses(["plain", "a http://b.c/d好"]) == ["plain", "a  ‿ 好"]
    found = wording(pd.Series(texts, dtype="str"), ["", "", ""], [], {})
    assert dict(found.words) == {"see": 3, "now": 3}
    assert found.phrases == ()
    assert (found.tokens, found.types) == (6, 2)
    assert found.signs["links"] == 3 and found.rates["links"] > 0
