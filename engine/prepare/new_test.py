"""A new test set beside one that was opened: which rows it may have, and what becomes of the others.

Stage 2 (prepare). Rows that somebody has seen as test rows never come back as unseen ones, neither here nor in train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.data.findings import finding, some
from engine.data.schema import Finding, Severity
from engine.errors import N_, DataError
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION, draw_parts
from engine.prepare.leaks import BoolArray

LEAST = 2
"""Rows below which there is no test set at all; few rows are allowed, and said."""


class NoUnseenRows(DataError):
    code = "NO_UNSEEN_ROWS"
    message = N_("A new test set needs at least {least} labelled rows that are in no opened test part; there are {found} to draw from.")  # fmt: skip
    remedy = N_("Append new rows to the dataset; they can become the new test set.")


@dataclass(frozen=True)
class NewTest:
    """The parts with the new test set.

    Args:
        parts: of each row, shape (n,): the new test rows are `TEST`, opened ones `OUT`.
        fresh: how many test rows no run has learned from or was chosen on.
        used: how many test rows earlier runs did learn from or were chosen on: those runs cannot be judged by them.
        left_out: how many rows of opened test parts are left out.
    """

    parts: IntArray
    fresh: int
    used: int
    left_out: int


def draw_new_test(
    parts: IntArray,
    labels: IntArray,
    blocks: IntArray,
    opened: BoolArray,
    used: BoolArray,
    rows: int,
    seed: int,
) -> NewTest:
    """Draw about `rows` rows for a new test set, balanced by class, from rows that no run knows as far as they reach.

    Whole blocks are drawn out of train, so that nothing of the new test set stands there. Rows of the former test part
    that nobody opened may be drawn too; those that are not go to train. The validation part stays as it is.

    Args:
        parts: as they are now, shape (n,).
        labels: class codes, -1 without a label.
        blocks: block numbers, 0-based.
        opened: rows of test parts that were opened.
        used: rows that a run has learned from or was chosen on.
        rows: how many are wanted.
        seed: of the drawing.

    Raises:
        NoUnseenRows: too few rows can be drawn.
    """
    free = (labels >= 0) & (parts != OUT)
    count = int(blocks.max(initial=-1)) + 1
    barred = np.zeros(count, dtype=bool)
    barred[blocks[opened | (parts == VALIDATION)]] = True
    known = np.zeros(count, dtype=bool)
    known[blocks[used]] = True
    may = free & ~barred[blocks]
    chosen = np.zeros(len(parts), dtype=bool)
    for tier in (may & ~known[blocks], may & known[blocks]):
        lacking = rows - int(chosen.sum())
        if lacking > 0 and tier.any():
            chosen |= _some(tier, labels, blocks, lacking, seed)
    if chosen.sum() < LEAST:
        raise NoUnseenRows(least=LEAST, found=int(may.sum()))
    new = parts.copy()
    new[(parts == TEST) & ~opened] = TRAIN
    new[opened] = OUT
    new[chosen] = TEST
    fresh = int((chosen & ~used).sum())
    return NewTest(new, fresh, int(chosen.sum()) - fresh, int(opened.sum()))


def _some(tier: BoolArray, labels: IntArray, blocks: IntArray, rows: int, seed: int) -> BoolArray:
    """About `rows` rows of a tier in whole blocks, balanced by class; all of it where it has no more."""
    at = np.flatnonzero(tier)
    if rows >= len(at):
        return tier
    share = rows / len(at)
    own = np.unique(blocks[at], return_inverse=True)[1].astype(np.int64)
    drawn = draw_parts(labels[at], own, (1 - share, 0.0, share), seed, stratified=True)
    chosen = np.zeros(len(tier), dtype=bool)
    chosen[at[drawn == TEST]] = True
    return chosen


def new_test_finding(made: NewTest, name: str) -> Finding:
    """What the new test set consists of."""
    message = N_(
        "The test set “{name}” has {fresh} {fresh:row|rows} that no run has learned from or was chosen on. Rows of opened test parts that are left out: {left_out}."
    )
    severity: Severity = "info"
    if made.used:
        severity = "warning"
        message = N_(
            "The test set “{name}” has {fresh} {fresh:row|rows} that no run has learned from or was chosen on, and {used} {used:row|rows} that earlier runs know: only runs that are trained from now on can be judged by it. Rows of opened test parts that are left out: {left_out}."
        )
    params = {"name": name, "fresh": made.fresh, "used": made.used, "left_out": made.left_out}
    return Finding("split_new_test", severity, message, made.fresh + made.used, params=params)


def shared_finding(rows: IntArray, name: str, others: Sequence[str]) -> Finding:
    """That a new test set has rows (by id) of test sets that nobody opened yet."""
    message = N_(
        "{count} {count:row|rows} of the test set “{name}” {count:belongs|belong} to test sets that nobody opened ({others}) as well: whoever opens one of them has seen rows of this one, and it is counted for both."
    )
    return finding("split_test_shared", "info", message, rows, name=name, others=some(others))
