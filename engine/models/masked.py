"""What a foundation model would write in the place of hidden pieces, by the head that it guessed with in its own training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.models.backbone import load_backbone, token_vectors
from engine.models.features.checkpoint_tokens import CheckpointTokens
from engine.models.features.tokens import TokenRows, unknown_id
from engine.models.hiding import Marks
from engine.models.preset_head import Head, find_head
from engine.models.presets import Preset, check

_AT_ONCE = 32
_BEGINNINGS = {"BPE": "Ġ", "Unigram": "▁"}
"""What the first piece of a word begins with; word pieces mark the others instead."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Pieces:
    """A text as the model reads it: the numbers of its pieces, marks at both ends included, and from where to where each stands.

    Marks have an empty span.
    """

    ids: list[int]
    spans: list[tuple[int, int]]


class MaskedModel:
    """A vocabulary, an encoder and the head that guesses.

    Args:
        tokens: of the model.
        vectors: from token numbers of shape (n, length) to a vector a token.
        table: the vector of every token, by which a guess is scored (Press and Wolf, "Using the output embedding to improve
            language models", 2017).
        head: between the two.
    """

    def __init__(
        self,
        tokens: CheckpointTokens,
        vectors: Callable[[NDArray[np.int32]], Any],
        table: Vectors,
        head: Head,
    ) -> None:
        self._tokens, self._vectors, self._table, self._head = tokens, vectors, table, head
        self._marks = Marks.of(tokens.tokenizer)

    @classmethod
    def of_preset(cls, preset: Preset, length: int) -> Self:
        """An imported model with a head (`guesses`) that reads `length` pieces; its files are compared with their digests first.

        Raises:
            PresetDamaged: they changed since the model was imported.
            NothingHides: its vocabulary has no mark to hide others with.
        """
        from engine.training.preload import preload

        check(preset)
        head = find_head(preset)
        assert head is not None, "`guesses` is asked before"
        preload()
        import keras

        from engine.training.step import forward_pass

        tokens = CheckpointTokens.of_preset(preset.folder, min(length, preset.facts.max_length))
        backbone = load_backbone(preset)
        ids = keras.Input((None,), dtype="int32")
        forward = forward_pass(keras.Model(ids, token_vectors(backbone, ids, tokens.pad)))
        return cls(tokens, forward, backbone.token_embedding.embeddings.numpy(), head)

    def read(self, texts: Sequence[str]) -> list[Pieces]:
        """The beginnings of the texts, as far as the model reads them."""
        return [
            Pieces(found.ids, found.offsets) for found in self._tokens.tokenizer.encode_batch(list(texts))
        ]

    @property
    def unknown(self) -> int | None:
        """The number of the piece that stands for what the vocabulary lacks; None where it lacks nothing."""
        return unknown_id(self._tokens.tokenizer)

    def written(self) -> tuple[list[str], NDArray[np.bool_]]:
        """How every piece is written, shape (vocabulary,), and whether it begins a word; "" for marks and for parts of letters."""
        tokenizer = self._tokens.tokenizer
        beginning = _BEGINNINGS.get(type(tokenizer.model).__name__)
        texts, first = [""] * len(self._table), np.zeros(len(self._table), dtype=bool)
        for number in self._marks.words.tolist():
            piece = tokenizer.id_to_token(number)
            if beginning is None:
                first[number] = not piece.startswith("##")
                texts[number] = piece if first[number] else piece[2:]
            else:
                first[number] = piece.startswith(beginning)
                texts[number] = piece.removeprefix(beginning)
        if beginning == "Ġ":
            from tokenizers.decoders import ByteLevel

            whole = ByteLevel()
            texts = [whole.decode([text]) if text else "" for text in texts]
            texts = ["" if "\ufffd" in text else text for text in texts]
        return texts, first

    def scores(self, rows: Sequence[Pieces], hidden: Sequence[Sequence[range]]) -> Iterator[Vectors]:
        """For every row, what each piece of the vocabulary scores in each hidden place, shape (hidden, vocabulary).

        Args:
            rows: of `read`.
            hidden: for every row, runs of places in ascending order; each run is hidden by one mark, whatever its length.
        """
        shown, places = [], []
        for row, runs in zip(rows, hidden, strict=True):
            ids, at, end = [], [], 0
            for run in runs:
                ids += row.ids[end : run.start]
                at.append(len(ids))
                ids.append(self._marks.hider)
                end = run.stop
            shown.append([*ids, *row.ids[end:]])
            places.append(at)
        tokens = TokenRows.of(shown, self._tokens.pad)
        for start in range(0, len(rows), _AT_ONCE):
            vectors = np.asarray(self._vectors(tokens[start : start + _AT_ONCE]))
            for number, at in enumerate(places[start : start + _AT_ONCE]):
                yield self._guess(vectors[number, at])

    def _guess(self, vectors: Vectors) -> Vectors:
        from scipy.special import erf

        head, table = self._head, self._table
        dense = vectors @ head.kernel + head.bias
        dense = dense * (1 + erf(dense / np.sqrt(2))) / 2
        spread = dense.var(axis=-1, keepdims=True)
        normal = (dense - dense.mean(axis=-1, keepdims=True)) / np.sqrt(
            spread + 1e-5
        ) * head.gamma + head.beta
        scores: Vectors = normal @ table.T
        scores[:, : len(head.scores)] += head.scores
        return scores
