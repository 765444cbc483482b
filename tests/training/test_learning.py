"""The settings that all networks share: schedules, optimizers, plateaus, buckets, divergence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import BatchTooLarge, Diverged, TrainingData, families
from engine.models.learning import LearningParams, class_balance, learning_rate, make_optimizer, plan, rates
from engine.training.loop import Outcome, Plan, Rows, batches, predict_scores, train_network
from tests.models.toys import MACHINE, Line, toy_facts
from tests.training.test_loop import HELD, INPUTS, LABELS, TRAIN, network

EMPTY = TrainingData([], np.array([0, 0, 0, 1]), [], np.array([0, 1]), ("a", "b"), 7)


def learn(line: Line, model: Any, train: Rows = TRAIN, **settings: Any) -> Outcome:
    params = LearningParams(
        **{"epochs": 4, "batch_size": 16, "learning_rate": 0.02, "decay": "none", **settings}
    )
    return train_network(
        model, make_optimizer(params), train, HELD, plan(params, EMPTY, "toy"), line.training
    )


def test_the_rate_rises_in_warm_up_and_falls_to_zero() -> None:
    params = LearningParams(epochs=10, learning_rate=1.0, decay="linear", warmup=0.2)
    assert learning_rate(params, 0) < 0.01
    assert learning_rate(params, 1.0) == pytest.approx(0.5, abs=1e-3)
    assert learning_rate(params, 2.0) == pytest.approx(1.0)
    assert learning_rate(params, 6.0) == pytest.approx(0.5)
    assert learning_rate(params, 10.0) == 0
    shown = rates(params)
    assert (len(shown), shown.index(max(shown))) == (200, 40), (
        "twenty an epoch, the top where the warm-up ends"
    )
    assert shown[0] < 0.02 > shown[-1]
    assert len(rates(LearningParams(epochs=200))) == 1000


@pytest.mark.parametrize(
    ("decay", "after"),
    [
        ("exponential", lambda epoch: 0.8**epoch),
        ("step", lambda epoch: 0.8 ** (epoch // 2)),
        ("cosine", lambda epoch: (1 + math.cos(math.pi * epoch / 5)) / 2),
        ("linear", lambda epoch: 1 - (epoch + 0.5) / 5),
        ("none", lambda epoch: 1),
    ],
)
def test_the_rate_decays_from_where_the_warm_up_ends(decay: Any, after: Callable[[int], float]) -> None:
    params = LearningParams(
        epochs=10, learning_rate=1.0, decay=decay, decay_rate=0.8, decay_every=2, warmup=0.5
    )
    middles = [learning_rate(params, epoch + 0.5) for epoch in range(10)]
    assert middles == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9, *map(after, range(5))], abs=1e-3)


def test_no_dial_warms_up_a_decay_that_once_went_by_all_epochs() -> None:
    """So that what the dials trained before is what they train now: a version need not be raised."""
    for family in families:
        for dial in ("quick", "balanced", "thorough"):
            chosen = family.defaults(dial, toy_facts(), MACHINE)
            assert not getattr(chosen, "warmup", 0) or chosen.decay in ("linear", "none", "plateau")


def test_a_plateau_multiplies_the_rate() -> None:
    params = LearningParams(learning_rate=1.0, decay="plateau", decay_rate=0.5, decay_every=3)
    assert [learning_rate(params, 9, reductions) for reductions in range(3)] == [1, 0.5, 0.25]
    assert plan(params, EMPTY, "").plateau == 3
    assert plan(LearningParams(), EMPTY, "").plateau == 0


def test_rare_classes_weigh_more() -> None:
    assert class_balance(EMPTY) == pytest.approx([4 / 6, 2.0])


def test_batches_hold_rows_of_like_length_and_every_row_once() -> None:
    lengths = np.random.default_rng(1).integers(1, 200, size=3000)
    rows = Rows(lambda chosen: chosen, np.zeros(3000, dtype=np.int64), lengths)
    settings = Plan(epochs=1, batch_size=16, rate=lambda done, reductions: 0.1, seed=5)
    found = batches(rows, settings, 0)
    assert sorted(np.concatenate(found)) == list(range(3000))
    padded = sum(len(batch) * lengths[batch].max() for batch in found)
    plain = sum(len(b) * lengths[b].max() for b in batches(Rows(rows.take, rows.labels), settings, 0))
    assert padded < 0.65 * plain
    again, other = batches(rows, settings, 0), batches(rows, settings, 1)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))
    assert not np.array_equal(np.concatenate(found), np.concatenate(other))
    means = [lengths[batch].mean() for batch in found[:30]]
    assert means != sorted(means)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adamw", "weight_decay": 0.01},
        {"optimizer": "gradient_descent", "learning_rate": 0.5},
        {"optimizer": "momentum", "learning_rate": 0.1},
        {"optimizer": "nesterov", "learning_rate": 0.1, "clip": 1.0},
        {"optimizer": "rmsprop", "loss": "focal"},
        {"optimizer": "adafactor", "learning_rate": 0.05, "epochs": 12},
        {"optimizer": "lion", "learning_rate": 0.005, "epochs": 8},
        {"accumulate": 4, "epochs": 12, "loss": "squared"},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_every_optimizer_and_loss_learns(line: Line, settings: dict[str, Any]) -> None:
    model = network()
    learn(line, model, **{"epochs": 6, **settings})
    scores = predict_scores(model, HELD)
    assert (scores.argmax(axis=1) == LABELS[240:]).mean() > 0.85


@pytest.mark.slow
def test_a_plateau_is_met_in_training(line: Line) -> None:
    learn(line, network(), decay="plateau", decay_rate=0.1, decay_every=1, learning_rate=0.9, epochs=8)
    seen = [epoch["learning_rate"] for epoch in line.of("epoch")]
    assert seen[0] == pytest.approx(0.9)
    assert seen[-1] < 0.1


@pytest.mark.slow
def test_a_rate_that_diverges_later_keeps_the_last_good_weights(line: Line) -> None:
    model = network()
    settings = Plan(epochs=5, batch_size=16, rate=lambda done, reductions: 0.02 if done < 2 else 1e30, seed=1)
    import keras

    outcome = train_network(model, keras.optimizers.SGD(), TRAIN, HELD, settings, line.training)
    assert len(outcome.history) == 2
    assert not outcome.stopped_early
    assert np.isfinite(predict_scores(model, HELD)).all()
    assert any("stopped being a number" in note["message"] for note in line.of("note"))


@pytest.mark.slow
def test_a_rate_that_diverges_at_once_is_an_error(line: Line) -> None:
    with pytest.raises(Diverged) as caught:
        learn(line, network(), optimizer="gradient_descent", learning_rate=1.0, train=Rows(
            lambda rows: INPUTS[rows] * np.float32(1e30), LABELS[:240]))  # fmt: skip
    assert caught.value.params["epoch"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("said", [None, "failed with 'CUDA_ERROR_ILLEGAL_ADDRESS'"])
def test_a_batch_that_memory_cannot_hold_is_said_in_words(line: Line, said: str | None) -> None:
    import tensorflow as tf

    def too_much(rows: Any) -> Any:
        raise tf.errors.InternalError(None, None, said) if said else MemoryError

    with pytest.raises(BatchTooLarge) as caught:
        learn(line, network(), train=Rows(too_much, LABELS[:240]))
    assert caught.value.params["size"] == 16


@pytest.mark.slow
def test_a_share_of_zero_holds_a_layer_still_and_a_half_halves_the_step(tmp_path: Path) -> None:
    import keras

    def after_one_step(name: str, shares: list[float]) -> list[Any]:
        model = network()
        start = [variable.numpy() for variable in model.trainable_variables]
        settings = Plan(
            epochs=1, batch_size=240, rate=lambda done, reductions: 0.01, shares=lambda epoch: shares, keep_best=False
        )  # fmt: skip
        train_network(model, keras.optimizers.Adam(), TRAIN, HELD, settings, Line(tmp_path / name).training)
        return [v.numpy() - s for v, s in zip(model.trainable_variables, start, strict=True)]

    whole, cut = after_one_step("a", [1, 1, 1, 1]), after_one_step("b", [0, 0, 0.5, 1])
    assert not cut[0].any() and not cut[1].any()
    assert cut[2] == pytest.approx(whole[2] / 2, abs=1e-7)
    assert cut[3] == pytest.approx(whole[3], abs=1e-7)
