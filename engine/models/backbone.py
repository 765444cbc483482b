"""A foundation model as Keras layers: loaded, read out, adapted, and its adaptation kept in a small file.

Everything here runs in a worker: KerasHub is imported inside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models import deberta
from engine.models.preset_errors import PresetDamaged
from engine.models.presets import ARCHITECTURES, CONFIG, KERAS_WEIGHTS, Preset

Pooling = Literal["mean", "first", "max"]
ADAPTER = "adapter.npz"
_UNREAD = ("pooled_dense",)
"""Layers whose answer nothing here reads: they get no gradient."""
_SHARED = "group_"
_NUMBERED = re.compile(r"_layer_(\d+)(?:/|$)")
_SETTINGS = (
    "vocabulary_size", "num_layers", "num_heads", "hidden_dim", "intermediate_dim", "dropout", "max_sequence_length",
    "num_segments", "embedding_dim", "num_groups", "num_inner_repetitions", "bucket_size",
)  # fmt: skip
"""All that is taken from a Keras config: plain numbers, so that no object which it names is ever made."""


def load_backbone(preset: Preset) -> Any:
    """The model of a preset with its weights, as KerasHub builds it.

    Raises:
        PresetDamaged: if its weights do not fit its config.
    """
    import keras_hub  # type: ignore[import-untyped]

    builder = getattr(keras_hub.models, ARCHITECTURES[preset.architecture])
    file = preset.folder / (KERAS_WEIGHTS if preset.form == "keras" else CONFIG)
    try:
        if preset.form == "keras":
            said = json.loads((preset.folder / CONFIG).read_text(encoding="utf-8"))["config"]
            plain = {name: said[name] for name in _SETTINGS if isinstance(said.get(name), int | float)}
            backbone = builder(**plain)
            backbone.load_weights(str(file))
        elif preset.architecture == "deberta_v3":
            backbone = deberta.from_hugging_face(preset.folder, builder)
        else:
            backbone = builder.from_preset(str(preset.folder))
    except (ValueError, KeyError, TypeError, OSError) as problem:
        raise PresetDamaged(file=str(file), problem={"message": N_("does not fit its weights")}) from problem
    return _reading(backbone)


def with_tokens(backbone: Any, pieces: Mapping[int, Sequence[int]]) -> Any:
    """The same model with more tokens; the vector of each starts as the mean of some others.

    Gee et al., "Fast vocabulary transfer for language model compression" (2022).

    Args:
        backbone: as `load_backbone` answers.
        pieces: the number of each new token, and those of the tokens that it starts from.
    """
    table = backbone.token_embedding.embeddings.numpy()
    size = max(len(table), *(number + 1 for number in pieces))
    grown = np.concatenate([table, np.zeros((size - len(table), table.shape[1]), dtype=table.dtype)])
    for number, old in pieces.items():
        grown[number] = table[list(old)].mean(axis=0)
    larger = type(backbone).from_config({**backbone.get_config(), "vocabulary_size": size})
    for variable, known in zip(larger.variables, backbone.variables, strict=True):
        variable.assign(grown if variable is larger.token_embedding.embeddings else known)
    return _reading(larger)


def _reading(backbone: Any) -> Any:
    """The same model as it is used here: what is not read does not learn, and LiteRT knows all that it does."""
    for layer in backbone.layers:
        if layer.name in _UNREAD:
            layer.trainable = False
    if hasattr(backbone, "relative_embeddings"):
        deberta.with_plain_positions(backbone)
    return backbone


def token_vectors(backbone: Any, ids: Any, pad: int) -> Any:
    """One vector a token as a Keras tensor, from token numbers of shape (n, length); `pad` is not read."""
    import keras

    inputs = {"token_ids": ids, "padding_mask": keras.ops.cast(keras.ops.not_equal(ids, pad), "int32")}
    if "segment_ids" in backbone.input:
        inputs["segment_ids"] = keras.ops.zeros_like(ids)
    answer = backbone(inputs)
    return answer["sequence_output"] if isinstance(answer, dict) else answer


def text_vectors(backbone: Any, ids: Any, pad: int, pooling: Pooling) -> Any:
    """One vector a text, from what `token_vectors` answers to `ids`."""
    import keras

    vectors = token_vectors(backbone, ids, pad)
    if pooling == "first":
        return vectors[:, 0]
    counted = keras.ops.cast(keras.ops.expand_dims(keras.ops.not_equal(ids, pad), -1), vectors.dtype)
    if pooling == "max":
        return keras.ops.max(vectors * counted + (counted - 1) * 1e6, axis=1)
    return keras.ops.sum(vectors * counted, axis=1) / keras.ops.maximum(keras.ops.sum(counted, axis=1), 1)


def weights_digest(backbone: Any) -> str:
    """SHA-256 of all numbers in a model: what was worked out with others is of no use to it."""
    digest = hashlib.sha256()
    for variable in backbone.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).data)
    return digest.hexdigest()


def depths(paths: Sequence[str], layers: int) -> list[int]:
    """How far from the input each variable is: 0 for word vectors, 1 for the first layer, `layers` + 1 for the head.

    What serves as several layers, as in ALBERT, is as far as the last of them.
    """

    def depth(path: str) -> int:
        if path.startswith(_SHARED):
            return layers
        numbered = _NUMBERED.search(path)
        return int(numbered[1]) + 1 if numbered else layers + 1 if path.split("/")[0] == "logits" else 0

    return [depth(path) for path in paths]


def merge_lora(backbone: Any) -> None:
    """Add what LoRA learnt to the weights themselves: the same answers in fewer multiplications, and no LoRA left."""
    for layer in backbone._flatten_layers():
        if getattr(layer, "lora_enabled", False):
            merged = layer.kernel
            layer.lora_enabled = False
            layer.kernel.assign(merged)


def learnt(model: Any) -> dict[str, NDArray[Any]]:
    """Every trainable variable by its path, "/" written as "|".

    KerasHub's own LoRA file leaves out the head and the biases that were trained beside it.
    """
    return {variable.path.replace("/", "|"): variable.numpy() for variable in model.trainable_variables}


def take_up(model: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a model built the same way what `learnt` took from another; raises KeyError where one is missing."""
    for variable in model.trainable_variables:
        variable.assign(arrays[variable.path.replace("/", "|")])


def save_adapter(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write what was learnt beside the foundation model: a plain npz."""
    np.savez(path, **arrays)  # type: ignore[arg-type]


def load_adapter(path: Path) -> dict[str, NDArray[Any]]:
    """What `save_adapter` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
