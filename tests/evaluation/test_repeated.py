"""The mean difference over seeds: planted help is found, noise is not, and one pair is the ordinary comparison."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.compare import compare
from engine.evaluation.metrics import NoRowsToEvaluate
from engine.evaluation.repeated import compare_repeated
from engine.recipe import Evaluation

SPEC = Evaluation(metric="accuracy", resamples=500)
CLASSES = ("a", "b")


def answers(truth: np.ndarray, right: float, seed: int) -> np.ndarray:
    """Probabilities of a run that is right on about this share of the rows."""
    hit = np.random.default_rng(seed).random(len(truth)) < right
    guess = np.where(hit, truth, 1 - truth)
    return np.eye(2)[guess] * 0.8 + 0.1


TRUTH = np.random.default_rng(0).integers(0, 2, 600)


def judged(first: float, second: float, seeds: int, shift: int = 0):
    pairs = [
        (answers(TRUTH, first, shift + 2 * i), answers(TRUTH, second, shift + 2 * i + 1))
        for i in range(seeds)
    ]
    return compare_repeated(TRUTH, pairs, CLASSES, "accuracy", SPEC, 0)


def test_one_pair_is_the_ordinary_comparison():
    one, two = answers(TRUTH, 0.7, 1), answers(TRUTH, 0.8, 2)
    found = compare_repeated(TRUTH, [(one, two)], CLASSES, "accuracy", SPEC, 0)
    single = compare(TRUTH, one, two, CLASSES, "accuracy", SPEC, 0)
    assert (found.difference, found.low, found.high, found.verdict) == (
        single.difference,
        single.low,
        single.high,
        single.verdict,
    )
    assert found.pairs == (single,)


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_planted_help_and_harm_are_found(seeds):
    assert judged(0.7, 0.85, seeds).verdict == "better"
    assert judged(0.85, 0.7, seeds).verdict == "worse"


def test_the_mean_is_that_of_the_pairs_and_lies_in_its_interval():
    found = judged(0.7, 0.75, 4)
    assert found.difference == pytest.approx(np.mean([d.difference for d in found.pairs]))
    assert found.difference == pytest.approx(found.second - found.first)
    assert found.low <= found.difference <= found.high
    assert found.n == 600


def test_no_difference_is_seldom_called_one():
    verdicts = [judged(0.75, 0.75, 3, shift=100 * i).verdict for i in range(20)]
    assert verdicts.count("undecided") >= 16


def test_the_same_runs_twice_are_undecided_at_zero():
    one = answers(TRUTH, 0.7, 1)
    found = compare_repeated(TRUTH, [(one, one), (one, one)], CLASSES, "accuracy", SPEC, 0)
    assert (found.difference, found.low, found.high, found.verdict) == (0, 0, 0, "undecided")


def test_it_repeats():
    assert judged(0.7, 0.75, 3) == judged(0.7, 0.75, 3)


def test_no_rows():
    with pytest.raises(NoRowsToEvaluate):
        compare_repeated(
            np.zeros(0, dtype=np.int64), [(np.zeros((0, 2)), np.zeros((0, 2)))], CLASSES, "accuracy", SPEC, 0
        )
