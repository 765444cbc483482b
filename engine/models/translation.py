"""Texts translated by a sequence-to-sequence preset, many at a time, each by its own draws.

Every text is decoded by itself: KerasHub's own samplers draw for a batch as a whole, so that a translation would depend on which
texts it was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from engine.models.backbone import load_backbone
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.presets import Preset, check

_AT_ONCE = 32
_LIKELIEST = 40
"""Only so many pieces are drawn from: what follows them is mostly noise (Fan et al., "Hierarchical neural story generation", 2018)."""


class Chance(Protocol):
    """Where draws come from."""

    def weighted(self, weights: Sequence[float]) -> int:
        """A position, each as likely as its weight says."""
        ...


class Translator:
    """One direction.

    Args:
        tokens: of the model, one more than it may read.
        model: KerasHub's `BartSeq2SeqLM`.
    """

    def __init__(self, tokens: CheckpointTokens, model: Any) -> None:
        self._tokens = tokens
        known = tokens.tokenizer.get_vocab()
        self._start, self._end = known["<s>"], known["</s>"]
        self._never = [known[mark] for mark in ("<s>", "<pad>", "<unk>", "<mask>") if mark in known]
        self._begin, self._next = _compiled(model)

    @classmethod
    def of_preset(cls, preset: Preset, length: int) -> Self:
        """An imported model that reads and writes at most `length` pieces; raises `PresetDamaged` if its files changed."""
        from engine.training.preload import preload

        check(preset)
        preload()
        import keras_hub  # type: ignore[import-untyped]

        model = keras_hub.models.BartSeq2SeqLM(load_backbone(preset), preprocessor=None)
        return cls(CheckpointTokens.of_preset(preset.folder, min(length, preset.facts.max_length) + 1), model)

    def __call__(self, texts: Sequence[str], draws: Sequence[Chance], temperature: float) -> list[str | None]:
        """A translation of each text, drawn piece by piece, with `temperature` 0 the likeliest piece each time.

        None for a text that is empty or too long to be read, and where the translation has not ended where it must or holds
        half a letter.
        """
        rows = self._tokens.transform(texts)
        short = (rows.lengths > 2) & (rows.lengths < self._tokens.length)
        readable = np.array(
            [at for at in np.flatnonzero(short).tolist() if texts[at].strip()], dtype=np.int64
        )
        readable = readable[np.argsort(rows.lengths[readable], kind="stable")]
        found: list[str | None] = [None] * len(texts)
        for at in range(0, len(readable), _AT_ONCE):
            chosen = readable[at : at + _AT_ONCE]
            ids = rows[chosen][:, : self._tokens.length - 1]  # rows are rounded up, the model's positions end
            written = self._written(ids, [draws[place] for place in chosen], temperature)
            for place, pieces in zip(chosen.tolist(), written, strict=True):
                text = "\ufffd" if pieces is None else self._tokens.tokenizer.decode(pieces).strip()
                found[place] = None if "\ufffd" in text else text
        return found

    def _written(
        self, ids: NDArray[np.int32], draws: Sequence[Chance], temperature: float
    ) -> list[list[int] | None]:
        """The pieces that follow the two marks every translation begins with; None where no end came."""
        mask = (ids != self._tokens.pad).astype(np.int32)
        # each text has its own, whatever stands beside it
        limits = np.minimum(self._tokens.length - 1, 2 * mask.sum(axis=1) + 8)
        last = np.full((len(ids), 1), self._end, dtype=np.int32)
        state = self._begin(ids, mask, last, np.int32(limits.max()))
        last[:] = self._start
        written: list[list[int]] = [[] for _ in draws]
        ended: set[int] = set()
        for index in range(1, int(limits.max())):
            scores, *state = self._next(mask, last, np.int32(index), *state)
            scores = np.array(scores)
            scores[:, self._never] = -np.inf
            going = [row for row in range(len(draws)) if row not in ended and index < limits[row]]
            for row in going:
                piece = _drawn(scores[row], draws[row], temperature)
                last[row] = piece
                if piece == self._end:
                    ended.add(row)
                else:
                    written[row].append(piece)
            if not going:
                break
        return [pieces if row in ended else None for row, pieces in enumerate(written)]


def _drawn(scores: NDArray[np.float32], draw: Chance, temperature: float) -> int:
    if temperature == 0:
        return int(scores.argmax())
    best = np.argsort(-scores, kind="stable")[:_LIKELIEST]
    high = (scores[best].astype(np.float64) - float(scores[best[0]])) / temperature
    return int(best[draw.weighted(np.exp(high).tolist())])


def _compiled(model: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Read a batch and decode the first mark; and decode one piece more. Both hand on what the next call needs."""
    import tensorflow as tf

    backbone, numbers = model.backbone, tf.TensorSpec([None, None], tf.int32)
    size = (backbone.num_layers, 2), (backbone.num_heads, backbone.hidden_dim // backbone.num_heads)
    kept = tf.TensorSpec([None, *size[0], None, *size[1]])
    column, number = tf.TensorSpec([None, 1], tf.int32), tf.TensorSpec([], tf.int32)

    @tf.function(input_signature=[numbers, numbers, column, number], jit_compile=False)  # type: ignore[untyped-decorator]
    def begin(ids: Any, mask: Any, first: Any, most: Any) -> Any:
        read, (count, width) = model.call_encoder(ids, mask), tf.unstack(tf.shape(ids))
        own, cross = (tf.zeros((count, *size[0], length, *size[1])) for length in (most, width))
        _, _, own, cross = model.call_decoder_with_cache(read, mask, first, own, 0, cross, 0)
        return read, own, cross

    @tf.function(
        input_signature=[numbers, column, number, tf.TensorSpec([None, None, backbone.hidden_dim]), kept, kept], jit_compile=False
    )  # type: ignore[untyped-decorator]  # fmt: skip
    def proceed(mask: Any, last: Any, index: Any, read: Any, own: Any, cross: Any) -> Any:
        scores, _, own, _ = model.call_decoder_with_cache(read, mask, last, own, index, cross, None)
        return scores[:, 0], read, own, cross

    return begin, proceed
