"""Whether two groups of rows differ by more than chance: Jensen-Shannon divergence against shuffled groups.

Stage 1 (data). The null is exact under exchange of rows (a permutation test), so that data without drift give no alarm
more often than `LEVEL` says, whatever their size; `least` keeps large data from alarming about trifles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROUNDS, LEVEL, SEED = 199, 0.005, 0
LEAST_ROWS = 60
"""Rows of each third below which nothing is said."""


@dataclass(frozen=True)
class Difference:
    """How far apart two groups are, and the largest distance that chance gave.

    Args:
        divergence: Jensen-Shannon divergence in bits, 0 to 1 (Lin 1991).
        chance: the largest of `ROUNDS` divergences of shuffled groups.
    """

    divergence: float
    chance: float

    def real(self, least: float) -> bool:
        """Whether no shuffling came near it and it exceeds chance by at least `least` bits."""
        return self.divergence > self.chance and self.divergence - self.chance >= least


def thirds(times: pd.Series[pd.Timestamp]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Positions of the rows of the first and of the last third of time; None where too few have a date, or all the same."""
    dated = np.flatnonzero(times.notna())
    if len(dated) < 3 * LEAST_ROWS:
        return None
    moments = times.iloc[dated].astype("int64").to_numpy()
    low = np.quantile(moments, 1 / 3, method="lower")
    high = np.quantile(moments, 2 / 3, method="higher")
    if low >= high:
        return None
    return dated[moments <= low], dated[moments >= high]


def sampled(
    early: NDArray[np.int64], late: NDArray[np.int64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A seeded sample of both, and which of it is late."""
    rng = np.random.default_rng(SEED)
    parts = [
        part if len(part) <= most else np.sort(rng.choice(part, most, replace=False))
        for part in (early, late)
    ]
    return np.concatenate(parts), np.repeat([False, True], [len(part) for part in parts])


def compare(rows: NDArray[np.int64], kinds: NDArray[np.int64], late: NDArray[np.bool_]) -> Difference:
    """Compare how often each kind occurs in the early and in the late rows.

    Args:
        rows: row of each occurrence, shape (m,), counted from 0.
        kinds: kind of each occurrence (a class, a token), shape (m,).
        late: whether each row is a late one, shape (n,).
    """
    rng = np.random.default_rng(SEED)
    width = int(kinds.max()) + 1 if len(kinds) else 1
    total = np.bincount(kinds, minlength=width).astype(np.float64)

    def divergence(of: NDArray[np.bool_]) -> float:
        second = np.bincount(kinds, of[rows], width).astype(np.float64)
        return jensen_shannon(total - second, second)

    chance = max(divergence(rng.permutation(late)) for _ in range(ROUNDS))
    return Difference(divergence(late), chance)


def jensen_shannon(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence in bits of two lists of counts; 0 where one of them is empty."""
    if not first.sum() or not second.sum():
        return 0.0
    p, q = first / first.sum(), second / second.sum()
    middle = (p + q) / 2
    return float((_relative(p, middle) + _relative(q, middle)) / 2)


def _relative(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())
