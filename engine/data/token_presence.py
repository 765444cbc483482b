"""Which tokens occur in which texts, for checks that compare groups of texts by their words.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    import regex

    pattern = regex.compile(_TOKENS)
    places: list[int] = []
    found: list[str] = []
    for place, text in enumerate(texts):
        looked = text if len(text) <= 2 * PIECE else f"{text[:PIECE]} {text[-PIECE:]}"
        tokens: set[str] = set()
        for token in pattern.findall(looked.lower()):
            if token[0] >= "\u2e80" and len(token) > 1 and not token[0].isdigit() and _wide(token[0]):
                tokens.update(token[i : i + 2] for i in range(len(token) - 1))
            else:
                tokens.add(token)
        found += tokens
        places += [place] * len(tokens)
    codes, names = pd.factorize(pd.Series(found, dtype="str"), sort=True)
    counts = np.bincount(codes, minlength=len(names))
    keep = counts >= least
    renamed = np.cumsum(keep) - 1
    chosen = keep[codes] if len(codes) else np.zeros(0, dtype=bool)
    return Presence(
        np.asarray(places, dtype=np.int64)[chosen], renamed[codes[chosen]].astype(np.int64),
        tuple(str(name) for name in np.asarray(names)[keep]), len(texts),
    )  # fmt: skip


def _wide(letter: str) -> bool:
    """Whether a letter is written without spaces between words: Han, Hiragana, Katakana."""
    return "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or letter >= "\U00020000"
