"""Learning in 16 bits: the network that comes out computes in 32, and "auto" goes by the cards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.models import litert
from engine.models.learning import Precision, on_machine
from engine.models.litert import LiteModel, export_network
from engine.training.loop import predict_scores
from engine.training.precision import computing_in, suited_precision
from tests.models.toys import MACHINE, Line
from tests.training.test_loop import HELD, INPUTS, network, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_what_learnt_in_16_bits_is_delivered_in_32(
    precision: Precision, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network()
    outcome = run(line, model, epochs=8, precision=precision)
    assert outcome.history[-1]["val_accuracy"] > 0.9
    assert outcome.history[-1]["loss"] < outcome.history[0]["loss"]
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert {variable.dtype for variable in model.variables if "seed" not in variable.path} == {"float32"}
    file = line.training.checkpoints / "model.tflite"
    export_network(model, file, INPUTS[:32])
    served = LiteModel(file).run(60, lambda rows: INPUTS[240:][rows])
    monkeypatch.setattr(litert, "_FROZEN", 0)  # as a large model is exported
    before = set(file.parent.iterdir())
    export_network(model, file, INPUTS[:32])
    assert set(file.parent.iterdir()) == before
    assert np.allclose(LiteModel(file).run(60, lambda rows: INPUTS[240:][rows]), served, atol=1e-6)
    assert (served.argmax(axis=1) == predict_scores(model, HELD).argmax(axis=1)).all()


def test_layers_compute_in_16_bits_only_within_and_the_last_one_never() -> None:
    import keras

    vectors = keras.Input((4, 3))
    found = keras.layers.Bidirectional(keras.layers.GRU(2))(keras.layers.Dense(3)(vectors))
    model = keras.Model(vectors, keras.layers.Dense(2)(found))
    _, dense, recurrent, last = model.layers
    with computing_in("mixed_float16", model):
        assert dense.compute_dtype == "float16" and dense.kernel.dtype == "float32"
        assert recurrent.forward_layer.cell.compute_dtype == last.compute_dtype == "float32"
        assert model(np.ones((1, 4, 3), dtype=np.float32)).dtype == "float32"
    assert dense.compute_dtype == "float32"


def test_the_length_of_a_scaled_gradient_is_said_unscaled(tmp_path: Path) -> None:
    import keras

    lengths = []
    for precision in ("float32", "mixed_float16"):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((5,))
        model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(8, activation="relu")(inputs)))
        line = Line(tmp_path / precision)
        run(line, model, epochs=1, precision=precision, batch_size=240)
        lengths.append(line.of("epoch")[0]["gradient_norm"])
    assert lengths[1] == pytest.approx(lengths[0], rel=0.02)


@pytest.mark.parametrize(
    ("capabilities", "suited"),
    [([], "float32"), ([(9, 0)], "mixed_bfloat16"), ([(7, 5)], "float32"), ([(9, 0), (7, 0)], "float32")],
)
def test_automatic_goes_by_the_oldest_card(
    capabilities: list[tuple[int, int]], suited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: capabilities)
    details = {"get_device_details": lambda known: {"compute_capability": known}}
    monkeypatch.setattr(
        tf.config, "experimental", type("Experimental", (), {k: staticmethod(v) for k, v in details.items()})
    )
    assert suited_precision("auto") == suited
    assert suited_precision("mixed_float16") == "mixed_float16"


def test_the_dial_says_what_this_machine_has() -> None:
    from dataclasses import replace

    assert "no graphics card" in on_machine(MACHINE)["precision"].reason
    here = replace(MACHINE, cards=2, accelerator="Card", card_memory_bytes=80_000_000_000)
    assert on_machine(here)["cards"].params == {"count": 2, "name": "Card", "memory": 80}
