"""Blocks of rows that must stay together, and how they are drawn into parts.

Stage 2 (prepare). Parts are small numbers here: 0 train, 1 validation, 2 test, -1 left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.models.family import FloatArray, IntArray

OUT, TRAIN, VALIDATION, TEST = -1, 0, 1, 2

Shares = tuple[float, float, float]


def block_ids(keys: IntArray, *links: IntArray | None) -> IntArray:
    """The block of each row: rows linked by an equal key, group or cluster, directly or through others.

    Args:
        keys: codes of the duplicate keys, shape (n,), 0-based.
        *links: codes of group values or of near-duplicate groups, each of shape (n,), -1 where a row has none; None
            where there is no such column.

    Returns:
        Block numbers, shape (n,), 0-based without gaps.
    """
    blocks = keys
    for codes in links:
        if codes is not None and (codes >= 0).any():
            blocks = _joined(blocks, codes)
    return np.unique(blocks, return_inverse=True)[1].astype(np.int64)


def _joined(blocks: IntArray, codes: IntArray) -> IntArray:
    """Blocks of which those that share a code are one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    linked = codes >= 0
    count = int(blocks.max()) + 1
    size = count + int(codes.max()) + 1
    edges = (blocks[linked], codes[linked] + count)
    graph = coo_array((np.ones(linked.sum(), dtype=np.int8), edges), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][blocks], dtype=np.int64)


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

    stratum = _strata(labels, blocks, stratified)
    parts = np.full(len(sizes), TRAIN, dtype=np.int64)
    carry = np.zeros(3)
    for members in _by_stratum(stratum, rank):
        wanted = np.array(shares) * sizes[members].sum() + carry
        lacking = wanted.copy()
        lacking[TRAIN] -= sizes[members[fixed[members]]].sum()
        free = members[~fixed[members]]
        parts[free] = _deal(sizes[free], lacking, shares)
        got = np.bincount(parts[members], weights=sizes[members], minlength=3)
        carry = np.clip(wanted - got, -1, 1)
    _fill_empty_parts(parts, sizes, fixed, rank, shares)
    return parts[blocks]


def deal_folds(labels: IntArray, blocks: IntArray, folds: int, seed: int, stratified: bool) -> IntArray:
    """Deal whole blocks into folds of about equal size, each with the same mix of classes.

    Args:
        labels, blocks: as for `draw_parts`.
        folds: how many, 2 or more.
        seed: of the shuffle.
        stratified: keep the share of each class.

    Returns:
        The fold of each row, shape (n,), 0-based; -1 for the only block of a class, which every fold trains on.
    """
    sizes = np.bincount(blocks)
    rank = np.random.default_rng(seed).permutation(len(sizes))
    lowest = np.full(int(labels.max(initial=-1)) + 1, len(sizes), dtype=np.int64)
    highest = np.full(len(lowest), -1, dtype=np.int64)
    np.minimum.at(lowest, labels, blocks)
    np.maximum.at(highest, labels, blocks)
    single = lowest == highest
    dealt = np.zeros(len(sizes), dtype=np.int64)
    shares = np.full(folds, 1 / folds)
    carry = np.zeros(folds)
    for members in _by_stratum(_strata(labels, blocks, stratified), rank):
        wanted = shares * sizes[members].sum() + carry
        dealt[members] = _deal(sizes[members], wanted, shares.tolist())
        carry = wanted - np.bincount(dealt[members], weights=sizes[members], minlength=folds)
    dealt[lowest[single]] = -1
    return dealt[blocks]


def mend_parts(parts: IntArray, labels: IntArray, blocks: IntArray, seed: int) -> IntArray:
    """Parts in which blocks that stood in several are whole again, each part as large as before but for whole blocks.

    Args:
        parts: the part of each row, shape (n,), without rows that are left out.
        labels, blocks: as for `draw_parts`.
        seed: of the shuffle of the blocks that are moved.
    """
    sizes = np.bincount(blocks)
    lowest, highest = np.full(len(sizes), TEST, dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    np.minimum.at(lowest, blocks, parts)
    np.maximum.at(highest, blocks, parts)
    whole, torn = lowest.copy(), lowest < highest
    held = np.zeros((len(sizes), 3))
    np.add.at(held, (blocks, parts), 1.0)
    rank = np.random.default_rng(seed).permutation(len(sizes))
    carry = np.zeros(3)
    for members in _by_stratum(np.where(torn, _strata(labels, blocks, True), -1), rank):
        members = members[torn[members]]
        if len(members):
            wanted = held[members].sum(axis=0) + carry
            whole[members] = _deal(sizes[members], wanted, np.maximum(wanted, 0).tolist())
            carry = wanted - np.bincount(whole[members], weights=sizes[members], minlength=3)
    return whole[blocks]


def _strata(labels: IntArray, blocks: IntArray, stratified: bool) -> IntArray:
    """The stratum of each block: its rarest class; one for all where classes do not count."""
    stratum = np.zeros(int(blocks.max(initial=-1)) + 1, dtype=np.int64)
    if stratified:
        class_rows = np.bincount(labels)
        rarity = np.argsort(np.argsort(class_rows, kind="stable"))
        stratum[:] = len(class_rows)
        np.minimum.at(stratum, blocks, rarity[labels])
    return stratum


def _by_stratum(stratum: IntArray, rank: IntArray) -> list[IntArray]:
    """The blocks of each stratum in shuffled order."""
    order = np.lexsort((rank, stratum))
    return list(np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1))


def _deal(sizes: IntArray, lacking: FloatArray, shares: Sequence[float]) -> IntArray:
    """A part for each block (given in shuffled order) so that the parts get the rows they lack."""
    dealt = np.zeros(len(sizes), dtype=np.int64)
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
        dealt[small] = np.searchsorted(bounds[:-1], places, side="right")
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
