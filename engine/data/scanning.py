"""Patterns over a million texts: RE2 over all of them finds where it is worth to look, a closer look decides.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def matching(texts: pd.Series[str], pattern: str, plain: bool = False) -> Ints:
    """Positions of the texts in which `pattern` (RE2 syntax, or plain characters) occurs."""
    cells = pa.array(texts, pa.large_string())
    mask = pc.match_substring(cells, pattern) if plain else pc.match_substring_regex(cells, pattern)
    places: Ints = np.flatnonzero(np.asarray(mask)).astype(np.int64)
    return places


def closer(texts: pd.Series[str], places: Ints, holds: Callable[[str], bool]) -> Ints:
    """Those of `places` whose text passes the closer look."""
    kept: Ints = places[np.fromiter(map(holds, texts.iloc[places]), dtype=bool, count=len(places))]
    return kept
