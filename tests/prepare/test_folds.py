"""The parts of a fold, for rows that were dealt one and for rows that came later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.prepare.folds import parts_of_fold

PARTS = pd.Series(["validation", "train", "train", "test", "excluded", "train", "train", "train"])
FOLDS = pd.Series([0, 1, 2, -1, -1, -1, -1, -1])
KEYS = np.array(["a", "b", "c", "d", "e", "new", "b", "d"], dtype=object)


def test_every_fold_has_the_same_test_and_its_own_validation():
    for fold in range(3):
        parts = parts_of_fold(PARTS, FOLDS, KEYS, fold)
        assert parts[[0, 1, 2]].eq("validation").tolist() == [at == fold for at in range(3)]
        assert parts[[3, 4]].tolist() == ["test", "excluded"]


def test_a_row_that_came_later_trains_everywhere_unless_it_repeats_a_row_of_a_fold():
    assert [parts_of_fold(PARTS, FOLDS, KEYS, fold)[5] for fold in range(3)] == ["train"] * 3
    assert [parts_of_fold(PARTS, FOLDS, KEYS, fold)[6] for fold in range(3)] == [
        "train",
        "validation",
        "train",
    ]
