"""The parts of one fold: what its run learns from, and what it is compared on. Test is the same in every fold.

Stage 2 (prepare).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def parts_of_fold(parts: pd.Series, folds: pd.Series, blocks: NDArray[Any], fold: int) -> pd.Series:
    """The part of each row when `fold` is validation and every other fold is train.

    A row that was added after the folds were dealt is in none and trains in all of them, unless it belongs to a row of a
    fold: then it goes where that one goes.

    Args:
        parts: of each row in the first fold.
        folds: of each row, -1 where it has none; as long as `parts`.
        blocks: what each row must not be parted from (its text, its group), in the same order.
        fold: 0-based.
    """
    codes = folds.to_numpy(dtype=np.int64)
    dealt = codes >= 0
    known = pd.Series(codes[dealt], index=blocks[dealt])
    known = known[~known.index.duplicated()]
    found = known.reindex(blocks).fillna(-1).to_numpy(dtype=np.int64)
    names = parts.to_numpy(dtype=object).copy()
    rest = np.isin(names, ("train", "validation"))
    codes = np.where(dealt, codes, found)
    names[rest & (codes == fold)] = "validation"
    names[rest & (codes != fold)] = "train"
    return pd.Series(names, index=parts.index, name=parts.name)
