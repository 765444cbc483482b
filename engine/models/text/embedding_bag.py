"""The mean of learnt vectors of all words and character sequences, and a linear classifier over it.

Joulin, Grave, Bojanowski, Mikolov, "Bag of tricks for efficient text classification" (2017), known as fastText; character
sequences as in Bojanowski et al., "Enriching word vectors with subword information" (2017), over the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import N_
from engine.models.dial import adjusted, batch_size, counted, effort
from engine.models.family import Dial, Estimate, Facts, Machine, Setting, families
from engine.models.features.hashed import HashedGrams
from engine.models.features.tfidf import (
    GramParams,
    TfidfParams,
    expected_sequences,
    expected_width,
)
from engine.models.features.tokens import TokenRows
from engine.models.formulas import Formula
from engine.models.learning import LearningParams, on_machine
from engine.models.network_formulas import bag_formulas
from engine.models.sequence import SequenceFamily
from engine.params import Params as ParamsBase
from engine.params import changed, param

_SLOWER = 200
"""Sequences a text for which the best epoch comes one later."""


class BagParams(GramParams):
    """What has a vector, and the vectors."""

    buckets: int = param(
        200_000, N_("Buckets"), N_("Sequences are hashed into so many; where there are too few, different ones share a vector."),
        low=1000, high=2_000_000, scale="log", level="advanced",
    )  # fmt: skip
    max_length: int = param(
        1000, N_("Longest text read"), N_("What is longer loses its end; longer costs more time."), low=50, high=5000,
        scale="log", unit=N_("characters"),
    )  # fmt: skip
    embedding_size: int = param(
        16, N_("Vector length"), N_("Length of the learned vector of each word or character sequence."), low=8, high=512,
        scale="log",
    )  # fmt: skip
    dropout: float = param(
        0.0, N_("Dropout"), N_("Share of the mean vector switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8,
    )  # fmt: skip


class EmbeddingBagParams(LearningParams, BagParams):
    """Sequences, vectors and how they learn."""

    learning_rate: float = changed(LearningParams, "learning_rate", 2e-2)


class EmbeddingBag(SequenceFamily):
    """fastText's idea in Keras."""

    name = "embedding_bag"
    title = N_("Embedding bag (fastText's idea)")
    summary = N_(
        "Learns a vector for every word and character sequence and classifies the mean of them. The quickest network on short texts; "
        "the linear SVM is as good or a little better on most."
    )
    order = 60
    Params: type[ParamsBase] = EmbeddingBagParams

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Characters where words are not spaced, else both; few rows get small batches."""
        changes: dict[Dial, dict[str, Any]] = {
            "quick": {"epochs": 6, "patience": 2, "char_max": 3, "max_length": 500},
            "balanced": {"epochs": 20},
            "thorough": {"epochs": 40, "patience": 5, "embedding_size": 32, "learning_rate": 1e-2, "max_length": 2000},
        }  # fmt: skip
        return effort(dial, EmbeddingBagParams, changes) | {
            "analyzer": counted(facts), "batch_size": batch_size(facts, 128), "adjust": adjusted(dial, facts),
        } | on_machine(machine)  # fmt: skip

    def learn_encoder(self, texts: Sequence[str], params: EmbeddingBagParams) -> HashedGrams:
        settings: dict[str, Any] = {
            "characters": [min(params.char_min, params.char_max), params.char_max],
            "words": [1, params.word_max],
            "length": params.max_length,
        }
        unused = {"characters": "words", "words": "characters"}.get(params.analyzer)
        if unused:
            settings[unused] = None
        return HashedGrams.fit(texts, settings, params.buckets, params.min_df)

    def load_encoder(self, folder: Path) -> HashedGrams:
        return HashedGrams.load(folder)

    def rows_said(
        self, encoder: Any, rows: TokenRows, params: EmbeddingBagParams
    ) -> tuple[str, dict[str, Any]]:
        return N_("{pieces} buckets in use, {mean} sequences a text; {numbers} numbers to learn"), {}

    def expected_vocabulary(self, params: EmbeddingBagParams, facts: Facts) -> int:
        counted = TfidfParams(**{name: getattr(params, name) for name in GramParams.model_fields})
        return min(expected_width(counted, facts), params.buckets)

    def estimate(self, params: EmbeddingBagParams, facts: Facts, machine: Machine) -> Estimate:
        """As the other networks, with the time to hash and to gather.

        Each step changes every vector, used or not: the optimizer moves them all. Rates and epochs were fitted to trainings on six
        development sets of 17 to 3340 characters a text; the estimates are 0.8 to 1.8 times the processor time on two cores
        (`tests/models/test_bag_cost.py`).
        """
        count = self.parameter_count(params, self.expected_vocabulary(params, facts), facts.classes)
        sequences = expected_sequences(params, _cut(facts, params.max_length))
        steps = -(-facts.rows // params.batch_size)
        epoch = (2.3e-7 + 8.2e-9 * params.embedding_size) * sequences + 3.2e-9 * steps * count
        return Estimate(
            parameters=count,
            memory_bytes=int(
                8.5e8
                + 24 * count
                + (8 + 16 * params.batch_size * params.embedding_size / max(facts.rows, 1)) * sequences
            ),
            seconds=1.3 + 6.5e-7 * sequences + _epochs(params, sequences / max(facts.rows, 1)) * epoch,
        )

    def build(self, params: EmbeddingBagParams, vocabulary: int, classes: int) -> Any:
        import keras

        ops = keras.ops
        tokens = keras.Input((None,), dtype="int32")
        read = ops.cast(ops.expand_dims(ops.not_equal(tokens, 0), -1), "float32")
        vectors = keras.layers.Embedding(vocabulary, params.embedding_size)(tokens) * read
        mean = ops.sum(vectors, axis=1) / ops.maximum(ops.sum(read, axis=1), 1.0)
        if params.dropout:
            mean = keras.layers.Dropout(params.dropout)(mean)
        return keras.Model(tokens, keras.layers.Dense(classes, name="logits")(mean))

    def layer_formulas(self, params: EmbeddingBagParams, vocabulary: int, classes: int) -> Sequence[Formula]:
        return bag_formulas(vocabulary, params.embedding_size, params.dropout, classes)

    def parameter_count(self, params: EmbeddingBagParams, vocabulary: int, classes: int) -> int:
        return vocabulary * params.embedding_size + (params.embedding_size + 1) * classes


def _epochs(params: EmbeddingBagParams, sequences: float) -> float:
    """Epochs that a training takes, roughly, by the sequences of a text: the more vectors a mean is of, the less a step moves it.

    Tweets were learnt in one to three epochs and then by heart; long articles were still learnt better in the twentieth.
    """
    if not params.patience:
        return params.epochs
    return min(params.epochs, params.patience + 1 + sequences / _SLOWER)


def _cut(facts: Facts, length: int) -> Facts:
    """The same data with no text longer than `length`."""
    return replace(facts, size_median=min(facts.size_median, length), size_p95=min(facts.size_p95, length))


families.register(EmbeddingBag())
