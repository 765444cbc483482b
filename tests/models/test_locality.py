"""How well a vocabulary reads texts, by slice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.models.features.tokens import Tokens
from engine.models.locality import LENGTHS, count_tokens, count_words, readings
from tests.models.toys import texts_of

TEXTS, _ = texts_of(300, seed=1)


def test_a_vocabulary_of_other_texts_reads_worse() -> None:
    own = Tokens.fit(TEXTS, "pieces", 500, 32)
    foreign = Tokens.fit(["plain english words only here"] * 20, "pieces", 100, 32)
    slices = pd.DataFrame(
        {"script": ["Han" if any("一" <= c <= "鿿" for c in text) else "Latin" for text in TEXTS]}
    )
    words = count_words(TEXTS)
    mine, theirs = (readings(*count_tokens(t.tokenizer, TEXTS), words, slices) for t in (own, foreign))
    assert (mine[0].column, mine[0].value) == ("", "")
    assert {r.value for r in mine[1:]} == {"Han", "Latin"}
    assert sum(r.texts for r in mine[1:]) == mine[0].texts == 300
    assert mine[0].verdict == "fits"
    assert mine[0].unknown_share == 0
    assert theirs[0].verdict == "unfit"
    assert theirs[0].fertility > mine[0].fertility
    assert theirs[0].unknown_share > 0.05


def test_truncation_does_not_hide_length() -> None:
    tokens = Tokens.fit(TEXTS, "characters", 500, 4)
    lengths, unknown = count_tokens(tokens.tokenizer, ["abcabcabc" * 20])
    assert lengths[0] > 100
    assert len(unknown) == 1


def test_words_are_characters_where_there_are_no_spaces() -> None:
    assert count_words(["fast and friendly", "好吃 很快", "", "ọ̀nà dára"]).tolist() == [3, 4, 0, 2]


def test_the_length_reads_95_of_100_texts_whole() -> None:
    tokens = np.array([10] * 95 + [100] * 5)
    (found,) = readings(tokens, np.zeros(100, dtype=np.int64), tokens, pd.DataFrame(index=range(100)))
    assert found.length == 16
    assert found.cut[16] == pytest.approx(0.05)
    (longer,) = readings(tokens * 100, tokens * 0, tokens, pd.DataFrame(index=range(100)))
    assert longer.length == LENGTHS[-1]
    assert longer.verdict == "unfit"
    assert readings(tokens[:0], tokens[:0], tokens[:0], pd.DataFrame()) == []
