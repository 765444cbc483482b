"""Which tokens occur in which texts, for checks that compare groups of texts by their words.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.token_codes import token_codes

PIECE = 1_000
"""Characters looked at from the beginning and from the end of a text."""
_TOKENS = r"[\p{Han}\p{Hiragana}\p{Katakana}]+|[^\W\p{Han}\p{Hiragana}\p{Katakana}]+"


@dataclass(frozen=True)
class Presence:
    """That the text at place `texts[i]` holds the token `names[tokens[i]]`; each pair once."""

    texts: NDArray[np.int64]
    tokens: NDArray[np.int64]
    names: tuple[str, ...]
    count: int
    """How many texts were looked at."""

    def counts(self, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Texts with each token; each counted by its weight, if weights of shape (count,) are given."""
        return np.bincount(
            self.tokens, None if weights is None else weights[self.texts], len(self.names)
        ).astype(np.float64)


def token_presence(texts: Sequence[str], least: int = 2) -> Presence:
    """The tokens of texts, case folded: words, and of Chinese and Japanese all pairs of neighbouring characters.

    Args:
        texts: the texts; of long ones beginning and end.
        least: tokens in fewer texts are left out.
    """
    found = token_codes(map(_tokens, texts)).once()
    kept = found.only(np.bincount(found.codes, minlength=len(found.names)) >= least)
    return Presence(kept.texts, kept.codes, kept.names, kept.count)


def _tokens(text: str) -> list[str]:
    looked = text if len(text) <= 2 * PIECE else f"{text[:PIECE]} {text[-PIECE:]}"
    tokens: list[str] = []
    for token in _pattern().findall(looked.lower()):
        if token[0] >= "\u2e80" and len(token) > 1 and not token[0].isdigit() and _wide(token[0]):
            tokens.extend(map(add, token, token[1:]))
        else:
            tokens.append(token)
    return tokens


@lru_cache(maxsize=1)
def _pattern() -> Any:
    import regex

    return regex.compile(_TOKENS)


def _wide(letter: str) -> bool:
    """Whether a letter is written without spaces between words: Han, Hiragana, Katakana."""
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or letter >= "\U00020000"
