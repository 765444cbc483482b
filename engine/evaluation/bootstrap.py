"""The bootstrap: how much a score would change had other rows come.

Stage 5 (evaluation). Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 6 and 13
(percentile intervals). Drawing n rows with replacement is the same as drawing how often each *kind* of row
comes (one multinomial draw over the kinds, which share truth, prediction and slices); there are far fewer kinds
than rows, so a thousand resamples of a hundred thousand rows take a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.models.family import FloatArray, IntArray

_CHUNK_BYTES = 32_000_000


def kinds_of_rows(columns: Sequence[IntArray]) -> tuple[list[IntArray], IntArray]:
    """The distinct rows of a table of codes, column by column, and how often each comes."""
    kinds, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return [np.ascontiguousarray(kinds[:, at]) for at in range(kinds.shape[1])], counts


def resamples(counts: IntArray, number: int, seed: int) -> Iterator[FloatArray]:
    """Resamples of the rows in chunks of shape (some, kinds): how often each kind comes, each row summing to n."""
    rows = int(counts.sum())
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_BYTES // (8 * len(counts)))
    for start in range(0, number, chunk):
        yield rng.multinomial(rows, counts / rows, size=min(chunk, number - start)).astype(np.float64)


def interval(samples: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """The percentile interval of each column of `samples` (resamples first); NaN samples are left out."""
    tail = (1 - confidence) / 2
    quantile = np.nanquantile if np.isnan(samples).any() else np.quantile
    low, high = quantile(samples, [tail, 1 - tail], axis=0)
    return low, high
