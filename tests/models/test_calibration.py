from __future__ import annotations

import numpy as np
import pytest

from engine.models.calibration import class_scores, fit_temperature, negative_log_likelihood, softmax


@pytest.mark.parametrize("true", [0.25, 1.0, 4.0])
def test_finds_the_temperature_that_made_the_labels(true: float) -> None:
    random = np.random.default_rng(0)
    scores = random.normal(0, 3, (20_000, 3))
    labels = np.array([random.choice(3, p=row) for row in softmax(scores, true)])
    found = fit_temperature(scores, labels)
    assert found == pytest.approx(true, rel=0.1)
    assert negative_log_likelihood(scores, labels, found) <= negative_log_likelihood(scores, labels)


def test_keeps_every_decision() -> None:
    scores = np.random.default_rng(1).normal(0, 5, (500, 4))
    for temperature in (0.01, 1.0, 100.0):
        said = softmax(scores, temperature)
        assert (said.argmax(axis=1) == scores.argmax(axis=1)).all()
        assert np.allclose(said.sum(axis=1), 1)


def test_a_margin_is_the_logit_of_the_second_class() -> None:
    margins = np.array([-2.0, 0.0, 3.0])
    assert np.allclose(softmax(class_scores(margins))[:, 1], 1 / (1 + np.exp(-margins)))


def test_nothing_to_fit_on_and_perfect_separation_stay_finite() -> None:
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)) == 1.0
    perfect = fit_temperature(np.array([[9.0, -9.0], [-9.0, 9.0]]), np.array([0, 1]))
    assert 0.01 <= perfect <= 100
