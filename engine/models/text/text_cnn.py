"""Convolutions of several widths over token vectors, the strongest answer of each kept.

Kim, "Convolutional neural networks for sentence classification" (2014), section 2, with vectors learnt from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import N_
from engine.models.activations import TITLES, Activation
from engine.models.dial import effort
from engine.models.family import Dial, Facts, Machine, Setting, families
from engine.models.formulas import Formula
from engine.models.learning import LearningParams
from engine.models.network_formulas import convolution_formulas
from engine.models.sequence import SequenceFamily, VocabularyParams, suited
from engine.params import Params as ParamsBase
from engine.params import changed, param


class ConvolutionParams(VocabularyParams):
    """The layers over the token vectors."""

    filters: int = param(
        100, N_("Filters a width"), N_("Patterns of each width that the network may learn."), low=8, high=512, scale="log",
    )  # fmt: skip
    shortest: int = param(
        2, N_("Narrowest filter"), N_("The smallest number of neighbouring pieces that a filter looks at."), low=1, high=5,
        level="advanced", unit=N_("pieces"),
    )  # fmt: skip
    widths: int = param(
        3, N_("Different widths"), N_("Each width is one piece wider than the one before."), low=1, high=5, level="advanced",
    )  # fmt: skip
    activation: Activation = param(
        "relu", N_("Activation"), N_("What a hidden neuron does with its sum."), level="advanced", titles=TITLES,
    )  # fmt: skip
    dropout: float = param(
        0.5, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8,
    )  # fmt: skip


class TextCnnParams(LearningParams, ConvolutionParams):
    """Vocabulary, layers and how they learn."""

    learning_rate: float = changed(LearningParams, "learning_rate", 1e-3)
    batch_size: int = changed(LearningParams, "batch_size", 64)


class TextCnn(SequenceFamily):
    """A convolutional network over learnt pieces of words."""

    name = "text_cnn"
    title = N_("Convolutional network")
    summary = N_(
        "Looks for telling sequences of neighbouring pieces of words anywhere in a text. Trained from scratch on your texts, it "
        "rarely beats the linear SVM below some ten thousand of them."
    )
    order = 62
    Params: type[ParamsBase] = TextCnnParams

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Few rows get small batches; the reading length covers 95 of 100 texts."""
        changes: dict[Dial, dict[str, Any]] = {
            "quick": {"epochs": 6, "patience": 2, "filters": 64},
            "balanced": {"epochs": 15},
            "thorough": {"epochs": 40, "patience": 5, "filters": 150, "widths": 4, "embedding_size": 128},
        }
        return effort(dial, TextCnnParams, changes) | suited(
            dial, facts, machine, 64 if dial == "quick" else 256
        )

    def build(self, params: TextCnnParams, vocabulary: int, classes: int) -> Any:
        import keras

        tokens = keras.Input((None,), dtype="int32")
        read = keras.ops.cast(keras.ops.expand_dims(keras.ops.not_equal(tokens, 0), -1), "float32")
        vectors = keras.layers.Embedding(vocabulary, params.embedding_size)(tokens) * read
        floor = 0.0 if params.activation == "relu" else read - 1.0  # no activation answers less than -1
        strongest = []
        for width in _widths(params):
            found = keras.layers.Conv1D(params.filters, width, padding="same", activation=params.activation)(
                vectors
            )
            strongest.append(keras.layers.GlobalMaxPooling1D()(found * read + floor))
        hidden = keras.layers.Concatenate()(strongest) if len(strongest) > 1 else strongest[0]
        if params.dropout:
            hidden = keras.layers.Dropout(params.dropout)(hidden)
        return keras.Model(tokens, keras.layers.Dense(classes, name="logits")(hidden))

    def layer_formulas(self, params: TextCnnParams, vocabulary: int, classes: int) -> Sequence[Formula]:
        return convolution_formulas(params, _widths(params), vocabulary, classes)

    def parameter_count(self, params: TextCnnParams, vocabulary: int, classes: int) -> int:
        filters = sum(width * params.embedding_size + 1 for width in _widths(params)) * params.filters
        return vocabulary * params.embedding_size + filters + (params.widths * params.filters + 1) * classes

    def work(self, params: TextCnnParams) -> float:
        return float(sum(_widths(params)) * params.embedding_size * params.filters)


def _widths(params: TextCnnParams) -> range:
    return range(params.shortest, params.shortest + params.widths)


families.register(TextCnn())
