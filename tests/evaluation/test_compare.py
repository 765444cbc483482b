from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.evaluation.compare import compare
from engine.evaluation.metrics import NoRowsToEvaluate, evaluate
from engine.recipe import Evaluation

SPEC = Evaluation(resamples=1000)
CLASSES = ["a", "b", "c"]


@pytest.fixture
def runs(draw):
    truth, good = draw(800, 3, skill=2.0)
    return truth, draw(800, 3, skill=0.0)[1][::-1], good


def test_the_better_run_is_called_better_and_the_other_way_round_worse(runs):
    truth, poor, good = runs
    forward = compare(truth, poor, good, CLASSES, "macro_f1", SPEC, 0)
    back = compare(truth, good, poor, CLASSES, "macro_f1", SPEC, 0)
    assert (forward.verdict, back.verdict) == ("better", "worse")
    assert forward.low > 0
    assert back.high < 0
    assert forward.difference == pytest.approx(-back.difference)
    assert (forward.wins, forward.losses) == (back.losses, back.wins)
    assert forward.difference == pytest.approx(forward.second - forward.first)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "weighted_f1"])
def test_its_figures_are_those_of_the_evaluation(runs, metric):
    truth, poor, good = runs
    difference = compare(truth, poor, good, CLASSES, metric, SPEC, 0)
    for probabilities, value in ((poor, difference.first), (good, difference.second)):
        result = evaluate(part="validation", truth=truth, probabilities=probabilities, classes=CLASSES, slices=pd.DataFrame(),
                          majority=0, spec=SPEC, seed=0)  # fmt: skip
        assert result.overall[metric].value == value
    right = [p.argmax(axis=1) == truth for p in (poor, good)]
    assert difference.wins == (right[1] & ~right[0]).sum()
    assert difference.losses == (right[0] & ~right[1]).sum()
    assert difference.n == 800


def test_a_run_against_itself_is_exactly_undecided(runs):
    truth, poor, _ = runs
    same = compare(truth, poor, poor, CLASSES, "accuracy", SPEC, 0)
    assert (same.difference, same.low, same.high, same.verdict) == (0, 0, 0, "undecided")
    assert (same.wins, same.losses) == (0, 0)


def test_pairing_makes_a_small_steady_gain_visible():
    """40 rows of 2000 won and none lost is a clear gain, though the intervals of the two scores overlap."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2000)
    first = np.eye(2)[np.where(rng.random(2000) < 0.7, truth, 1 - truth)]
    second = first.copy()
    wrong = np.flatnonzero(first.argmax(axis=1) != truth)[:40]
    second[wrong] = np.eye(2)[truth[wrong]]
    difference = compare(truth, first, second, ["a", "b"], "accuracy", SPEC, 0)
    assert difference.verdict == "better"
    assert difference.high - difference.low == pytest.approx(2 * 1.96 * np.sqrt(0.02 * 0.98 / 2000), rel=0.1)


def test_runs_of_equal_skill_are_rarely_called_different():
    """The promise behind the word "better": about 5 % false alarms, measured."""
    alarms = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 300)
        guesses = [np.eye(2)[np.where(rng.random(300) < 0.75, truth, 1 - truth)] for _ in range(2)]
        alarms += (
            compare(truth, *guesses, ["a", "b"], "macro_f1", Evaluation(resamples=400), seed).verdict
            != "undecided"
        )
    assert alarms <= 14


def test_no_rows_is_an_error():
    with pytest.raises(NoRowsToEvaluate):
        compare(np.array([], dtype=int), np.zeros((0, 2)), np.zeros((0, 2)), ["a", "b"], "accuracy", SPEC, 0)
