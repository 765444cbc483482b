from __future__ import annotations

import numpy as np
import pytest

from engine.models.learning import learning_rate
from engine.models.text.case_network import CaseNetwork, CaseNetworkParams, parameter_count
from tests.models.toys import Line, texts_of, toy_data, toy_facts

TINY = {"epochs": 3, "batch_size": 16, "units": 8, "max_features": 300, "min_df": 1}


def test_the_learning_rate_shrinks_as_chosen() -> None:
    def rates(**values: object) -> list[float]:
        params = CaseNetworkParams(learning_rate=1.0, epochs=4, **values)  # type: ignore[arg-type]
        return [learning_rate(params, epoch) for epoch in range(4)]

    assert rates(decay="exponential", decay_rate=0.5) == [1, 0.5, 0.25, 0.125]
    assert rates(decay="step", decay_rate=0.5, decay_every=2) == [1, 1, 0.5, 0.5]
    assert rates(decay="cosine") == pytest.approx([1, 0.5 + 0.5 * 2**-0.5, 0.5, 0.5 - 0.5 * 2**-0.5])
    assert rates(decay="none") == [1, 1, 1, 1]


def test_parameters_are_counted_exactly() -> None:
    assert parameter_count(CaseNetworkParams(), 10_000, 2) == 10_001 * 100 + 101 * 100 + 101 * 2
    bag = CaseNetworkParams(input="embedding", embedding_size=64, units=50, hidden_layers=1)
    assert parameter_count(bag, 5000, 3) == 5000 * 64 + 65 * 50 + 51 * 3


def test_formulas_carry_the_chosen_numbers_and_the_right_sign() -> None:
    facts = toy_facts(rows=100_000, classes=3)
    params = CaseNetworkParams(
        units=77, optimizer="gradient_descent", learning_rate=1e-4, l2=1e-5, smoothing=0.1, balanced=True
    )
    text = " ".join(latex for _, latex in CaseNetwork().formulas(params, facts))
    assert r"\mathbb{R}^{77 \times 10000}" in text
    assert r"\mathbb{R}^{3 \times 77}" in text
    plain = " ".join(latex for _, latex in CaseNetwork().formulas(CaseNetworkParams(), facts))
    assert r"= \hat{y} - y" in plain
    assert r"\theta^{(t)} - \alpha_e \, g" in text
    assert r"\alpha_e = 0.0001 \cdot 0.95^{\,e}" in text
    assert r"+ 2 \cdot 10^{-5} W^{(l)}" in text
    assert r"w_y \left(\hat{y} - y\right)" in text
    assert str(parameter_count(params, 10_000, 3)) in text
    for choice in (
        {"input": "embedding"},
        {"decay": "step"},
        {"decay": "cosine"},
        {"decay": "none"},
        {"hidden_layers": 4},
    ):
        assert CaseNetwork().formulas(CaseNetworkParams(**choice), facts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "choice",
    [{"input": "embedding", "learning_rate": 0.05, "epochs": 8}, {"hidden_layers": 1, "l2": 1e-4, "smoothing": 0.1, "balanced": True},
     {"optimizer": "gradient_descent", "learning_rate": 0.5, "dropout": 0.0, "epochs": 12, "watch": "macro_f1"}],
)  # fmt: skip
def test_every_kind_of_network_learns_and_has_the_stated_size(choice: dict[str, object], line: Line) -> None:
    params = CaseNetworkParams(**{**TINY, "learning_rate": 0.01, "epochs": 6, "patience": 0, **choice})
    fitted = CaseNetwork().fit(toy_data(200, classes=3), params, line.training)
    assert fitted.model.count_params() == parameter_count(params, fitted.encoder.width, 3)  # type: ignore[attr-defined]
    texts, labels = texts_of(60, seed=8, classes=3)
    assert (fitted.predict_proba(texts).argmax(axis=1) == labels).mean() > 0.85


@pytest.mark.slow
def test_the_best_epoch_is_what_is_kept(line: Line) -> None:
    data = toy_data(60)
    rng = np.random.default_rng(0)
    data.validation_labels[:] = np.where(
        rng.random(60) < 0.3, 1 - data.validation_labels, data.validation_labels
    )
    params = CaseNetworkParams(**{**TINY, "epochs": 60, "patience": 4, "learning_rate": 0.02, "dropout": 0.0})
    fitted = CaseNetwork().fit(data, params, line.training)
    epochs = line.of("epoch")
    losses = [epoch["val_loss"] for epoch in epochs]
    best = int(np.argmin(losses))
    assert len(epochs) == best + 1 + 4 < 60
    assert epochs[-1]["best_epoch"] == best + 1
    assert [note["params"] for note in line.of("note")] == [{"patience": 4}]
    accuracy = (fitted.predict_proba(data.validation_inputs).argmax(axis=1) == data.validation_labels).mean()
    assert accuracy == pytest.approx(epochs[best]["val_accuracy"])
    loss = -np.log(fitted.predict_proba(data.validation_inputs)[np.arange(60), data.validation_labels]).mean()
    assert loss <= losses[best] + 1e-4  # calibration can only help
