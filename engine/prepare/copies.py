"""How many copies each train row gets: a factor for all, and more for the small classes.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.models.family import IntArray
from engine.prepare.draw import Draw
from engine.recipe import Augmentation

MOST_COPIES = 20
"""Most copies of one row: a class of three rows does not become one of ten thousand by repeating itself."""


def planned_counts(counts: Sequence[int], spec: Augmentation) -> list[int]:
    """Rows and copies of each class together, as the recipe asks for them.

    Args:
        counts: train rows of each class.
        spec: factor and balance; where it asks for no copies the counts come back.
    """
    if not spec.active:
        return list(counts)
    grown = [rows + round(rows * spec.factor) for rows in counts]
    level = round(max(grown, default=0) * spec.balance)
    return [min(max(g, level), rows * (1 + MOST_COPIES)) for g, rows in zip(grown, counts, strict=True)]


def copies_of_rows(labels: IntArray, row_ids: IntArray, spec: Augmentation, seed: int) -> IntArray:
    """Copies of each row, shape (n,): spread evenly within a class, what is left over goes to rows drawn by `seed`.

    Args:
        labels: class codes from 0, shape (n,).
        row_ids: names of the rows; the draw of a row depends on its id, not on where it stands.
    """
    counts = np.bincount(labels) if len(labels) else np.zeros(0, dtype=np.int64)
    wanted = np.array(planned_counts(counts.tolist(), spec), dtype=np.int64) - counts
    copies = np.zeros(len(labels), dtype=np.int64)
    rank = np.array([Draw(seed, spec.seed, int(row)).below(2**53) for row in row_ids], dtype=np.int64)
    for code, extra in enumerate(wanted.tolist()):
        rows = np.flatnonzero(labels == code)
        if extra <= 0 or not len(rows):
            continue
        each, over = divmod(extra, len(rows))
        copies[rows] = each
        copies[rows[np.argsort(rank[rows], kind="stable")[:over]]] += 1
    return copies
