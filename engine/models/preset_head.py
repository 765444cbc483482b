"""The head with which a foundation model guessed hidden pieces in its own training, where its weights still hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.models.presets import Preset

_ROBERTA = ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias")
_NAMES = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    "roberta": _ROBERTA,
    "xlm_roberta": _ROBERTA,
    "albert": ("predictions.dense", "predictions.LayerNorm", "predictions.bias"),
}  # fmt: skip
"""Dense layer, normalization and bias of the head, as Hugging Face's files call them."""


class Head(NamedTuple):
    """Weights between the vector of a place and the guess: a dense layer, a normalization, and a bias a token of the vocabulary."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    gamma: NDArray[np.float32]
    beta: NDArray[np.float32]
    scores: NDArray[np.float32]


def find_head(preset: Preset) -> Head | None:
    """The head of `preset`; None if its publisher left it out, or if it comes in Keras' form, which keeps it elsewhere."""
    from safetensors import safe_open

    dense, norm, scores = _NAMES[preset.architecture]
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


def _one(arrays: Mapping[str, Any], *names: str) -> Any:
    """The array of the first name that is there."""
    return next((arrays[name] for name in names if name in arrays), None)
