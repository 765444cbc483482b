"""A Transformer encoder over learnt pieces of words, trained from scratch on the local texts.

Vaswani et al., "Attention is all you need" (2017); the parts and their order are in `engine/models/attention.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from engine.errors import N_
from engine.models.activations import TITLES, Activation
from engine.models.dial import effort
from engine.models.family import Dial, Estimate, Facts, Machine, Setting, Training, TrainingData, families
from engine.models.features.tokens import ROUNDED_TO
from engine.models.formulas import Formula
from engine.models.language import GUESSED, PretrainingParams
from engine.models.learning import Decay, LearningParams, Optimizer
from engine.models.network import fingerprint
from engine.models.network_formulas import encoder_formulas
from engine.models.sequence import SECONDS, SequenceFamily, VocabularyParams, expected_tokens, suited
from engine.params import Params as ParamsBase
from engine.params import changed, param

ENCODED = "encoded"
"""Name of the layer whose output is the encoder's."""

_ELEMENT = 20
"""What an operation on single numbers (softmax, dropout, normalization) costs in multiplications of a product of matrices."""


class EncoderParams(VocabularyParams):
    """The encoder."""

    depth: int = param(
        2, N_("Blocks"), N_("Each block lets every piece look at all the others once more."), low=1, high=12,
    )  # fmt: skip
    heads: int = param(
        4, N_("Heads"), N_("In how many ways a piece looks at the others; the vector length is rounded up to a multiple."), low=1,
        high=16, level="advanced",
    )  # fmt: skip
    inner: int = param(
        2, N_("Feed-forward width"), N_("Hidden neurons of a block, in vector lengths."), low=1, high=8, level="advanced",
    )  # fmt: skip
    activation: Activation = param(
        "gelu", N_("Activation"), N_("What a hidden neuron does with its sum."), level="advanced", titles=TITLES,
    )  # fmt: skip
    pooling: Literal["mean", "first"] = param(
        "mean", N_("Text vector"), N_("What stands for the whole text."), level="advanced",
        titles=(N_("the mean of all pieces"), N_("a learnt first piece")),
    )  # fmt: skip
    dropout: float = param(
        0.2, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8,
    )  # fmt: skip


class TransformerParams(PretrainingParams, LearningParams, EncoderParams):
    """Vocabulary, encoder and how they learn."""

    learning_rate: float = changed(LearningParams, "learning_rate", 1e-3)
    batch_size: int = changed(LearningParams, "batch_size", 64)
    optimizer: Optimizer = changed(LearningParams, "optimizer", "adamw")
    weight_decay: float = changed(LearningParams, "weight_decay", 0.01)
    decay: Decay = changed(LearningParams, "decay", "linear")
    warmup: float = changed(LearningParams, "warmup", 0.1)
    clip: float = changed(LearningParams, "clip", 1.0)


class Transformer(SequenceFamily):
    """A Transformer encoder with vectors learnt from scratch."""

    name = "transformer"
    title = N_("Transformer from scratch")
    summary = N_(
        "Every piece of a text looks at all the others. Trained on your texts alone it needs many of them: below some ten thousand "
        "the linear SVM is usually better. It can be pretrained on texts without a label."
    )
    order = 66
    Params: type[ParamsBase] = TransformerParams

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Few rows get small batches; the reading length covers 95 of 100 texts, up to 128 pieces."""
        changes: dict[Dial, dict[str, Any]] = {
            "quick": {"epochs": 6, "patience": 2, "depth": 1},
            "balanced": {"epochs": 12},
            "thorough": {"epochs": 20, "patience": 4, "embedding_size": 128, "learning_rate": 5e-4, "dropout": 0.3},
        }  # fmt: skip
        return effort(dial, TransformerParams, changes) | suited(
            dial, facts, machine, 64 if dial == "quick" else 128
        )

    def estimate(self, params: TransformerParams, facts: Facts, machine: Machine) -> Estimate:
        """As the other networks, with pretraining: its epochs are of the same length, and guess 15 of 100 pieces."""
        cost = super().estimate(params, facts, machine)
        if not params.pretraining:
            return cost
        guessed = GUESSED * self.expected_vocabulary(params, facts) * _width(params)
        whole = self.work(params) + 20 / 3 * params.embedding_size + guessed
        multiplications = 3 * whole * facts.rows * expected_tokens(params, facts)
        return replace(cost, seconds=cost.seconds + params.pretraining * SECONDS * multiplications)

    def build(self, params: TransformerParams, vocabulary: int, classes: int) -> Any:
        import keras

        from engine.models.attention import Vectors, block

        ops, first = keras.ops, params.pooling == "first"
        tokens = keras.Input((None,), dtype="int32")
        read = ops.cast(ops.not_equal(tokens, 0), "float32")
        vectors = Vectors(vocabulary, _places(params), _width(params), first, name="vectors")(tokens)
        vectors = keras.layers.Dropout(params.dropout)(vectors)
        seen = ops.concatenate([ops.ones_like(read[:, :1]), read], axis=1) if first else read
        for _ in range(params.depth):
            vectors = block(
                vectors, seen, params.heads, params.inner * _width(params), params.dropout, params.activation
            )
        vectors = keras.layers.LayerNormalization(epsilon=1e-5, name=ENCODED)(vectors)
        if first:
            text = vectors[:, 0]
        else:
            shown = ops.expand_dims(read, -1)
            text = ops.sum(vectors * shown, axis=1) / ops.maximum(ops.sum(shown, axis=1), 1.0)
        text = keras.layers.Dropout(params.dropout)(text)
        return keras.Model(tokens, keras.layers.Dense(classes, name="logits")(text))

    def layer_formulas(self, params: TransformerParams, vocabulary: int, classes: int) -> Sequence[Formula]:
        return encoder_formulas(params, vocabulary, _places(params), _width(params), classes)

    def parameter_count(self, params: TransformerParams, vocabulary: int, classes: int) -> int:
        width, inner = _width(params), params.inner * _width(params)
        tables = (vocabulary + _places(params) + (params.pooling == "first")) * width
        attention = (width + 1) * 4 * width
        a_block = attention + (width + 1) * inner + (inner + 1) * width + 4 * width
        return tables + params.depth * a_block + 2 * width + (width + 1) * classes

    def work(self, params: TransformerParams) -> float:
        """Attention looks at every place of the text, so its cost is that of the longest."""
        width, places = _width(params), params.max_length
        products = 4 * width**2 + 2 * params.inner * width**2 + 2 * places * width
        return float(params.depth * (products + _ELEMENT * (5 * params.heads * places + 20 * width)))

    def texts_read(self, data: TrainingData, params: TransformerParams) -> Sequence[str]:
        """With the texts without a label, where it is pretrained on them."""
        return [*data.train_inputs, *data.unlabelled_inputs] if params.pretraining else data.train_inputs

    def prepare_network(
        self, model: Any, encoder: Any, data: TrainingData, params: TransformerParams, training: Training
    ) -> Training:
        """Pretrain the encoder, where the settings ask for it."""
        if not params.pretraining:
            return training
        import keras

        from engine.training.pretraining import Guessing, Reader, pretrain

        reader = Reader(
            keras.Model(model.inputs[0], model.get_layer(ENCODED).output), model.get_layer("vectors").tables["tokens"]
        )  # fmt: skip
        settings = Guessing(
            params.pretraining, params.batch_size, params.learning_rate, data.seed,
            fingerprint(f"{self.name} pretraining", self.version, params, data),
        )  # fmt: skip
        return pretrain(reader, encoder, data, settings, training)


def _width(params: TransformerParams) -> int:
    """The vector length that the heads can share."""
    return -(-params.embedding_size // params.heads) * params.heads


def _places(params: TransformerParams) -> int:
    """Rows are padded up to this many places."""
    return -(-params.max_length // ROUNDED_TO) * ROUNDED_TO


families.register(Transformer())
