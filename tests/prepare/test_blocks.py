from __future__ import annotations

import numpy as np
import pytest

from engine.prepare.blocks import block_ids, draw_parts

SHARES = (0.8, 0.1, 0.1)


def counts(parts):
    return np.bincount(parts, minlength=3).tolist()


def test_blocks_link_rows_through_keys_and_groups_and_through_others():
    keys = np.array([0, 1, 1, 2, 3, 4])
    groups = np.array([0, 0, 1, 1, -1, -1])
    blocks = block_ids(keys, groups)
    assert len(set(blocks[:4])) == 1
    assert len({blocks[0], blocks[4], blocks[5]}) == 3
    assert set(blocks) == {0, 1, 2}
    assert len(set(block_ids(keys, None))) == 5
    assert len(set(block_ids(keys, np.full(6, -1)))) == 5


def test_single_rows_get_exact_shares_in_every_class():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    parts = draw_parts(labels, np.arange(1000), SHARES, seed=3, stratified=True)
    for label, size in ((0, 600), (1, 300), (2, 100)):
        assert counts(parts[labels == label]) == [0.8 * size, 0.1 * size, 0.1 * size]


def test_sorted_files_are_shuffled():
    parts = draw_parts(np.zeros(1000, dtype=int), np.arange(1000), SHARES, seed=0, stratified=False)
    test = np.flatnonzero(parts == 2)
    assert 300 < test.mean() < 700


@pytest.mark.parametrize(
    ("size", "expected"), [(1, [1, 0, 0]), (2, [2, 0, 0]), (5, [4, 1, 0]), (10, [8, 1, 1])]
)
def test_a_small_class_beside_a_large_one_goes_to_train_first(size, expected):
    labels = np.repeat([0, 1], [size, 1000])
    parts = draw_parts(labels, np.arange(len(labels)), SHARES, seed=0, stratified=True)
    assert counts(parts[:size]) == expected


def test_many_rare_classes_still_fill_every_part():
    labels = np.repeat(np.arange(100), 3)
    parts = draw_parts(labels, np.arange(300), SHARES, seed=0, stratified=True)
    train, validation, test = counts(parts)
    assert train == pytest.approx(240, abs=10)
    assert validation == pytest.approx(30, abs=6)
    assert test == pytest.approx(30, abs=6)
    assert set(labels[parts == 0]) == set(range(100))


def test_huge_blocks_take_the_part_that_lacks_most():
    sizes = [300, 300, 300, *[1] * 100]
    blocks = np.repeat(np.arange(len(sizes)), sizes)
    parts = draw_parts(np.zeros(len(blocks), dtype=int), blocks, SHARES, seed=0, stratified=True)
    assert counts(parts)[0] in (900, 901)
    assert min(counts(parts)[1:]) >= 45


@pytest.mark.parametrize("groups", [3, 4, 10])
def test_few_equal_groups_fill_every_part(groups):
    blocks = np.repeat(np.arange(groups), 50)
    labels = np.tile([0, 1], len(blocks) // 2)
    assert min(counts(draw_parts(labels, blocks, SHARES, seed=0, stratified=True))) >= 50


def test_a_part_without_a_share_stays_empty():
    rng = np.random.default_rng(0)
    for seed in range(20):
        blocks = np.unique(rng.integers(0, 60, 100), return_inverse=True)[1]
        parts = draw_parts(rng.integers(0, 3, 100), blocks, (0.9, 0.1, 0.0), seed=seed, stratified=True)
        assert counts(parts)[2] == 0
        assert counts(parts)[1] > 0


def test_no_block_is_torn_and_every_class_is_in_train_whatever_comes():
    """A property over random tables: skewed classes, duplicates, groups, all kinds of shares."""
    rng = np.random.default_rng(7)
    for seed in range(150):
        n = int(rng.integers(4, 400))
        labels = np.minimum(rng.geometric(0.3, n) - 1, 9)
        keys = np.unique(rng.integers(0, max(2, n // int(rng.integers(1, 4))), n), return_inverse=True)[1]
        groups = rng.integers(-1, max(1, n // 3), n) if seed % 2 else None
        blocks = block_ids(keys, groups)
        shares = rng.dirichlet([6, 2, 2])
        parts = draw_parts(labels, blocks, tuple(shares), seed=seed, stratified=bool(seed % 3))
        for ids in (keys, groups) if groups is not None else (keys,):
            for value in set(ids[ids >= 0]):
                assert len(set(parts[ids == value])) == 1
        assert set(labels[parts == 0]) == set(labels)
        assert (
            parts == draw_parts(labels, blocks, tuple(shares), seed=seed, stratified=bool(seed % 3))
        ).all()
        if blocks.max() + 1 >= 3 + len(set(labels)):
            assert min(counts(parts)) > 0
