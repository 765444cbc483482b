"""What KerasHub 0.32 lacks for DeBERTa-v3: reading Hugging Face's weights, and positions that LiteRT can work out.

He, Gao and Chen, "DeBERTaV3: Improving DeBERTa using ELECTRA-style pre-training with gradient-disentangled embedding sharing"
(2021). Everything here runs in a worker.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAYER = "disentangled_attention_encoder_layer_"
_PARTS = {
    "self_attention_layer/query": "attention.self.query_proj",
    "self_attention_layer/key": "attention.self.key_proj",
    "self_attention_layer/value": "attention.self.value_proj",
    "self_attention_layer/attention_output": "attention.output.dense",
    "self_attention_layer_norm": "attention.output.LayerNorm",
    "feedforward_intermediate_dense": "intermediate.dense",
    "feedforward_output_dense": "output.dense",
    "feedforward_layer_norm": "output.LayerNorm",
    "token_embedding": "embeddings.word_embeddings",
    "embeddings_layer_norm": "embeddings.LayerNorm",
    "rel_embedding": "encoder.rel_embeddings",
    "rel_embedding/rel_embeddings_layer_norm": "encoder.LayerNorm",
}
"""Layers as KerasHub and as Hugging Face call them."""


def from_hugging_face(folder: Path, builder: Any) -> Any:
    """The model in a folder of Hugging Face's form.

    Args:
        folder: with `config.json` and safetensors.
        builder: `keras_hub.models.DebertaV3Backbone`.

    Raises:
        KeyError, ValueError: weights are missing or of another shape.
    """
    from safetensors.numpy import load_file

    said = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    backbone = builder(
        vocabulary_size=said["vocab_size"], num_layers=said["num_hidden_layers"], num_heads=said["num_attention_heads"],
        hidden_dim=said["hidden_size"], intermediate_dim=said["intermediate_size"], dropout=said.get("hidden_dropout_prob", 0.1),
        max_sequence_length=said["max_position_embeddings"], bucket_size=said["position_buckets"],
    )  # fmt: skip
    arrays: dict[str, NDArray[Any]] = {}
    for path in folder.glob("*.safetensors"):
        arrays |= {name.removeprefix("deberta."): array for name, array in load_file(path).items()}
    for variable in backbone.trainable_variables:
        array = arrays[_their_name(variable.path)]
        turned = array.T if variable.path.endswith("/kernel") else array
        variable.assign(turned.reshape(variable.shape))
    return backbone


def _their_name(path: str) -> str:
    """How Hugging Face calls the variable that KerasHub calls `path`."""
    layer, kind = path.rsplit("/", 1)
    last = "bias" if kind in ("bias", "beta") else "weight"
    if layer.startswith(_LAYER):
        number, part = layer.removeprefix(_LAYER).split("/", 1)
        return f"encoder.layer.{number}.{_PARTS[part]}.{last}"
    return f"{_PARTS[layer]}.{last}"


def with_plain_positions(backbone: Any) -> None:
    """Let every attention look its positions up in a table.

    KerasHub works the buckets of distances out in every call, with operations on whole numbers that LiteRT does not have, and
    their keys and queries once a text, though they are the same for all: in a served file they become constants.
    """
    relative = backbone.relative_embeddings
    for layer in backbone.transformer_layers:
        attention = layer._self_attention_layer
        table = distance_buckets(attention.bucket_size, attention.max_position_embeddings)
        attention._compute_disentangled_attention = partial(_position_scores, attention, relative, table)


def distance_buckets(size: int, longest: int) -> NDArray[np.int32]:
    """The bucket of every distance from 1 - `longest` to `longest` - 1: exact to half of `size`, logarithmic beyond.

    He et al., "DeBERTa: Decoding-enhanced BERT with disentangled attention" (2021), as its third version has it.
    """
    middle = size // 2
    distance = np.arange(1 - longest, longest)
    far = np.maximum(np.abs(distance), middle).astype(np.float32) / np.float32(middle)
    spread = np.float32(np.log(np.float32(max(longest - 1, middle + 1)) / np.float32(middle)))
    logarithmic = np.ceil(np.log(far) / spread * np.float32(middle - 1)) + middle
    return np.where(np.abs(distance) <= middle, distance, np.sign(distance) * logarithmic).astype(np.int32)


def _position_scores(
    attention: Any, relative: Any, table: NDArray[np.int32], query: Any, key: Any, rel_embeddings: Any
) -> Any:
    """What positions add to the scores of attention, shape (n, heads, queries, keys): content to position, and the other way."""
    from keras import ops

    span = attention.bucket_size
    # not `rel_embeddings`, which repeat the same for each text, so that a converter could not see that they are constant
    positions = attention._position_dropout_layer(relative.layer_norm(relative.rel_embeddings[None]))
    count, at = ops.shape(query)[1], ops.arange(ops.shape(query)[1])
    bucket = ops.take(table, at[:, None] - at[None, :] + len(table) // 2, axis=0)

    def looked_up(content: Any, position: Any, which: Any) -> Any:
        scores = ops.einsum("ecd,abcd->acbe", position[0], content)
        flat = ops.reshape(scores, (-1, attention.num_heads, count * 2 * span))
        places = ops.clip(which + span, 0, 2 * span - 1) + at[:, None] * 2 * span
        found = ops.take(flat, ops.reshape(places, (-1,)), axis=-1)
        return ops.reshape(found, (-1, attention.num_heads, count, count)) * attention.scale_factor

    to_position = looked_up(query, attention._key_dense(positions), bucket)
    to_content = looked_up(key, attention._query_dense(positions), -bucket)
    return to_position + ops.transpose(to_content, (0, 1, 3, 2))
