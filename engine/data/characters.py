"""The characters of many texts in a few passes of numpy: tokens in each text, and letters by writing system.

Stage 1 (data). What a character is, the pattern of a token says once for each different one; then all are looked up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.scripts import script_of

SINGLE = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
JOINED = r"[^\W\p{Han}\p{Hiragana}\p{Katakana}]"
"""What is a token by itself, and what makes one with its neighbours of the kind (patterns of the package regex)."""

_AT_ONCE = 1_000_000
_OTHER, _SINGLE, _JOINED = 0, 1, 2
_CODES = 0x110000


@dataclass(frozen=True)
class Characters:
    """`tokens` in each text, shape (n,), and the share of each writing system among all letters, largest first."""

    tokens: NDArray[np.int64]
    scripts: dict[str, float]


def count_characters(texts: pd.Series) -> Characters:
    """Look at every character of every text."""
    counts = np.zeros(_CODES, dtype=np.int64)
    kinds = np.zeros(_CODES, dtype=np.uint8)
    tokens = [np.zeros(0, dtype=np.int64)]
    for piece in _pieces(texts):
        codes = np.frombuffer("\n".join(piece).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        here = np.bincount(codes, minlength=_CODES)
        new = np.flatnonzero((here > 0) & (counts == 0))
        kinds[new] = [_kind(chr(code)) for code in new.tolist()]
        here[ord("\n")] -= len(piece) - 1
        counts += here
        seen = kinds[codes]
        begins = (seen == _SINGLE) | ((seen == _JOINED) & (np.concatenate([[_OTHER], seen[:-1]]) != _JOINED))
        ends = np.cumsum([len(text) + 1 for text in piece])
        before = np.concatenate([[0], np.cumsum(begins)])
        tokens.append(np.diff(before[np.minimum(ends, len(codes))], prepend=0))
    scripts: Counter[str] = Counter()
    for code in np.flatnonzero(counts).tolist():
        if script := script_of(chr(code)):
            scripts[script] += int(counts[code])
    total = scripts.total()
    shares = {script: count / total for script, count in scripts.most_common()}
    return Characters(np.concatenate(tokens), shares)


def _pieces(texts: pd.Series) -> Iterator[list[str]]:
    """Texts in order, so many at a time that memory stays flat."""
    sizes = np.cumsum(texts.str.len().to_numpy(dtype=np.int64))
    start = 0
    while start < len(texts):
        before = sizes[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(sizes, before + _AT_ONCE, side="right")))
        yield texts.iloc[start:stop].tolist()
        start = stop


def _kind(sign: str) -> int:
    import regex

    if regex.match(SINGLE, sign):
        return _SINGLE
    return _JOINED if regex.match(JOINED, sign) else _OTHER
