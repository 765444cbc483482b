"""The losses and their gradients: the formulas that the model page shows, against automatic differentiation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.training.preload import preload
from engine.training.step import Loss, Objective

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=(6, 4))
LABELS = np.array([0, 1, 2, 3, 1, 2])
Array = NDArray[np.float64]


def by_formula(objective: Objective) -> Array:
    """The gradient at the output as `engine.models.formulas.output_gradient` writes it, a row a text."""
    exponentials = np.exp(SCORES)
    guess = exponentials / exponentials.sum(axis=1, keepdims=True)
    unit = np.eye(4)[LABELS]
    target = unit * (1 - objective.smoothing) + objective.smoothing / 4
    if objective.loss == "squared":
        return np.stack(
            [2 * (np.diag(g) - np.outer(g, g)) @ (g - y) for g, y in zip(guess, target, strict=True)]
        )
    if objective.loss == "focal":
        p = guess[np.arange(6), LABELS][:, None]
        inner = (target * np.log(guess)).sum(axis=1, keepdims=True)
        focus = objective.focus
        return np.asarray(
            (1 - p) ** focus * (guess - target) + focus * p * (1 - p) ** (focus - 1) * inner * (unit - guess)
        )
    return np.asarray(guess - target)


def by_differentiation(objective: Objective, at: Array = SCORES) -> Array:
    preload()
    import tensorflow as tf

    scores = tf.constant(at, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(scores)
        total = tf.reduce_sum(objective.losses(scores, tf.constant(LABELS), 4))
    return np.asarray(tape.gradient(total, scores), dtype=np.float64)


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "squared"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_that_is_shown_is_the_one_that_is_followed(loss: Loss, smoothing: float) -> None:
    objective = Objective(loss=loss, focus=1.7, smoothing=smoothing)
    assert by_differentiation(objective) == pytest.approx(by_formula(objective), abs=1e-5)


def test_texts_that_are_told_apart_for_certain_leave_the_focal_loss_a_number() -> None:
    certain = 40 * np.eye(4)[LABELS]
    for focus in (0.5, 1.0, 2.0):
        assert np.abs(by_differentiation(Objective(loss="focal", focus=focus), certain)).max() < 1e-6


def test_the_sign_of_the_article_would_climb() -> None:
    """Section 4.2 of the article gives label minus prediction."""
    found = by_differentiation(Objective())
    assert found == pytest.approx(by_formula(Objective()), abs=1e-5)
    assert not np.allclose(found, -by_formula(Objective()), atol=1e-3)


def test_gradients_through_hidden_layers_follow_the_corrected_formula() -> None:
    """delta(l) = W(l+1)^T delta(l+1) * f'(z), and dL/dW(l) = delta(l) a(l-1)^T for every layer, not the last alone."""
    preload()
    import tensorflow as tf

    inputs = RNG.normal(size=(6, 5))
    first, second = RNG.normal(size=(5, 7)), RNG.normal(size=(7, 4))
    hidden = np.maximum(inputs @ first, 0)
    weights: list[Any] = [tf.Variable(first, dtype=tf.float32), tf.Variable(second, dtype=tf.float32)]
    with tf.GradientTape() as tape:
        scores = tf.nn.relu(tf.constant(inputs, tf.float32) @ weights[0]) @ weights[1]
        loss = tf.reduce_mean(Objective().losses(scores, tf.constant(LABELS), 4))
    expected = hidden @ second
    exponentials = np.exp(expected - expected.max(axis=1, keepdims=True))
    delta = (exponentials / exponentials.sum(axis=1, keepdims=True) - np.eye(4)[LABELS]) / 6
    through = (delta @ second.T) * (inputs @ first > 0)
    found = [np.asarray(g, dtype=np.float64) for g in tape.gradient(loss, weights)]
    assert found[1] == pytest.approx(hidden.T @ delta, abs=1e-5)
    assert found[0] == pytest.approx(inputs.T @ through, abs=1e-5)
