"""Does one change of a recipe help? The same change tried with several seeds, measured on the same rows.

Stage 5 (evaluation). Source: paired percentile bootstrap (Efron and Tibshirani 1993, chapters 8 and 13) in two levels,
rows and seeds (Davison and Hinkley 1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.evaluation.bootstrap import interval, kinds_of_rows, resamples
from engine.evaluation.compare import compare
from engine.evaluation.figures import count, overall_figures
from engine.evaluation.metrics import predicted_classes
from engine.evaluation.result import Difference, Plain
from engine.models.family import FloatArray, IntArray
from engine.recipe import Evaluation


class RepeatedDifference(Plain):
    """Second runs minus first ones, by seed and in the mean.

    `pairs` are the seeds in order. `difference`, `low` and `high` are of the mean over seeds; the interval resamples the
    rows and, with several seeds, which of them were drawn. Of few seeds it shows less spread than more would.
    `verdict`: "better" or "worse" when the interval excludes 0, else "undecided".
    """

    metric: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    n: int
    verdict: str
    pairs: tuple[Difference, ...]


def compare_repeated(
    truth: IntArray, pairs: Sequence[tuple[FloatArray, FloatArray]], classes: Sequence[str], metric: str, spec: Evaluation, seed: int,
) -> RepeatedDifference:  # fmt: skip
    """Mean difference over pairs of runs, with an interval.

    Args:
        truth: class codes of the validation rows, shape (n,).
        pairs: probabilities without and with the change, each of shape (n, classes), one pair a seed.
        classes: the schema's classes.
        metric: a key of `EvaluationResult.overall`.
        spec: number of resamples and confidence.
        seed: of the resamples.

    Raises:
        NoRowsToEvaluate, PredictionsNotFinite: as `compare`.
    """
    single = tuple(compare(truth, one, two, classes, metric, spec, seed) for one, two in pairs)
    if len(single) == 1:
        low, high = single[0].low, single[0].high
    else:
        codes = [predicted_classes(run) for pair in pairs for run in pair]
        (kind_truth, *kinds), counts = kinds_of_rows([truth, *codes])
        picks = np.random.default_rng([seed, len(pairs)])
        drawn = []
        for weights in resamples(counts, spec.resamples, seed):
            figures = [
                overall_figures(count(weights, kind_truth, kind, len(classes)))[metric] for kind in kinds
            ]
            changes = np.stack(
                [two - one for one, two in zip(figures[::2], figures[1::2], strict=True)], axis=1
            )
            shares = picks.multinomial(len(pairs), [1 / len(pairs)] * len(pairs), size=len(weights)) / len(
                pairs
            )
            drawn.append((changes * shares).sum(axis=1))
        low, high = (float(bound) for bound in interval(np.concatenate(drawn), spec.confidence))
    mean = float(np.mean([d.difference for d in single]))
    return RepeatedDifference(
        metric=metric, first=float(np.mean([d.first for d in single])), second=float(np.mean([d.second for d in single])),
        difference=mean, low=low, high=high, n=len(truth),
        verdict="better" if low > 0 else "worse" if high < 0 else "undecided", pairs=single,
    )  # fmt: skip
