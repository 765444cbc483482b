"""How well a vocabulary reads local texts, before one chooses a model: measured for each slice of the data.

"Fertility" is the number of tokens that a word costs; models spend more and understand less where it is high (Rust et al.,
"How good is your tokenizer?", 2021, section 3). In scripts written without spaces a character stands for a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from engine.models.family import IntArray
from engine.models.features.units import normalise, units

LENGTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512)
"""Reading lengths for which the share of texts that lose their end is worked out."""

DEAR, UNFIT = 2.0, 3.5
"""Tokens a word from which a vocabulary is dear, and from which it does not fit; a fresh one of 8000 pieces has 1.2 to 1.8."""

UNKNOWN = 0.05
"""Share of tokens that are unknown from which a vocabulary does not fit."""

_COVERED = 0.95
"""Share of the texts that the recommended length reads whole."""

Verdict = Literal["fits", "dear", "unfit"]


@dataclass(frozen=True)
class Reading:
    """How one vocabulary reads the texts of one slice value.

    Args:
        column, value: the slice; both empty for all texts.
        texts, words: how many were read.
        tokens: all of them together.
        unknown: tokens that the vocabulary has no piece for.
        median, p95: tokens a text.
        cut: by reading length, the share of texts that lose their end.
    """

    column: str
    value: str
    texts: int
    words: int
    tokens: int
    unknown: int
    median: float
    p95: float
    cut: Mapping[int, float]

    @property
    def fertility(self) -> float:
        """Tokens a word (a character, in scripts without spaces)."""
        return self.tokens / max(self.words, 1)

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that are unknown."""
        return self.unknown / max(self.tokens, 1)

    @property
    def length(self) -> int:
        """The shortest of `LENGTHS` that reads 95 of 100 texts whole, or the longest."""
        return next((n for n in LENGTHS if self.cut[n] <= 1 - _COVERED), LENGTHS[-1])

    @property
    def verdict(self) -> Verdict:
        """Whether the vocabulary fits these texts."""
        if self.fertility >= UNFIT or self.unknown_share >= UNKNOWN:
            return "unfit"
        return "dear" if self.fertility >= DEAR else "fits"


def count_tokens(tokenizer: Any, texts: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Tokens of each text and how many of them are unknown, special ones left out.

    Args:
        tokenizer: of the `tokenizers` library; its truncation and padding are turned off.
        texts: as the model would get them.
    """
    tokenizer.no_truncation()
    tokenizer.no_padding()
    missing = unknown_id(tokenizer)
    found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ids = [encoding.ids for encoding in found]
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    unknown = np.array([0 if missing is None else row.count(missing) for row in ids], dtype=np.int64)
    return lengths, unknown


def unknown_id(tokenizer: Any) -> int | None:
    """The number of the token for what the vocabulary lacks; None where every byte has a piece."""
    for word in ("[UNK]", "<unk>"):
        found: int | None = tokenizer.token_to_id(word)
        if found is not None:
            return found
    return None


def count_words(texts: Sequence[str]) -> IntArray:
    """Words of each text; characters in scripts without spaces."""
    return np.array([len(units(normalise(text))) for text in texts], dtype=np.int64)


def readings(
    tokens: IntArray, unknown: IntArray, words: IntArray, slices: pd.DataFrame, *, most: int = 30
) -> list[Reading]:
    """How the texts are read, all together first, then each value of each slice column, most texts first.

    Args:
        tokens, unknown, words: of each text.
        slices: one column a slice column, rows in the same order.
        most: values of a column at most.
    """
    found = [_reading("", "", tokens, unknown, words)] if len(tokens) else []
    for column in slices.columns:
        values = slices[column].astype(str)
        for value in values.value_counts().index[:most]:
            rows = (values == value).to_numpy()
            found.append(_reading(str(column), str(value), tokens[rows], unknown[rows], words[rows]))
    return found


def _reading(column: str, value: str, tokens: IntArray, unknown: IntArray, words: IntArray) -> Reading:
    return Reading(
        column, value, len(tokens), int(words.sum()), int(tokens.sum()), int(unknown.sum()), float(np.median(tokens)),
        float(np.quantile(tokens, 0.95)), {length: float((tokens > length).mean()) for length in LENGTHS},
    )  # fmt: skip
