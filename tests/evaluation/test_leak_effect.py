"""The score on all rows against the rows that do not leak: planted leaks, none, and against the plain figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from engine.evaluation.leak_effect import leak_effect
from engine.evaluation.metrics import NoRowsToEvaluate
from engine.recipe import Evaluation

CLASSES = ("a", "b", "c")
SPEC = Evaluation(resamples=500)


def answers(n=900, right=0.6, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    said = np.where(rng.random(n) < right, truth, (truth + 1) % 3)
    return truth, said


def effect(truth, said, leaking, metric="accuracy"):
    return leak_effect(truth, np.eye(3)[said], leaking, CLASSES, metric, SPEC, 0)


def test_rows_learned_by_heart_flatter_the_score():
    truth, said = answers()
    leaking = np.arange(900) < 200
    said[leaking] = truth[leaking]
    found = effect(truth, said, leaking)
    assert (found.every.n, found.clean.n) == (900, 700)
    assert found.every.value == pytest.approx((truth == said).mean())
    assert found.clean.value == pytest.approx((truth == said)[200:].mean())
    assert found.low > 0
    assert found.low <= found.difference <= found.high


def test_leaking_rows_like_all_others_show_no_difference():
    truth, said = answers()
    found = effect(truth, said, np.arange(900) % 4 == 0)
    assert found.low <= 0 <= found.high


def test_the_figures_are_those_of_scikit_learn():
    truth, said = answers()
    leaking = np.arange(900) < 100
    found = effect(truth, said, leaking, "macro_f1")
    assert found.every.value == pytest.approx(f1_score(truth, said, average="macro"))
    assert found.clean.value == pytest.approx(f1_score(truth[100:], said[100:], average="macro"))
    assert found == effect(truth, said, leaking, "macro_f1")


def test_no_leak_is_no_difference_and_nothing_but_leaks_is_refused():
    truth, said = answers()
    none = effect(truth, said, np.zeros(900, dtype=bool))
    assert (none.difference, none.low, none.high) == (0, 0, 0)
    with pytest.raises(NoRowsToEvaluate):
        effect(truth, said, np.ones(900, dtype=bool))
