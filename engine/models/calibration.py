"""Scores into probabilities that mean what they say, without changing any decision.

Temperature scaling: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2.
One number divides all scores, so the largest stays the largest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.models.family import FloatArray, IntArray

_COLDEST, _HOTTEST = 1e-2, 1e2


def class_scores(decision: Any) -> FloatArray:
    """One score a class: a margin of shape (n,) becomes the scores (0, margin) of two classes."""
    scores = np.asarray(decision, dtype=np.float64)
    return np.column_stack([np.zeros_like(scores), scores]) if scores.ndim == 1 else scores


def softmax(scores: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities of shape (n, classes), rows summing to 1."""
    shifted = (scores - scores.max(axis=1, keepdims=True)) / temperature
    exponentials = np.exp(shifted)
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float64)


def negative_log_likelihood(scores: FloatArray, labels: IntArray, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of `labels` in nats, from scores of shape (n, classes)."""
    scaled = (scores - scores.max(axis=1, keepdims=True)) / temperature
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))


def fit_temperature(scores: FloatArray, labels: IntArray) -> float:
    """The temperature that makes the validation labels most likely; 1.0 when there is nothing to fit on."""
    from scipy.optimize import minimize_scalar

    if len(labels) == 0:
        return 1.0
    found = minimize_scalar(
        lambda log: negative_log_likelihood(scores, labels, float(np.exp(log))),
        bounds=(np.log(_COLDEST), np.log(_HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x))
