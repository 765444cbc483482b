from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.models.family import Discarded
from engine.training.loop import Diverged, Outcome, Plan, Rows, predict_scores, train_network
from engine.training.preload import preload
from tests.models.toys import Line

pytestmark = pytest.mark.slow

INPUTS = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
LABELS = (INPUTS[:, 0] + INPUTS[:, 1] > 0).astype(np.int64)
TRAIN, HELD = Rows(INPUTS[:240].__getitem__, LABELS[:240]), Rows(INPUTS[240:].__getitem__, LABELS[240:])


def network(outputs: int = 2) -> Any:
    preload()
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dropout(0.2, seed=1)(keras.layers.Dense(8, activation="relu")(inputs))
    return keras.Model(inputs, keras.layers.Dense(outputs)(hidden))


def run(line: Line, model: Any = None, train: Rows = TRAIN, **plan: Any) -> Outcome:
    model = model or network()
    import keras

    settings = {"epochs": 3, "batch_size": 16, "rate": lambda done, reductions: 0.01, **plan}
    return train_network(model, keras.optimizers.Adam(), train, HELD, Plan(**settings), line.training)


def test_learns_and_reports_every_epoch(line: Line) -> None:
    outcome = run(line, epochs=5, rate=lambda done, reductions: 0.02 / (int(done) + 1))
    epochs = line.of("epoch")
    assert [e["epoch"] for e in epochs] == [1, 2, 3, 4, 5]
    assert epochs[-1]["val_accuracy"] > 0.9
    assert epochs[-1]["loss"] < epochs[0]["loss"]
    assert [e["learning_rate"] for e in epochs] == pytest.approx([0.02, 0.01, 0.02 / 3, 0.005, 0.004])
    assert epochs[-1]["examples_per_second"] > 0
    assert len(outcome.history) == 5
    assert not outcome.stopped_early
    first = line.of("batch")[0]
    assert {name: first[name] for name in ("epoch", "epochs", "step", "steps")} == {
        "epoch": 1, "epochs": 5, "step": 1, "steps": 15,
    }  # fmt: skip
    assert first["gradient_norm"] > 0 and first["memory_bytes"] > 1e8 and first["learning_rate"] == 0.02


def test_events_inside_an_epoch_are_at_most_two_a_second(line: Line) -> None:
    import time

    slow = Rows(lambda rows: (time.sleep(0.06), INPUTS[:240][rows])[1], LABELS[:240])
    start = time.monotonic()
    run(line, train=slow, epochs=2)
    assert 1 < len(line.of("batch")) <= 2 * (time.monotonic() - start) + 1


def test_one_output_for_two_classes_is_the_same_as_two(line: Line) -> None:
    model = network(outputs=1)
    run(line, model, epochs=8)
    scores = predict_scores(model, HELD)
    assert scores.shape == (60, 2)
    assert (scores.argmax(axis=1) == LABELS[240:]).mean() > 0.9


def test_keep_ends_between_batches_with_the_best_weights(tmp_path: Path) -> None:
    line, model = Line(tmp_path, "keep", after=40), network()
    outcome = run(line, model, epochs=50)
    assert outcome.stopped_early
    assert len(outcome.history) == 2
    best = min(outcome.history, key=lambda e: e["val_loss"])
    scores = predict_scores(model, HELD)
    assert float((scores.argmax(axis=1) == LABELS[240:]).mean()) == best["val_accuracy"]


def test_keep_in_the_first_epoch_keeps_what_there_is(tmp_path: Path) -> None:
    outcome = run(Line(tmp_path, "keep", after=5))
    assert outcome.stopped_early
    assert outcome.history == ()


def test_discard_raises(tmp_path: Path) -> None:
    with pytest.raises(Discarded):
        run(Line(tmp_path, "discard", after=20))


def test_a_loss_that_is_no_number_is_an_error_with_a_remedy(line: Line) -> None:
    # too large for float32 one layer on; NaN as an input is turned into 0 by the ReLU of some processors
    broken = Rows(lambda rows: np.full((len(rows), 5), 3e38, dtype=np.float32), LABELS[:240])
    with pytest.raises(Diverged) as caught:
        run(line, train=broken)
    assert caught.value.params == {"epoch": 1, "learning_rate": 0.01}


def test_a_finished_training_is_not_trained_again(line: Line, tmp_path: Path) -> None:
    model, again = network(), network()
    run(line, model)
    later = Line(tmp_path / "checkpoints")
    outcome = run(later, again)
    assert later.of("epoch") == []
    assert len(outcome.history) == 3
    assert np.array_equal(predict_scores(model, HELD), predict_scores(again, HELD))


def test_a_full_disk_costs_the_checkpoint_not_the_training(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.training.checkpoint import Checkpoints

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoints, "save", full)
    assert len(run(line).history) == 3
    assert [e["level"] for e in line.of("log")] == ["warning"] * 2  # after the first epoch and after the last


def test_short_epochs_do_not_write_a_checkpoint_each(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.training.checkpoint import Checkpoints

    written: list[int] = []
    monkeypatch.setattr(Checkpoints, "save", lambda self, number, arrays, meta: written.append(number))
    run(line, epochs=6)
    assert written == [1, 6]
