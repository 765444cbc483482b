"""Vectors of texts by a frozen model, computed once and kept: the read-out then learns in a fraction of the time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
_MOST_SHARED = 16
"""Files that the candidates of a search leave to one another; of 10 000 texts by a base model one has 30 MB."""

Vectors = NDArray[np.float32]


def text_embeddings(model: Any, rows: TokenRows, training: Training, mark: str) -> Vectors:
    """What `model` answers to `rows`, shape (n, width), from the file that an earlier try, or another candidate of the search,
    left, or computed and kept.

    Args:
        model: Keras model from token numbers to one vector a text.
        rows: the texts.
        training: the file lies in its `checkpoints`, or in what it shares; asked whether to give up between batches.
        mark: of what the answer depends on beside the rows: another mark, another file.
    """
    key = hashlib.sha256(f"{mark} {rows.digest}".encode()).hexdigest()[:32]
    folder = training.shared or training.checkpoints
    path = folder / f"embeddings-{key}.npy"
    if (kept := _kept(path, len(rows))) is not None:
        training.report("log", level="info", message=N_("{n} text vectors were computed before."), params={"n": f"{len(rows):,}"})  # fmt: skip
        return kept
    found = _computed(model, rows, training)
    folder.mkdir(parents=True, exist_ok=True)
    if training.shared:
        _make_room(training.shared)
    partial = path.with_suffix(".tmp")
    with partial.open("wb") as file:
        np.save(file, found)
    partial.replace(path)
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


def _kept(path: Any, count: int) -> Vectors | None:
    try:
        kept: Vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.ndim == 2 and len(kept) == count else None


def _make_room(folder: Path) -> None:
    """Leave the newest files, so that one more is not too many."""
    files = sorted(folder.glob("embeddings-*.npy"), key=lambda path: path.stat().st_mtime)
    for path in files[: max(len(files) - _MOST_SHARED + 1, 0)]:
        path.unlink()


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
