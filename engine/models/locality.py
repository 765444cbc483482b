"""How well a vocabulary reads local texts, before one chooses a model: measured for each slice of the data.

"Fertility" is the number of tokens that a word costs; models spend more and understand less where it is high (Rust et al.,
"How good is your tokenizer?", 2021, section 3). In scripts written without spaces a character stands for a word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.languages import recognised
from engine.models.family import IntArray
from engine.models.features.tokens import unknown_id
from engine.models.features.units import normalise, units
from engine.models.letters import Letters

LENGTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512)
"""Reading lengths for which the share of texts that lose their end is worked out."""

DEAR, UNFIT = 2.0, 3.5
"""Tokens a word from which a vocabulary is dear, and from which it does not fit; a fresh one of 8000 pieces has 1.2 to 1.8."""

UNSPELT = 0.05
"""Share of tokens that are unknown from which a vocabulary does not fit."""

UNREAD = 0.5
"""Share of the texts, of those whose language is recognised, that a model must have the language of: pieces of letters cut any
language, so a model of English cuts Yoruba into 1.8 pieces a word and knows none of it."""

MOST_TEXTS, MOST_CHARACTERS = 20_000, 3_000_000
"""Texts and characters that are read: long articles are worked through for seconds, and shares settle long before."""

_COVERED = 0.95
"""Share of the texts that the recommended length reads whole."""

Verdict = Literal["fits", "dear", "unread", "unfit"]


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
        letters: by writing system, the letters and those of them that the vocabulary can write.
        recognised: texts whose language is recognised.
        familiar: of these, the ones in a language that the model has read; None where it does not say which it has read.
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
    letters: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    recognised: int = 0
    familiar: int | None = None

    @property
    def fertility(self) -> float:
        """Tokens a word (a character, in scripts without spaces)."""
        return self.tokens / max(self.words, 1)

    @property
    def unknown_share(self) -> float:
        """Share of the tokens that are unknown."""
        return self.unknown / max(self.tokens, 1)

    @property
    def written_share(self) -> float:
        """Share of the letters that the vocabulary can write."""
        found, written = (sum(counts[place] for counts in self.letters.values()) for place in (0, 1))
        return written / found if found else 1.0

    @property
    def familiar_share(self) -> float | None:
        """Share of the texts, of those whose language is recognised, in a language that the model has read."""
        return None if self.familiar is None or not self.recognised else self.familiar / self.recognised

    @property
    def length(self) -> int:
        """The shortest of `LENGTHS` that reads 95 of 100 texts whole, or the longest."""
        return next((n for n in LENGTHS if self.cut[n] <= 1 - _COVERED), LENGTHS[-1])

    @property
    def verdict(self) -> Verdict:
        """Whether the vocabulary fits these texts, and the model has read their language."""
        if self.fertility >= UNFIT or self.unknown_share >= UNSPELT:
            return "unfit"
        if self.familiar_share is not None and self.familiar_share < UNREAD:
            return "unread"
        return "dear" if self.fertility >= DEAR else "fits"


def sample(texts: Sequence[str]) -> IntArray:
    """Places of the texts that are read, in order: all, or a seeded draw of as many as the limits allow, and one at least."""
    drawn = np.random.default_rng(0).permutation(len(texts))[:MOST_TEXTS]
    within = np.cumsum([len(texts[place]) for place in drawn]) <= MOST_CHARACTERS
    within[:1] = True
    return np.asarray(np.sort(drawn[within]), dtype=np.int64)


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


def count_words(texts: Sequence[str]) -> IntArray:
    """Words of each text; characters in scripts without spaces."""
    return np.array([len(units(normalise(text))) for text in texts], dtype=np.int64)


def readings(
    tokens: IntArray, unknown: IntArray, words: IntArray, slices: pd.DataFrame, letters: Letters | None = None,
    languages: Sequence[str] = (), spoken: Collection[str] = (), *, most: int = 30,
) -> list[Reading]:  # fmt: skip
    """How the texts are read, all together first, then each value of each slice column, most texts first.

    Args:
        tokens, unknown, words: of each text.
        slices: one column a slice column, rows in the same order.
        letters: of each text.
        languages: of each text, as `engine.data.languages.languages_of` gives them.
        spoken: languages that the model has read; empty where it does not say.
        most: values of a column at most.
    """
    told = np.array([recognised(code) for code in languages], dtype=bool)
    read = np.array([code in spoken for code in languages], dtype=bool)

    def reading(column: str, value: str, rows: NDArray[np.bool_]) -> Reading:
        of = tokens[rows]
        return Reading(
            column, value, len(of), int(words[rows].sum()), int(of.sum()), int(unknown[rows].sum()), float(np.median(of)),
            float(np.quantile(of, 0.95)), {length: float((of > length).mean()) for length in LENGTHS},
            {} if letters is None else _by_script(letters, rows), int(told[rows].sum()) if len(told) else 0,
            int((told & read)[rows].sum()) if len(told) and spoken else None,
        )  # fmt: skip

    found = [reading("", "", np.ones(len(tokens), dtype=bool))] if len(tokens) else []
    for column in slices.columns:
        values = slices[column].astype(str)
        for value in values.value_counts().index[:most]:
            found.append(reading(str(column), str(value), (values == value).to_numpy()))
    return found


def _by_script(letters: Letters, rows: NDArray[np.bool_]) -> dict[str, tuple[int, int]]:
    """Letters and those that can be written, of each writing system that occurs, the commonest first."""
    sums = zip(
        letters.scripts, letters.found[rows].sum(axis=0), letters.written[rows].sum(axis=0), strict=True
    )
    counts = {script: (int(found), int(written)) for script, found, written in sums if found}
    return dict(sorted(counts.items(), key=lambda item: -item[1][0]))
