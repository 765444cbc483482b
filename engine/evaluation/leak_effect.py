"""How much a leak flatters a score: all rows of a part against those that the model cannot know.

Stage 5 (evaluation). Source: paired percentile bootstrap (Efron and Tibshirani 1993, chapters 8 and 13): both scores are
taken of the same resamples, so the interval is of their difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.bootstrap import interval, kinds_of_rows, resamples
from engine.evaluation.figures import count, overall_figures
from engine.evaluation.metrics import NoRowsToEvaluate, predicted_classes
from engine.evaluation.result import LeakEffect, Score
from engine.models.family import FloatArray, IntArray
from engine.recipe import Evaluation


def leak_effect(
    truth: IntArray,
    probabilities: FloatArray,
    leaking: NDArray[np.bool_],
    classes: Sequence[str],
    metric: str,
    spec: Evaluation,
    seed: int,
    part: str = "validation",
) -> LeakEffect:
    """The score on all rows, on those that do not leak, and the first minus the second with an interval.

    Args:
        truth: class codes, shape (n,).
        probabilities: of the run, shape (n, classes).
        leaking: which rows stand in train too, shape (n,).
        classes: the schema's classes.
        metric: a key of `EvaluationResult.overall`.
        spec: number of resamples and confidence.
        seed: of the resamples.
        part: named in the error.

    Raises:
        NoRowsToEvaluate: no row is free of leaks.
    """
    if not (~leaking).any():
        raise NoRowsToEvaluate(part=part)
    columns = [truth, predicted_classes(probabilities), leaking.astype(np.int64)]
    (kind_truth, kind_predicted, kind_leaking), counts = kinds_of_rows(columns)

    def measure(weights: FloatArray) -> FloatArray:
        taken = (weights, weights * (kind_leaking == 0))
        figures = (
            overall_figures(count(some, kind_truth, kind_predicted, len(classes)))[metric] for some in taken
        )
        return np.stack(list(figures), axis=1)

    every, clean = measure(counts[None].astype(np.float64))[0].tolist()
    drawn = np.concatenate([measure(weights) for weights in resamples(counts, spec.resamples, seed)])
    low, high = interval(np.column_stack([drawn, drawn[:, 0] - drawn[:, 1]]), spec.confidence)
    leaks = int(leaking.sum())
    return LeakEffect(
        metric=metric,
        every=Score(value=every, low=float(low[0]), high=float(high[0]), n=len(truth)),
        clean=Score(value=clean, low=float(low[1]), high=float(high[1]), n=len(truth) - leaks),
        difference=every - clean,
        low=float(low[2]),
        high=float(high[2]),
    )
