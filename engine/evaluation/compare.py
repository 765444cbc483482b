"""Is one run better than another? A paired test on the same rows.

Stage 5 (evaluation). Source: paired percentile bootstrap (Efron and Tibshirani 1993, chapters 8 and 13): both runs are
measured on the same resamples, so that what makes rows easy or hard cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.evaluation.bootstrap import interval, kinds_of_rows, resamples
from engine.evaluation.figures import count, overall_figures
from engine.evaluation.metrics import NoRowsToEvaluate, predicted_classes
from engine.evaluation.result import Difference
from engine.models.family import FloatArray, IntArray
from engine.recipe import Evaluation


def compare(
    truth: IntArray,
    first: FloatArray,
    second: FloatArray,
    classes: Sequence[str],
    metric: str,
    spec: Evaluation,
    seed: int,
    part: str = "validation",
) -> Difference:
    """Second run minus first, with an interval; "better" or "worse" only when the interval excludes 0.

    Args:
        truth: class codes, shape (n,).
        first: probabilities of the first run on these rows, shape (n, classes).
        second: those of the second run on the same rows in the same order.
        classes: the schema's classes.
        metric: a key of `EvaluationResult.overall`.
        spec: number of resamples and confidence.
        seed: of the resamples.
        part: named in the error when there are no rows.

    Raises:
        NoRowsToEvaluate: n is 0.
        PredictionsNotFinite: a probability is NaN or infinite.
    """
    if len(truth) == 0:
        raise NoRowsToEvaluate(part=part)
    columns = [truth, predicted_classes(first), predicted_classes(second)]
    (kind_truth, kind_first, kind_second), counts = kinds_of_rows(columns)

    def measure(weights: FloatArray) -> FloatArray:
        runs = (count(weights, kind_truth, kind, len(classes)) for kind in (kind_first, kind_second))
        return np.stack([overall_figures(run)[metric] for run in runs], axis=1)

    one, two = measure(counts[None].astype(np.float64))[0].tolist()
    drawn = np.concatenate([measure(weights) for weights in resamples(counts, spec.resamples, seed)])
    low, high = (float(bound) for bound in interval(drawn[:, 1] - drawn[:, 0], spec.confidence))
    only_first = (kind_first == kind_truth) & (kind_second != kind_truth)
    only_second = (kind_second == kind_truth) & (kind_first != kind_truth)
    return Difference(
        metric=metric,
        first=one,
        second=two,
        difference=two - one,
        low=low,
        high=high,
        n=len(truth),
        wins=int(counts[only_second].sum()),
        losses=int(counts[only_first].sum()),
        verdict="better" if low > 0 else "worse" if high < 0 else "undecided",
    )
