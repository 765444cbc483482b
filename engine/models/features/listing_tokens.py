"""Texts to rows of token numbers, as the article's listing 5.2 makes them, and the smallest repair of it.

The listing uses Keras' old `Tokenizer` and `pad_sequences`; their documented behaviour is made again here, so that training and
serving need no Keras for it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.models.features.units import normalise, units, unspaced

Variant = Literal["printed", "repaired"]
VOCABULARY = "vocabulary.json"

_FILTERS = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


def printed_words(text: str) -> list[str]:
    """What Keras' `Tokenizer` counts by default: lower case, ASCII punctuation to spaces, split at spaces.

    A text in a script without spaces is one word, or a few between ASCII punctuation marks.
    """
    return [word for word in text.lower().translate(_FILTERS).split(" ") if word]


def repaired_words(text: str) -> list[str]:
    """Words, and in scripts without spaces single characters and pairs of neighbours."""
    found = units(normalise(text))
    pairs = [a + b for a, b in pairwise(found) if unspaced(a) and unspaced(b)]
    return found + pairs


_SPLITS: dict[Variant, Callable[[str], list[str]]] = {"printed": printed_words, "repaired": repaired_words}


class ListingTokens:
    """Texts to rows of `length` numbers: a word's rank by frequency, 0 for padding, unknown words left out.

    Args:
        words: the vocabulary, most frequent first; the first has number 1.
        length: numbers a row; zeros fill up in front, and what is too long loses its beginning (Keras' defaults).
        variant: how texts are cut into words.
    """

    def __init__(self, words: Sequence[str], length: int, variant: Variant) -> None:
        self.words = tuple(words)
        self.length = length
        self.variant = variant
        self._number = {word: rank for rank, word in enumerate(self.words, start=1)}

    @classmethod
    def fit(cls, texts: Sequence[str], num_words: int, length: int, variant: Variant) -> ListingTokens:
        """The vocabulary of the training texts: numbers below `num_words`, ties in order of appearance."""
        counts = Counter(word for text in texts for word in _SPLITS[variant](text))
        spare = 1 if variant == "printed" else 2  # 0 is padding; a repaired row is never empty
        return cls([word for word, _ in counts.most_common(num_words - spare)], length, variant)

    def transform(self, texts: Sequence[str]) -> NDArray[Any]:
        """Rows of shape (n, length): float32 quantities as printed, int32 numbers as repaired.

        A text without a known word is all zeros as printed; repaired, it is the one number that no word has.
        """
        rows = np.zeros(
            (len(texts), self.length), dtype=np.float32 if self.variant == "printed" else np.int32
        )
        for row, text in zip(rows, texts, strict=True):
            known = [self._number[word] for word in _SPLITS[self.variant](text) if word in self._number]
            if not known and self.variant == "repaired":
                known = [len(self.words) + 1]  # a mean over nothing would be no number
            if known:
                kept = known[-self.length :]
                row[-len(kept) :] = kept
        return rows

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json`."""
        written = {"variant": self.variant, "length": self.length, "words": self.words}
        (folder / VOCABULARY).write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> ListingTokens:
        """What `save` wrote."""
        written = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
        return cls(written["words"], written["length"], written["variant"])
