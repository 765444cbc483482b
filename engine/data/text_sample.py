"""Which of very many texts a look into them takes: a seeded sample, the smaller the longer they are, so that memory stays flat.

Stage 1 (data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST, CHARACTERS, SEED = 50_000, 10_000_000, 0


def text_sample(sizes: NDArray[np.integer[Any]], beginning: int) -> NDArray[np.int64]:
    """Places of at most `MOST` texts of which at most `CHARACTERS` characters are looked at, ascending.

    Args:
        sizes: characters of each text.
        beginning: no more of a text is looked at.
    """
    drawn = np.arange(len(sizes))
    if len(sizes) > MOST:
        drawn = np.random.default_rng(SEED).choice(len(sizes), MOST, replace=False)
    looked = np.minimum(sizes[drawn], beginning)
    if looked.sum() > CHARACTERS:
        order = np.random.default_rng(SEED).permutation(len(drawn))
        drawn = drawn[order[: max(1, int(np.searchsorted(np.cumsum(looked[order]), CHARACTERS)))]]
    return np.sort(drawn).astype(np.int64)


def at_places(texts: pd.Series, places: NDArray[np.int64]) -> pd.Series:
    """The texts at these places, in the order of the table; `iloc` would join the pieces in which Arrow holds them first, a copy of all."""
    chosen = np.zeros(len(texts), dtype=bool)
    chosen[places] = True
    return texts[chosen]
