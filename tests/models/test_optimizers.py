"""Every optimizer can be made with every setting that goes with it, and steps as the model page writes its formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.models.learning import LearningParams, Optimizer, make_optimizer
from engine.training.preload import preload

Array = NDArray[np.float64]
RATE, DECAY = 0.01, 0.1
RNG = np.random.default_rng(4)
START = RNG.normal(size=(3, 2))
GRADIENTS = [RNG.normal(size=(3, 2)) for _ in range(4)]

pytestmark = pytest.mark.slow


def by_keras(gradients: list[Array], **settings: Any) -> tuple[Array, Array]:
    """A table of weights and a bias after these gradients; the bias starts at 1 and gets the first column of each."""
    preload()
    import keras

    weights = keras.Variable(START.astype(np.float32), name="kernel")
    bias = keras.Variable(np.ones(3, dtype=np.float32), name="bias")
    optimizer = make_optimizer(LearningParams(learning_rate=RATE, **settings))
    optimizer.build([weights, bias])
    for gradient in gradients:
        optimizer.apply(
            [keras.ops.cast(gradient, "float32"), keras.ops.cast(gradient[:, 0], "float32")], [weights, bias]
        )
    return np.asarray(weights), np.asarray(bias)


def descent(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    return theta - RATE * g


def momentum(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    memory["v"] = 0.9 * memory.get("v", 0.0) - RATE * g
    return np.asarray(theta + memory["v"])


def nesterov(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    memory["v"] = 0.9 * memory.get("v", 0.0) - RATE * g
    return np.asarray(theta + 0.9 * memory["v"] - RATE * g)


def rmsprop(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * g**2
    return np.asarray(theta - RATE * g / np.sqrt(memory["v"] + 1e-7))


def adam(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * g**2
    return np.asarray(theta - RATE * (memory["m"] / (1 - 0.9**t)) / (np.sqrt(memory["v"] / (1 - 0.999**t)) + 1e-7))  # fmt: skip


def lion(theta: Array, memory: dict[str, Any], t: int, g: Array) -> Array:
    m = memory.get("m", 0.0)
    memory["m"] = 0.99 * m + 0.01 * g
    return np.asarray(theta - RATE * np.sign(0.9 * m + 0.1 * g))


STEPS: dict[str, Callable[[Array, dict[str, Any], int, Array], Array]] = {
    "gradient_descent": descent, "momentum": momentum, "nesterov": nesterov, "rmsprop": rmsprop, "adam": adam, "adamw": adam,
    "lion": lion,
}  # fmt: skip


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("optimizer", STEPS)
def test_a_step_is_the_one_that_is_written(optimizer: str, decay: float) -> None:
    theta, memory = START, {}  # type: ignore[var-annotated]
    for t, gradient in enumerate(GRADIENTS, start=1):
        theta = STEPS[optimizer](theta - RATE * decay * theta, memory, t, gradient)
    found, _ = by_keras(GRADIENTS, optimizer=optimizer, weight_decay=decay)
    assert found == pytest.approx(theta, abs=2e-5)


def test_adafactor_keeps_a_size_a_row_and_a_column() -> None:
    """Shazeer and Stern 2018: the sizes fade by t^-0.8, and no step is longer than the rate times the size of the weights."""
    theta, rows, columns = START, np.zeros((3, 1)), np.zeros((1, 2))
    for t, gradient in enumerate(GRADIENTS, start=1):
        kept, squares = 1 - t**-0.8, gradient**2 + 1e-30
        rows = kept * rows + (1 - kept) * squares.mean(axis=1, keepdims=True)
        columns = kept * columns + (1 - kept) * squares.mean(axis=0, keepdims=True)
        step = gradient / np.sqrt(rows * columns / rows.mean())
        step /= max(1.0, np.sqrt((step**2).mean()))
        theta = theta - RATE * max(1e-3, np.sqrt((theta**2).mean())) * step
    assert by_keras(GRADIENTS, optimizer="adafactor")[0] == pytest.approx(theta, abs=2e-5)


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
def test_every_optimizer_can_be_made_with_all_that_goes_with_it(optimizer: str) -> None:
    assert set(get_args(Optimizer)) == {*STEPS, "adafactor"}
    for settings in (
        {},
        {"clip": 1.0},
        {"accumulate": 2},
        {"weight_decay": 0.1, "clip": 1.0, "accumulate": 2},
    ):
        weights, bias = by_keras(GRADIENTS, optimizer=optimizer, **settings)
        assert np.isfinite(weights).all() and not np.allclose(weights, START)
        assert np.isfinite(bias).all() and not np.allclose(bias, 1.0)
    nothing = [np.zeros((3, 2))] * 3
    weights, bias = by_keras(nothing, optimizer=optimizer, weight_decay=0.1)
    assert weights == pytest.approx(START * (1 - RATE * 0.1) ** 3, abs=1e-5), "only the decay"
    assert bias == pytest.approx(np.ones(3)), "biases do not decay"
