"""Every network, computed by hand as the formulas of the model page write it, answers as the Keras model that is trained."""

from __future__ import annotations

from collections.abc import Callable
from math import erf
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.models.family import families
from engine.training.preload import preload
from tests.models.toys import toy_facts

Array = NDArray[np.float64]
TOKENS, CLASSES = 50, 3
TEXTS = [[7, 3, 9, 4, 3], [11, 2], [5]]
"""Rows without padding; in the network they are padded to the longest."""
TEXT = {"embedding_size": 12, "max_length": 16}

pytestmark = pytest.mark.slow


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


F: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(0, z),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "gelu": lambda z: z * (1 + np.vectorize(erf)(z / np.sqrt(2))) / 2,
}


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def weights_of(model: Any) -> list[Array]:
    """All weights in the order in which Keras made them, the read-out's last."""
    return [np.asarray(value, dtype=np.float64) for value in model.get_weights()]


def bag(text: list[int], weights: list[Array], params: Any) -> Array:
    (table,) = weights
    return np.asarray(table[text].mean(axis=0))


def convolution(text: list[int], weights: list[Array], params: Any) -> Array:
    table, *layers = weights
    x, kept = table[text], []
    for number, width in enumerate(range(params.shortest, params.shortest + params.widths)):
        kernel, bias = layers[2 * number : 2 * number + 2]
        matrix = kernel.reshape(-1, kernel.shape[-1]).T  # F x (width * size)
        left = (width - 1) // 2
        padded = np.concatenate([np.zeros((left, x.shape[1])), x, np.zeros((width, x.shape[1]))])
        c = [F[params.activation](matrix @ padded[i : i + width].ravel() + bias) for i in range(len(text))]
        kept.append(np.max(c, axis=0))
    return np.concatenate(kept)


def recurrence(text: list[int], weights: list[Array], params: Any) -> Array:
    table, *cells = weights
    x, units, ways = table[text], params.units, []
    for way, (kernel, inner, bias) in enumerate((cells[:3], cells[3:])):
        state, memory, states = np.zeros(units), np.zeros(units), []
        for vector in x if way == 0 else x[::-1]:
            if params.cell == "gru":
                u, r, n = np.split(vector @ kernel + bias[0], 3)
                u_inner, r_inner, n_inner = np.split(state @ inner + bias[1], 3)
                u, r = sigmoid(u + u_inner), sigmoid(r + r_inner)
                state = u * state + (1 - u) * np.tanh(n + r * n_inner)
            else:
                g, f, m, o = np.split(vector @ kernel + state @ inner + bias, 4)
                memory = sigmoid(f) * memory + sigmoid(g) * np.tanh(m)
                state = sigmoid(o) * np.tanh(memory)
            states.append(state)
        ways.append(states if way == 0 else states[::-1])
    s = np.concatenate(ways, axis=1)
    kept = {"both": ["max", "mean"], "max": ["max"], "mean": ["mean"]}[params.pooling]
    return np.concatenate([getattr(s, kind)(axis=0) for kind in kept])


def encoder(text: list[int], weights: list[Array], params: Any) -> Array:
    def normal(x: Array, scale: Array, shift: Array) -> Array:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return np.asarray(scale * (x - x.mean(axis=-1, keepdims=True)) / spread + shift)

    first = params.pooling == "first"
    table, places, *rest = weights
    x = table[text] + places[: len(text)]
    if first:
        x, rest = np.concatenate([rest[0], x]), rest[1:]
    size = x.shape[1] // params.heads
    for _ in range(params.depth):
        (scale, shift, asked, asked_bias, given, given_bias, scale_2, shift_2, w1, b1, w2, b2), rest = rest[:12], rest[12:]  # fmt: skip
        parts = (normal(x, scale, shift) @ asked + asked_bias).reshape(len(x), 3, params.heads, size)
        heads = []
        for head in range(params.heads):
            q, k, v = parts[:, 0, head], parts[:, 1, head], parts[:, 2, head]
            heads.append(softmax(q @ k.T / np.sqrt(size)) @ v)
        x = x + np.concatenate(heads, axis=1) @ given + given_bias
        z = normal(x, scale_2, shift_2) @ w1 + b1
        x = x + F[params.activation](z) @ w2 + b2
    x = normal(x, *rest)
    return x[0] if first else np.asarray(x.mean(axis=0))


@pytest.mark.parametrize(
    ("name", "choice", "by_hand"),
    [
        ("embedding_bag", {"embedding_size": 8}, bag),
        ("text_cnn", {**TEXT, "filters": 9, "shortest": 1, "widths": 4}, convolution),
        ("text_cnn", {**TEXT, "filters": 9, "widths": 2, "activation": "tanh"}, convolution),
        ("recurrent", {**TEXT, "units": 10, "cell": "gru"}, recurrence),
        ("recurrent", {**TEXT, "units": 10, "cell": "lstm", "pooling": "max"}, recurrence),
        ("recurrent", {**TEXT, "units": 10, "cell": "gru", "pooling": "mean"}, recurrence),
        ("transformer", {**TEXT, "depth": 2, "heads": 3}, encoder),
        (
            "transformer",
            {**TEXT, "depth": 1, "heads": 2, "pooling": "first", "activation": "sigmoid"},
            encoder,
        ),
    ],
)
def test_what_is_written_is_what_is_computed(
    name: str, choice: dict[str, Any], by_hand: Callable[[list[int], list[Array], Any], Array]
) -> None:
    preload()
    import keras

    keras.utils.set_random_seed(5)
    family: Any = families.get(name)
    params = family.Params(**choice)
    model = family.build(params, TOKENS, CLASSES)
    for variable in model.trainable_variables:  # what starts at 0 or 1 would hide a fault
        variable.assign(variable + keras.random.normal(variable.shape, stddev=0.3))
    width = max(len(text) for text in TEXTS)
    rows = np.array([text + [0] * (width - len(text)) for text in TEXTS], dtype=np.int32)
    said = np.asarray(model(rows, training=False))
    *weights, kernel, bias = weights_of(model)
    for text, row in zip(TEXTS, said, strict=True):
        assert by_hand(text, weights, params) @ kernel + bias == pytest.approx(row, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "choice", "written"),
    [
        ("embedding_bag", {"embedding_size": 24}, [r"E \in \mathbb{R}^{", r" \times 24}", r"W \in \mathbb{R}^{3 \times 24}"]),
        ("text_cnn", {"filters": 33, "widths": 2, "accumulate": 4, "clip": 2.0}, [r"w \in \{2, 3\}", r"\mathbb{R}^{33 \times 64 w}", r"\mathbb{R}^{3 \times 66}"]),
        ("recurrent", {"units": 40, "cell": "lstm"}, ["m_i = f", r"U \in \mathbb{R}^{40 \times 40}", r"\mathbb{R}^{3 \times 160}"]),
        ("transformer", {"heads": 5, "depth": 3}, [r"B_{3}(\ldots B_1(X))", r"\sqrt{13}", r"\mathbb{R}^{3 \times 65}"]),
        ("foundation", {"adapt": "lora", "rank": 5}, [r"A_k B", r"\mathbb{R}^{5 \times 32}", r"\mathbb{R}^{3 \times 384}"]),
        ("foundation", {"adapt": "gradual", "thaw": 3}, [r"\alpha_e \cdot 0.9^{\,7 - l}", r"l \ge 7 - 3 \, e"]),
        ("foundation", {"adapt": "frozen", "pooling": "max"}, [r"\theta = \theta_0", r"\max_i x_i"]),
    ],
)  # fmt: skip
def test_the_formulas_carry_the_chosen_numbers(name: str, choice: dict[str, Any], written: list[str]) -> None:
    family: Any = families.get(name)
    params = family.Params(**choice)
    text = " ".join(latex for _, latex in family.formulas(params, toy_facts(5000, 3)))
    for part in written:
        assert part in text, part
    assert r"\theta^{(t+1)}" in text, "and how it learns"
    learnt = text[text.index(r"g = \frac{") :]
    assert learnt.count(r"g = \frac{") == 1, "what was made of the gradient is what the step follows"
    assert (r"g \leftarrow g" in learnt) == (params.clip > 0)
