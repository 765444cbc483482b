"""DeBERTa-v3 against its papers: the model written down once more in NumPy, and the buckets of KerasHub."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import erf, softmax

from engine.models.backbone import load_backbone, token_vectors
from engine.models.deberta import distance_buckets
from engine.models.preset_errors import PresetUnknownKind
from engine.models.preset_import import import_preset
from engine.training.preload import preload
from tests.models.test_presets import rewritten
from tests.models.tiny_presets import BUCKETS, HEADS, LAYERS, LENGTH, tiny_deberta

Array = NDArray[Any]


def by_the_paper(arrays: dict[str, Array], ids: Array) -> Array:
    """He et al. (2021), equation 4, for one text without padding.

    Position to content goes by the distance from query to key, as in the authors' program; their equation has it the other way.
    """

    def dense(x: Array, name: str) -> Array:
        return x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]

    def normal(x: Array, name: str) -> Array:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-7)
        even = (x - x.mean(axis=-1, keepdims=True)) / spread
        return np.asarray(even * arrays[f"{name}.weight"] + arrays[f"{name}.bias"])

    def heads(x: Array) -> Array:
        return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)

    n, positions = len(ids), normal(arrays["encoder.rel_embeddings.weight"], "encoder.LayerNorm")
    buckets = distance_buckets(BUCKETS, LENGTH)
    x = normal(arrays["embeddings.word_embeddings.weight"][ids], "embeddings.LayerNorm")
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        query, key, value = (
            heads(dense(x, f"{at}.attention.self.{part}_proj")) for part in ("query", "key", "value")
        )
        place_query, place_key = (
            heads(dense(positions, f"{at}.attention.self.{part}_proj")) for part in ("query", "key")
        )
        scores = query @ key.transpose(0, 2, 1)
        for i in range(n):
            for j in range(n):
                place = np.clip(buckets[i - j + LENGTH - 1] + BUCKETS, 0, 2 * BUCKETS - 1)
                scores[:, i, j] += (query[:, i] * place_key[:, place]).sum(1)
                scores[:, i, j] += (key[:, j] * place_query[:, place]).sum(1)
        mixed = softmax(scores / sqrt(3 * query.shape[2]), axis=-1) @ value
        read = dense(mixed.transpose(1, 0, 2).reshape(n, -1), f"{at}.attention.output.dense")
        x = normal(x + read, f"{at}.attention.output.LayerNorm")
        inner = dense(x, f"{at}.intermediate.dense")
        inner = inner * (1 + erf(inner / sqrt(2))) / 2
        x = normal(x + dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


@pytest.mark.slow
def test_the_weights_of_hugging_face_answer_as_the_paper_says(bentu_home: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    preset = import_preset(tiny_deberta(tmp_path / "source"), bentu_home / "presets", "tiny")
    preload()
    backbone = load_backbone(preset)
    from keras import ops

    ids = np.random.default_rng(0).integers(4, preset.facts.vocabulary, size=40)
    arrays = load_file(preset.folder / "model.safetensors")
    expected = by_the_paper({name.removeprefix("deberta."): array for name, array in arrays.items()}, ids)
    assert np.asarray(token_vectors(backbone, ops.convert_to_tensor(ids[None], "int32"), 0))[
        0
    ] == pytest.approx(expected, abs=1e-5)
    attention = backbone.transformer_layers[0]._self_attention_layer
    for size, longest in ((BUCKETS, LENGTH), (256, 512), (32, 512)):
        attention.bucket_size, attention.max_position_embeddings = size, longest
        theirs = attention._make_log_bucket_position(np.arange(1 - longest, longest))
        assert np.array_equal(distance_buckets(size, longest), theirs)


@pytest.mark.parametrize(
    "older", [{"share_att_key": False}, {"position_biased_input": True}, {"conv_kernel_size": 3}, {"pos_att_type": ["c2p"]}]
)  # fmt: skip
def test_an_older_deberta_is_not_taken_for_the_third(
    older: dict[str, Any], bentu_home: Path, tmp_path: Path
) -> None:
    source = tiny_deberta(tmp_path / "source")
    rewritten(source / "config.json", **older)
    with pytest.raises(PresetUnknownKind, match="deberta_v2"):
        import_preset(source, bentu_home / "presets", "tiny")
