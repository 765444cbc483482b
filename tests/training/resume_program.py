"""Trains a toy network several times, with and without kill -9; run by test_resume.

TensorFlow is imported once, no operation is run, and every training is a fork of that: seconds instead of a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from engine.models.family import Training
from engine.models.preset_import import import_preset
from engine.recipe import Part, Recipe
from engine.training import loop, pretraining
from engine.training.preload import preload
from engine.training.run import fit_run
from tests.models.tiny_presets import tiny_bert
from tests.models.toys import texts_of, toy_data

FAMILIES = {
    "embedding_bag": {
        "epochs": 6,
        "patience": 0,
        "batch_size": 16,
        "buckets": 1000,
        "min_df": 1,
        "learning_rate": 0.1,
        "watch": "macro_f1",
        "decay": "plateau",
        "decay_every": 1,
        "decay_rate": 0.5,
        "accumulate": 3,
    },
    "transformer": {
        "epochs": 6,
        "patience": 0,
        "batch_size": 16,
        "vocabulary": 500,
        "embedding_size": 16,
        "heads": 2,
        "depth": 1,
        "pretraining": 3,
    },
    "case_network": {
        "epochs": 6,
        "patience": 0,
        "batch_size": 16,
        "units": 16,
        "max_features": 300,
        "min_df": 1,
        "deterministic": True,
    },
    "foundation": {
        "preset": "tiny",
        "adapt": "lora",
        "rank": 2,
        "epochs": 6,
        "patience": 0,
        "batch_size": 16,
        "learning_rate": 0.01,
    },
}
DAMAGED = "case_network"
"""The family whose newest checkpoint is damaged besides: how one is read is the same for all."""
REDUCED = "embedding_bag"
"""The family whose learning rate waits for plateaus: the best macro-F1 there is comes first, so each later epoch is one."""
PRETRAINED = "transformer"
"""The family that dies in its pretraining besides."""
SHARED = FAMILIES["case_network"] | {
    "batch_size": 17, "dropout": 0.0, "l2": 1e-3, "clip": 0.1, "learning_rate": 0.01, "cards": "all",
}  # fmt: skip
"""What one and two devices learn alike: nothing is left to chance, the gradient is clipped, the rows do not part evenly."""
EPOCHS_BEFORE_DEATH = {"Epoch": 3, "Pretraining": 2}
STEPS_BEFORE_DEATH = 4


def main(root: Path) -> None:
    os.environ["BENTU_HOME"] = str(root)
    import_preset(tiny_bert(root / "source"), root / "presets", "tiny")
    preload()
    import keras_hub  # noqa: F401  # once for all the children

    # these epochs are far shorter than the time between two checkpoints
    loop._BETWEEN_CHECKPOINTS = pretraining._BETWEEN_CHECKPOINTS = 0
    from tensorflow.python.eager import context

    untouched = context._context is None or context._context._context_handle is None
    (root / "preload.json").write_text(json.dumps({"no_operation_ran": untouched}))
    for family in FAMILIES:
        _forked(partial(_train, family, root / family / "whole"))
        killed, damaged = root / family / "killed", root / family / "damaged"
        _killed(partial(_train, family, killed, dies_in="Epoch"))
        if family == DAMAGED:
            shutil.copytree(killed, damaged)
            _damage_newest(damaged)
            _forked(partial(_train, family, damaged))
        _forked(partial(_train, family, killed))
    early = root / PRETRAINED / "early"
    _killed(partial(_train, PRETRAINED, early, dies_in="Pretraining"))
    assert list((early / "checkpoints" / pretraining.FOLDER).glob("generation-*.npz"))
    assert not list((early / "checkpoints").glob("generation-*.npz"))
    _forked(partial(_train, PRETRAINED, early))
    devices = root / "devices"
    _forked(partial(_share, devices / "one", 1))
    _forked(partial(_share, devices / "whole", 2))
    _killed(partial(_share, devices / "killed", 2, dies_in="Epoch"))
    _forked(partial(_share, devices / "killed", 2))


def _share(folder: Path, devices: int, dies_in: str = "") -> None:
    """Train on parts of the processor, which a strategy treats as it treats graphics cards."""
    import tensorflow as tf

    parts = [tf.config.LogicalDeviceConfiguration()] * devices
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    listed = tf.config.list_logical_devices
    with patch.object(tf.config, "list_logical_devices", lambda kind: listed("CPU")):
        _train("case_network", folder, dies_in, SHARED)


def _forked(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def _killed(work: Callable[[], None]) -> None:
    status = _forked(work)
    assert os.WIFSIGNALED(status), status
    assert os.WTERMSIG(status) == signal.SIGKILL


def _train(family: str, folder: Path, dies_in: str = "", settings: dict[str, Any] | None = None) -> None:
    events: list[tuple[str, dict[str, Any]]] = []
    asked = 0

    def stop() -> None:
        nonlocal asked
        if dies_in and _epochs(events, dies_in) == EPOCHS_BEFORE_DEATH[dies_in]:
            asked += 1
            if asked > STEPS_BEFORE_DEATH:
                os.kill(os.getpid(), signal.SIGKILL)

    training = Training(lambda kind, **payload: events.append((kind, payload)), stop, folder / "checkpoints")
    recipe = Recipe(data="toy", family=Part(name=family, params=settings or FAMILIES[family]))
    fitted = fit_run(recipe, toy_data(200, seed=7), training)
    np.save(folder / "answers.npy", fitted.predict_proba(texts_of(50, seed=5)[0]))
    kept = [(kind, payload) for kind, payload in events if kind in ("epoch", "log")]
    (folder / "events.json").write_text(json.dumps(kept))
    if FAMILIES[family].get("deterministic"):
        from tensorflow.python.framework import config

        (folder / "deterministic").write_text(str(config.is_op_determinism_enabled()))


def _epochs(events: list[tuple[str, dict[str, Any]]], kind: str) -> int:
    if kind == "Epoch":
        return sum(name == "epoch" for name, _ in events)
    return sum(name == "log" and "Pretraining, epoch" in payload["message"] for name, payload in events)


def _damage_newest(folder: Path) -> None:
    newest = max((folder / "checkpoints").glob("generation-*.npz"))
    newest.write_bytes(newest.read_bytes()[:-2000])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
