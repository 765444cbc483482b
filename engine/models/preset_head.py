"""The head with which a foundation model guessed hidden pieces in its own training, where its weights still hold it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.models.presets import CONFIG, Preset

TASK_WEIGHTS = "task.weights.h5"
"""In it KerasHub saves what a task has besides its backbone."""

_IN_KERAS = "layers/masked_lm_head"
_ROBERTA = ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias")
_NAMES = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    "roberta": _ROBERTA,
    "xlm_roberta": _ROBERTA,
    "albert": ("predictions.dense", "predictions.LayerNorm", "predictions.bias"),
}  # fmt: skip
"""Dense layer, normalization and bias of the head, as Hugging Face's files call them. DeBERTa-v3 has none: it learnt to tell
replaced words from real ones, and what stands there under such names was never trained."""


class Head(NamedTuple):
    """Weights between the vector of a place and the guess: a dense layer, a normalization, and a bias a token of the vocabulary."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    gamma: NDArray[np.float32]
    beta: NDArray[np.float32]
    scores: NDArray[np.float32]


_found: dict[str, bool] = {}


def guesses(preset: Preset) -> bool:
    """Whether it has a head, kept by its digest: a form asks this at every turn.

    Files that were damaged since the import have none for now; what they are is said where the model is used.
    """
    if preset.digest not in _found:
        try:
            _found[preset.digest] = find_head(preset) is not None
        except Exception:  # whatever a damaged file makes a foreign reader raise
            return False
    return _found[preset.digest]


def find_head(preset: Preset) -> Head | None:
    """The head of `preset`; None if its publisher left it out, or if it scores by another table than that of the words."""
    if preset.form == "keras":
        return keras_head(preset.folder / TASK_WEIGHTS) if TASK_WEIGHTS in preset.files else None
    names = _NAMES.get(preset.architecture)
    if names is None or not json.loads((preset.folder / CONFIG).read_text(encoding="utf-8")).get(
        "tie_word_embeddings", True
    ):
        return None
    from safetensors import safe_open

    dense, norm, scores = names
    arrays: dict[str, NDArray[np.float32]] = {}
    for path in preset.folder.glob("*.safetensors"):
        with safe_open(path, framework="np") as file:  # type: ignore[no-untyped-call]
            wanted = [name for name in file.keys() if name.startswith((dense, norm, scores))]  # noqa: SIM118
            arrays |= {name: file.get_tensor(name).astype(np.float32) for name in wanted}
    found = (
        _one(arrays, f"{dense}.weight"), _one(arrays, f"{dense}.bias"), _one(arrays, f"{norm}.weight", f"{norm}.gamma"),
        _one(arrays, f"{norm}.bias", f"{norm}.beta"), _one(arrays, scores),
    )  # fmt: skip
    kernel, *others = found
    if kernel is None or any(other is None for other in others):
        return None
    return Head(kernel.T, *others)


def keras_head(path: Path) -> Head | None:
    """The head in the weights that KerasHub saved of a `...MaskedLM`; None where they are of another task."""
    import h5py  # type: ignore[import-untyped]

    dense, norm = f"{_IN_KERAS}/_intermediate_dense/vars", f"{_IN_KERAS}/_intermediate_layer_norm/vars"
    names = (f"{dense}/0", f"{dense}/1", f"{norm}/0", f"{norm}/1", f"{_IN_KERAS}/vars/0")
    with h5py.File(path, "r") as file:
        if any(name not in file for name in names):
            return None
        return Head(*(np.asarray(file[name], dtype=np.float32) for name in names))


def _one(arrays: Mapping[str, Any], *names: str) -> Any:
    """The array of the first name that is there."""
    return next((arrays[name] for name in names if name in arrays), None)
