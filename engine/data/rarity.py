"""How much of a text is made of character sequences that hardly any other text has.

Stage 1 (data). Of what was tried on nine real sets with foreign languages, code, logs and random letters planted (distance to
the nearest neighbours and length of the projection after TF-IDF and SVD), only this told them from real texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.near_duplicates import shingles

SIZES = (2, 3)
"""Characters of a sequence that begins in a script without spaces, and in another."""
LEAST_SEQUENCES = 12
"""A shorter text is not judged: its rarity is chance."""
_RARE_SHARE, _RARE_TEXTS = 3e-4, 2
_READ_CHARS, _ALL_CHARS = 600, 8_000_000
"""Characters that are read of a text, and of all: of many texts less each."""
_NOISE = re.compile(r"@\w+|https?://[!-~]+|\s+")
_DIGIT = re.compile(r"\d")


def rarity(texts: Sequence[str]) -> NDArray[np.float64]:
    """Share of each text's character sequences that occur in at most two texts (of many: in 3 of 10 000), 0 to 1, shape (n,).

    Addresses, names (@), letter case and which digits it has do not count; short texts get 0.
    """
    most = min(_READ_CHARS, _ALL_CHARS // max(len(texts), 1))
    read = [_DIGIT.sub("0", _NOISE.sub("", text[:most].lower())) for text in texts]
    if not any(read):
        return np.zeros(len(read))
    hashes, starts = shingles(read, SIZES)
    owner = np.repeat(np.arange(len(read)), np.diff(starts))
    kinds, codes = np.unique(hashes, return_inverse=True)
    pairs = np.unique(owner * len(kinds) + codes)
    spread = np.bincount(pairs % len(kinds), minlength=len(kinds))
    rare = spread <= max(_RARE_TEXTS, _RARE_SHARE * len(read))
    inside = np.ones(len(hashes), dtype=bool)
    inside[np.maximum(starts[1:] - 1, 0)] = False  # the last sequence runs over the end of its text
    sequences = np.bincount(owner[inside], minlength=len(read))
    share = np.bincount(owner[inside], weights=rare[codes][inside], minlength=len(read)) / np.maximum(
        sequences, 1
    )
    return np.where(sequences >= LEAST_SEQUENCES, share, 0.0)
