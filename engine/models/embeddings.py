"""Vectors of texts by a frozen model, computed once and kept: the read-out then learns in a fraction of the time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.backbone import load_backbone, text_vectors
from engine.models.family import Discarded, Training
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.features.tokens import TokenRows
from engine.models.presets import Preset, check

READ_PIECES = 128
"""What `preset_embeddings` reads of a text."""

_AT_ONCE, _SAID_EVERY = 64, 8

Vectors = NDArray[np.float32]


def text_embeddings(model: Any, rows: TokenRows, training: Training, mark: str) -> Vectors:
    """What `model` answers to `rows`, shape (n, width), as another training on the same data kept it, or computed and kept.

    Args:
        model: Keras model from token numbers to one vector a text.
        rows: the texts.
        training: its `vectors` keep; asked whether to give up between batches.
        mark: of the weights and the way to read them: with another mark everything is computed anew.
    """
    import keras
    import keras_hub  # type: ignore[import-untyped]

    said = f"{mark} {keras.__version__} {keras_hub.__version__} {rows.digest}"
    key = hashlib.sha256(said.encode()).hexdigest()
    kept = None if training.vectors is None else training.vectors.get(key)
    if kept is not None:
        training.report("log", level="info", message=N_("{n} text vectors were computed before."), params={"n": f"{len(rows):,}"})  # fmt: skip
        return kept
    found = _computed(model, rows, training)
    if training.vectors is not None:
        training.vectors.put(key, found)
    return found


def preset_embeddings(preset: Preset, texts: Sequence[str], training: Training) -> Vectors:
    """The mean vector of each text's first pieces by a preset as it came, shape (n, hidden); needs TensorFlow.

    Raises:
        PresetDamaged: its files are not what was imported.
        Discarded: somebody gave it up.
    """
    from engine.training.preload import preload

    check(preset)
    preload()
    import keras

    tokens = CheckpointTokens.of_preset(preset.folder, min(READ_PIECES, preset.facts.max_length))
    ids = keras.Input((None,), dtype="int32")
    vectors = text_vectors(load_backbone(preset), ids, tokens.pad, "mean")
    return _computed(keras.Model(ids, vectors), tokens.transform(texts), training)


def _computed(model: Any, rows: TokenRows, training: Training) -> Vectors:
    from engine.training.step import forward_pass

    forward, order = forward_pass(model), np.argsort(rows.lengths, kind="stable")
    found = np.zeros((len(rows), int(model.outputs[0].shape[-1])), dtype=np.float32)
    pieces = np.cumsum(rows.lengths[order])
    for at in range(0, len(order), _AT_ONCE):
        if training.stop() == "discard":
            raise Discarded()
        if at % (_SAID_EVERY * _AT_ONCE) == 0:
            training.report("progress", fraction=float(pieces[at] / max(pieces[-1], 1)))
        chosen = order[at : at + _AT_ONCE]
        found[chosen] = np.asarray(forward(rows[chosen]))
    return found


@dataclass(frozen=True)
class Affine:
    """Vectors moved and stretched to mean 0 and deviation 1 in every place, so that one learning rate suits any model."""

    mean: Vectors
    deviation: Vectors

    @classmethod
    def of(cls, vectors: Vectors) -> Affine:
        """From the vectors of the training texts."""
        return cls(vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-6))

    def __call__(self, vectors: Vectors) -> Vectors:
        return (vectors - self.mean) / self.deviation

    def folded_into(self, kernel: Vectors, bias: Vectors) -> tuple[Vectors, Vectors]:
        """Weights that answer to the vectors themselves as `kernel` and `bias` answer to the stretched ones."""
        direct = kernel / self.deviation[:, None]
        return direct, bias - self.mean @ direct
