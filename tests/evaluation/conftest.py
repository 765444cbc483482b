from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def _draw(n, classes, seed=0, skill=0.5):
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, n, p=rng.dirichlet([4] * classes))
    probabilities = rng.dirichlet([1] * classes, n)
    probabilities[np.arange(n), truth] += skill * rng.random(n)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


@pytest.fixture
def draw():
    """A function of n and the number of classes: truth and probabilities of a run that is right more often than not."""
    return _draw


@pytest.fixture
def drawn():
    """n = 400 rows of three classes with two slice columns, one value missing here and there."""
    truth, probabilities = _draw(400, 3)
    rng = np.random.default_rng(9)
    slices = pd.DataFrame(
        {
            "region": rng.choice(["north", "south", ""], 400),
            "domain": rng.choice(["a", "b"], 400, p=[0.98, 0.02]),
        }
    )
    return truth, probabilities, slices
