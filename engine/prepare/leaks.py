"""Leaks between parts: what the model has seen before it is tested on it.

Stage 2 (prepare). Counted and shown, never removed: a published split stays comparable with others' figures.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.family import IntArray
from engine.prepare.blocks import TEST, TRAIN, VALIDATION

BoolArray = NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).min)
"""The moment of a row whose time cannot be read."""

_STRADDLES = (
    ("test", TEST, "train", TRAIN),
    ("validation", VALIDATION, "train", TRAIN),
    ("test", TEST, "validation", VALIDATION),
)

MESSAGES: Mapping[str, str] = {
    "test_in_train": N_("{count} test {count:row also stands|rows also stand} in train; the test score is flattered by {count:it|them}."),
    "validation_in_train": N_("{count} validation {count:row also stands|rows also stand} in train; runs that learn by heart look better than they are."),
    "test_in_validation": N_("{count} test {count:row also stands|rows also stand} in validation, on which runs are chosen."),
    "conflicting_labels": N_("{count} {count:row of validation or test stands|rows of validation and test stand} in an earlier part with another label."),
    "group_test_in_train": N_("{count} test {count:row belongs|rows belong} to a group that is also in train."),
    "group_validation_in_train": N_("{count} validation {count:row belongs|rows belong} to a group that is also in train."),
    "group_test_in_validation": N_("{count} test {count:row belongs|rows belong} to a group that is also in validation."),
    "near_test_in_train": N_("{count} test {count:row is|rows are} nearly the same as a row of train; the test score is flattered by {count:it|them}."),
    "near_validation_in_train": N_("{count} validation {count:row is|rows are} nearly the same as a row of train."),
    "near_test_in_validation": N_("{count} test {count:row is|rows are} nearly the same as a row of validation, on which runs are chosen."),
    "time_test_before_train": N_("{count} test {count:row is|rows are} older than the newest train row: in use, a model never knows what comes after."),
}  # fmt: skip

MOSTLY = 0.5
"""Share of the test rows up to which rows out of the order of time are strays in a split by time; beyond it is none."""


def find_leaks(
    parts: IntArray, keys: IntArray, labels: IntArray, groups: IntArray | None, alike: IntArray | None = None,
    moments: IntArray | None = None,
) -> dict[str, BoolArray]:  # fmt: skip
    """The leaking rows by the kind of leak, as masks of shape (n,); the kinds and their meaning are in `MESSAGES`.

    Args:
        parts: 0 train, 1 validation, 2 test, -1 left out.
        keys: codes of the duplicate keys.
        labels: class codes.
        groups: codes of the group values, -1 where a row has none; None without a group column.
        alike: codes of the near-duplicate groups; None where nobody looked for them. Exact duplicates are not counted twice.
        moments: of each row, `NEVER` where it has none; None where the order of time is not asked for.
    """
    leaks = {f"{later}_in_{earlier}": _seen(parts, keys, b, a) for later, b, earlier, a in _STRADDLES}
    leaks["conflicting_labels"] = (
        _other_label(parts, keys, labels, VALIDATION, TRAIN)
        | _other_label(parts, keys, labels, TEST, TRAIN)
        | _other_label(parts, keys, labels, TEST, VALIDATION)
    )
    if groups is not None:
        leaks |= {
            f"group_{later}_in_{earlier}": _seen(parts, groups, b, a) for later, b, earlier, a in _STRADDLES
        }
    if alike is not None:
        leaks |= {
            f"near_{later}_in_{earlier}": _seen(parts, alike, b, a) & ~leaks[f"{later}_in_{earlier}"]
            for later, b, earlier, a in _STRADDLES
        }
    if moments is not None:
        leaks["time_test_before_train"] = _too_old(parts, moments)
    return leaks


def flattered(leaks: Mapping[str, BoolArray], part: str) -> BoolArray:
    """The rows of a part that a model learned already: in train themselves, nearly the same there, or of a group there."""
    kinds = [
        leaks[kind] for kind in (f"{how}{part}_in_train" for how in ("", "near_", "group_")) if kind in leaks
    ]
    return np.asarray(np.logical_or.reduce(kinds))


def _too_old(parts: IntArray, moments: IntArray) -> BoolArray:
    known = moments != NEVER
    train = (parts == TRAIN) & known
    if not train.any():
        return np.zeros(len(parts), dtype=bool)
    return np.asarray((parts == TEST) & known & (moments < moments[train].max()))


def _seen(parts: IntArray, codes: IntArray, later: int, earlier: int) -> BoolArray:
    known = np.zeros(codes.max(initial=-1) + 2, dtype=bool)
    known[codes[parts == earlier]] = True
    known[-1] = False  # code -1: a row without a group leaks nothing
    return np.asarray((parts == later) & known[codes])


def _other_label(parts: IntArray, keys: IntArray, labels: IntArray, later: int, earlier: int) -> BoolArray:
    source = parts == earlier
    lowest = np.full(keys.max(initial=-1) + 1, np.iinfo(np.int64).max)
    highest = np.full(len(lowest), -1)
    np.minimum.at(lowest, keys[source], labels[source])
    np.maximum.at(highest, keys[source], labels[source])
    known = highest[keys] >= 0
    return np.asarray((parts == later) & known & ((lowest[keys] != labels) | (highest[keys] != labels)))
