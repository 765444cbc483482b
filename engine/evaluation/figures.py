"""Accuracy, precision, recall and F1 from counts, for one table or a thousand resamples of it at once.

Stage 5 (evaluation). Equal to scikit-learn's figures with `labels` = all classes and `zero_division=0`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.models.family import FloatArray, IntArray


@dataclass(frozen=True)
class Counts:
    """Rows by class, each array of shape (..., classes): right ones, true ones, predicted ones."""

    hits: FloatArray
    truth: FloatArray
    predicted: FloatArray


def count(weights: FloatArray, truth: IntArray, predicted: IntArray, classes: int) -> Counts:
    """Counts of weighted rows.

    Args:
        weights: how often each row stands in each resample, shape (resamples, rows).
        truth: class codes, shape (rows,).
        predicted: class codes, shape (rows,).
        classes: number of classes.
    """
    right = truth == predicted
    return Counts(
        hits=_sums(weights[:, right], truth[right], classes),
        truth=_sums(weights, truth, classes),
        predicted=_sums(weights, predicted, classes),
    )


def _sums(weights: FloatArray, codes: IntArray, classes: int) -> FloatArray:
    sums = np.zeros((len(weights), classes))
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    if len(present):
        sums[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums


def class_figures(counts: Counts) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Precision, recall and F1 of each class, shape (..., classes); 0 where nothing was there to divide by."""
    precision = _ratio(counts.hits, counts.predicted)
    recall = _ratio(counts.hits, counts.truth)
    return precision, recall, _ratio(2 * counts.hits, counts.truth + counts.predicted)


def overall_figures(counts: Counts) -> dict[str, FloatArray]:
    """Accuracy and the macro and weighted averages, each of shape (...); NaN where there are no rows.

    Macro averages run over all classes: one without rows counts as 0. Weighted ones weigh by true rows.
    """
    rows = counts.truth.sum(axis=-1)
    empty = np.where(rows > 0, 0.0, np.nan)
    figures = {"accuracy": _ratio(counts.hits.sum(axis=-1), rows) + empty}
    by_class = dict(zip(("precision", "recall", "f1"), class_figures(counts), strict=True))
    for name, values in by_class.items():
        figures[f"macro_{name}"] = values.mean(axis=-1) + empty
    for name, values in by_class.items():
        figures[f"weighted_{name}"] = _ratio((values * counts.truth).sum(axis=-1), rows) + empty
    return figures


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=whole > 0)
