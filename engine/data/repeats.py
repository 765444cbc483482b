"""Which values of a long column come more than once, without holding all of them twice.

Stage 1 (data). Of 200 MB of different texts a dictionary would take 200 MB more; their hashes take eight bytes each.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_CHUNK = 50_000
"""Rows whose values are held at once."""


def maybe_repeated(
    values: pd.Series, form: Callable[[pd.Series], pd.Series] | None = None
) -> NDArray[np.int64]:
    """Positions of values whose hash another one has too: all that are repeated, and hardly one more.

    Args:
        values: a column.
        form: what counts as the value, worked out for some rows at a time; the value itself by default.
    """
    hashes = np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), _CHUNK):
        some = values.iloc[start : start + _CHUNK]
        some = some if form is None else form(some)
        hashes[start : start + len(some)] = [hash(value) for value in some.to_numpy(dtype=object)]
    return np.flatnonzero(pd.Series(hashes).duplicated(keep=False).to_numpy()).astype(np.int64)
