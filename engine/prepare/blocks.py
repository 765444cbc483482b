"""Blocks of rows that must stay together, and how they are drawn into parts.

Stage 2 (prepare). Parts are small numbers here: 0 train, 1 validation, 2 test, -1 left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.models.family import FloatArray, IntArray

OUT, TRAIN, VALIDATION, TEST = -1, 0, 1, 2

Shares = tuple[float, float, float]


def block_ids(keys: IntArray, groups: IntArray | None) -> IntArray:
    """The block of each row: rows linked by an equal key or an equal group, directly or through others.

    Args:
        keys: codes of the duplicate keys, shape (n,), 0-based.
        groups: codes of the group values, shape (n,), -1 where a row has none; None without a group column.

    Returns:
        Block numbers, shape (n,), 0-based without gaps.
    """
    if groups is not None and (groups >= 0).any():
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        linked = groups >= 0
        key_count = int(keys.max()) + 1
        size = key_count + int(groups.max()) + 1
        edges = (keys[linked], groups[linked] + key_count)
        graph = coo_array((np.ones(linked.sum(), dtype=np.int8), edges), shape=(size, size))
        keys = connected_components(graph, directed=False)[1][keys]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def draw_parts(labels: IntArray, blocks: IntArray, shares: Shares, seed: int, stratified: bool) -> IntArray:
    """Draw whole blocks into parts, close to `shares`, with every class in train.

    Blocks are shuffled once. The first block of each class goes to train. The others are dealt out stratum by
    stratum (a block belongs to its rarest class): blocks above 1 % of the stratum one by one to the part that
    lacks most rows, the many small ones by their place in the shuffled row. What rounding leaves over is
    handed to the next stratum, so that many rare classes together still fill every part.

    Args:
        labels: class codes, shape (n,), 0-based.
        blocks: block numbers, shape (n,), 0-based without gaps.
        shares: of train, validation and test, summing to 1; a part with share 0 stays empty.
        seed: of the shuffle.
        stratified: keep the share of each class; otherwise all blocks are one stratum.

    Returns:
        The part of each row, shape (n,).
    """
    sizes = np.bincount(blocks)
    order = np.random.default_rng(seed).permutation(len(sizes))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))

    class_rows = np.bincount(labels)
    first = np.full(len(class_rows), len(sizes), dtype=np.int64)
    np.minimum.at(first, labels, rank[blocks])
    fixed = np.zeros(len(sizes), dtype=bool)
    fixed[order[first[class_rows > 0]]] = True

    stratum = np.zeros(len(sizes), dtype=np.int64)
    if stratified:
        rarity = np.argsort(np.argsort(class_rows, kind="stable"))
        stratum[:] = len(class_rows)
        np.minimum.at(stratum, blocks, rarity[labels])

    parts = np.full(len(sizes), TRAIN, dtype=np.int64)
    carry = np.zeros(3)
    by_stratum = np.lexsort((rank, stratum))
    for members in np.split(by_stratum, np.flatnonzero(np.diff(stratum[by_stratum])) + 1):
        wanted = np.array(shares) * sizes[members].sum() + carry
        lacking = wanted.copy()
        lacking[TRAIN] -= sizes[members[fixed[members]]].sum()
        free = members[~fixed[members]]
        parts[free] = _deal(sizes[free], lacking, shares)
        got = np.bincount(parts[members], weights=sizes[members], minlength=3)
        carry = np.clip(wanted - got, -1, 1)
    _fill_empty_parts(parts, sizes, fixed, rank, shares)
    return parts[blocks]


def _deal(sizes: IntArray, lacking: FloatArray, shares: Shares) -> IntArray:
    """A part for each block (given in shuffled order) so that the parts get the rows they lack."""
    dealt = np.full(len(sizes), TRAIN, dtype=np.int64)
    large = sizes * 100 > sizes.sum()
    left = [rows if share > 0 else -np.inf for rows, share in zip(lacking.tolist(), shares, strict=True)]
    large_first = np.flatnonzero(large)
    for block in large_first[np.argsort(-sizes[large_first], kind="stable")].tolist():
        part = left.index(max(left))
        left[part] -= int(sizes[block])
        dealt[block] = part
    bounds = np.cumsum(np.maximum(left, 0))
    small = ~large
    if bounds[-1] > 0 and small.any():
        ends = np.cumsum(sizes[small])
        places = (ends - sizes[small] / 2) / ends[-1] * bounds[-1]
        dealt[small] = np.searchsorted(bounds[:2], places, side="right")
    return dealt


def _fill_empty_parts(
    parts: IntArray, sizes: IntArray, fixed: NDArray[np.bool_], rank: IntArray, shares: Shares
) -> None:
    """Give validation, then test, a smallest free block of train, or else of the other part, when they got none."""
    for part, other in ((VALIDATION, TEST), (TEST, VALIDATION)):
        free = np.flatnonzero((parts == TRAIN) & ~fixed)
        if not len(free) and (parts == other).sum() > 1:
            free = np.flatnonzero(parts == other)
        if shares[part] > 0 and not (parts == part).any() and len(free):
            parts[free[np.lexsort((rank[free], sizes[free]))[0]]] = part
