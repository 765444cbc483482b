"""How well a vocabulary reads texts, by slice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.models.features.tokens import Tokens, unknown_id
from engine.models.letters import count_letters
from engine.models.locality import (
    LENGTHS,
    MOST_CHARACTERS,
    MOST_TEXTS,
    count_tokens,
    count_words,
    readings,
    sample,
)
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


def test_of_very_many_or_very_long_texts_a_part_is_read() -> None:
    assert sample(["a"] * 100).tolist() == list(range(100))
    assert len(sample(["a"] * (MOST_TEXTS + 1))) == MOST_TEXTS
    long = ["x" * (MOST_CHARACTERS // 100 - number) for number in range(300)]
    found = sample(long)
    assert 90 < len(found) < 110 and sum(len(long[place]) for place in found) <= MOST_CHARACTERS
    assert found.max() - found.min() > 200, "drawn from all of them"
    assert np.array_equal(found, sample(long))
    assert len(sample(["x" * (MOST_CHARACTERS + 1)] * 2)) == 1


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


ENGLISH = ["plain english words only here, abcdefghijklmnopqrstuvwxyz", "Plain words"] * 20


def test_letters_that_a_vocabulary_cannot_write_are_counted_by_script() -> None:
    latin = Tokens.fit(ENGLISH, "pieces", 100, 32).tokenizer
    texts = ["Plain words 12", "好吃 ok", "ሰላም", "", "👍 !"]
    letters = count_letters(texts, latin, unknown_id(latin))
    assert letters.scripts == ("Ethiopic", "Han", "Latin")
    assert letters.found.tolist() == [[0, 0, 10], [0, 2, 2], [3, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert letters.written.tolist() == [[0, 0, 10], [0, 0, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    counts = count_tokens(latin, texts)
    (found,) = readings(*counts, count_words(texts), pd.DataFrame(index=range(5)), letters)
    assert found.letters == {"Latin": (12, 12), "Ethiopic": (3, 0), "Han": (2, 0)}
    assert found.written_share == pytest.approx(12 / 17)


def test_a_vocabulary_of_bytes_spells_everything_and_writes_what_is_one_piece() -> None:
    from tokenizers import ByteLevelBPETokenizer

    learnt = ByteLevelBPETokenizer()
    learnt.train_from_iterator(["好吃 好吃 好吃"] * 20, vocab_size=300, min_frequency=2, show_progress=False)
    tokenizer = learnt._tokenizer
    assert unknown_id(tokenizer) is None
    letters = count_letters(["好 abc", "ሰላም"], tokenizer, None)
    assert letters.written.sum(axis=0).tolist() == [0, 1, 3]  # Ethiopic, Han, Latin


def test_a_model_that_has_not_read_the_language_is_no_fit_however_well_it_cuts() -> None:
    tokens = Tokens.fit(TEXTS, "pieces", 500, 32).tokenizer
    counts, words = count_tokens(tokens, TEXTS), count_words(TEXTS)
    languages = ["yo"] * 200 + ["en"] * 90 + ["unknown"] * 5 + ["zxx"] * 5
    half = pd.DataFrame({"part": ["yo"] * 200 + ["other"] * 100})
    whole, yoruba, other = readings(*counts, words, half, None, languages, ("en",))
    assert (whole.verdict, whole.recognised, whole.familiar) == ("unread", 290, 90)
    assert (yoruba.verdict, yoruba.familiar_share) == ("unread", 0.0)
    assert (other.verdict, other.familiar_share) == ("fits", 1.0)
    silent = readings(*counts, words, half, None, languages, ())[0]
    assert (silent.verdict, silent.familiar_share) == ("fits", None)
