"""Scores into decisions: offsets by the size of the classes, and what is stored of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.models.decision import Decision, fit_decision, fit_offsets, macro_f1
from engine.models.family import TrainingData

SIZES = np.array([800, 150, 50])


def uneven(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated scores of classes that overlap, and labels drawn by SIZES."""
    random = np.random.default_rng(seed)
    labels = random.choice(3, rows, p=SIZES / SIZES.sum())
    evidence = random.normal(size=(rows, 3)) + 1.2 * np.eye(3)[labels]
    return 1.2 * evidence + np.log(SIZES / SIZES.sum()), labels


def test_offsets_help_on_rows_that_they_were_not_chosen_on() -> None:
    scores, labels = uneven(3000, seed=1)
    offsets = fit_offsets(*uneven(1000, seed=0), SIZES)
    assert offsets[0] < offsets[1] < offsets[2]
    before, after = (macro_f1(labels, said.argmax(axis=1), 3) for said in (scores, scores + offsets))
    assert after > before + 0.03


def test_nothing_is_moved_where_nothing_is_gained() -> None:
    labels = np.arange(60) % 3
    assert (fit_offsets(9.0 * np.eye(3)[labels], labels, SIZES) == 0).all()
    scores, labels = uneven(500, seed=2)
    assert (fit_offsets(scores, labels, np.array([5, 5, 5])) == 0).all()


def test_macro_f1_is_scikit_learns() -> None:
    from sklearn.metrics import f1_score

    random = np.random.default_rng(0)
    labels, said = random.integers(0, 3, 50), random.integers(0, 4, 50)
    expected = f1_score(labels, said, labels=range(5), average="macro", zero_division=0)
    assert macro_f1(labels, said, 5) == pytest.approx(expected)


def test_a_decision_survives_json_and_one_without_offsets_moves_nothing() -> None:
    scores, labels = uneven(400, seed=3)
    sizes = np.array([800, 0, 150, 50])
    decision = fit_decision(scores, np.array([0, 2, 3])[labels], sizes, adjust=True)
    assert decision.present.tolist() == [0, 2, 3]
    again = Decision.of_json(json.loads(json.dumps(decision.as_json())))
    assert (again.probabilities(scores) == decision.probabilities(scores)).all()
    assert (again.probabilities(scores)[:, 1] == 0).all()
    old = {key: value for key, value in decision.as_json().items() if key != "offsets"}
    plain = Decision.of_json(old).probabilities(scores)
    assert (plain[:, [0, 2, 3]].argmax(axis=1) == scores.argmax(axis=1)).all()


def test_a_decision_without_validation_rows_is_plain() -> None:
    decision = fit_decision(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), SIZES, adjust=True)
    assert decision.temperature == 1
    assert (decision.offsets == 0).all()


@pytest.mark.slow
def test_a_network_keeps_an_adjusted_decision_in_its_last_layer() -> None:
    import keras

    from engine.models.network import calibrate, with_softmax

    scores, labels = uneven(1000, seed=0)
    sizes = np.array([*SIZES, 0])
    scores = np.column_stack([scores, np.full(1000, -60.0)])
    data = TrainingData((), np.repeat(np.arange(4), sizes), (), labels, tuple("abcd"), 0)
    inputs = keras.Input((4,))
    logits = keras.layers.Dense(4, kernel_initializer="identity", name="logits")(inputs)
    model = keras.Model(inputs, logits)
    temperature = calibrate(model, scores, data, adjust=False).temperature
    assert not model.get_layer("logits").get_weights()[1].any()
    adjusted = calibrate(model, scores, data, adjust=True)
    said = np.asarray(with_softmax(model, adjusted.temperature)(scores.astype(np.float32)))
    assert np.abs(said - adjusted.validated).max() < 1e-6
    expected = fit_decision(scores[:, :3], labels, SIZES, adjust=True)
    assert np.abs(said[:, :3] - expected.probabilities(scores[:, :3])).max() < 1e-3
    assert temperature == pytest.approx(fit_decision(scores[:, :3], labels, SIZES).temperature, rel=1e-2)
    assert macro_f1(labels, said.argmax(axis=1), 3) > macro_f1(labels, scores.argmax(axis=1), 3)
