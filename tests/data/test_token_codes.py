from __future__ import annotations

import random

import numpy as np

from engine.data.token_codes import token_codes
from engine.data.token_presence import token_presence


def test_tokens_are_numbered_as_they_come() -> None:
    found = token_codes([["b", "a", "b"], [], ["a", "c"]])
    assert found.names == ("b", "a", "c") and found.count == 3
    assert found.codes.tolist() == [0, 1, 0, 1, 2] and found.texts.tolist() == [0, 0, 0, 2, 2]


def test_each_token_once_a_text() -> None:
    found = token_codes([["b", "a", "b"], ["a", "a"]]).once()
    assert list(zip(found.texts.tolist(), found.codes.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1)]


def test_those_that_are_kept_are_renamed_by_their_letters() -> None:
    found = token_codes([["c", "b", "a"], ["b", "c"]]).only(np.array([True, False, True]))
    assert (
        found.names == ("a", "c") and found.codes.tolist() == [1, 0, 1] and found.texts.tolist() == [0, 0, 1]
    )


def test_nothing_at_all() -> None:
    for found in (token_codes([]), token_codes([[], []])):
        assert not len(found.once().only(np.zeros(0, dtype=bool)).codes) and found.names == ()


def test_presence_is_what_sets_of_words_say() -> None:
    draw = random.Random(0)
    words = ["good", "Bad", "味道好", "很", "x1", "你好吗", "カナ"]
    texts = [" ".join(draw.choices(words, k=draw.randint(0, 5))) for _ in range(200)]
    found = token_presence(texts, 2)
    said = {(text, found.names[token]) for text, token in zip(found.texts, found.tokens, strict=True)}
    for place, text in enumerate(texts):
        own = {
            word.lower() for word in text.split() if (len(word) > 1 and word[0] < "\u2e80") or word == "很"
        }
        own |= {word[i : i + 2] for word in text.split() if word[0] >= "\u2e80" for i in range(len(word) - 1)}
        assert {name for at, name in said if at == place} == own
    assert len(said) == len(found.texts) and list(found.names) == sorted(found.names)
