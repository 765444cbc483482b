"""A recurrent network that reads each text in both directions, its states pooled.

GRU: Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014); LSTM: Hochreiter and Schmidhuber, "Long
short-term memory" (1997), with the gate that forgets of Gers et al. (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from engine.errors import N_
from engine.models.dial import effort
from engine.models.family import Dial, Estimate, Facts, Machine, Setting, families
from engine.models.formulas import Formula
from engine.models.learning import LearningParams, expected_epochs
from engine.models.network_formulas import recurrence_formulas
from engine.models.sequence import SequenceFamily, VocabularyParams, expected_tokens, suited
from engine.params import Params as ParamsBase
from engine.params import changed, param

_GATES = {"gru": 3, "lstm": 4}
_SECONDS_A_PLACE = 5e-4
"""One place of a batch, both directions, forward and backward, on two cores."""


class RecurrentLayerParams(VocabularyParams):
    """The layer over the token vectors."""

    cell: Literal["gru", "lstm"] = param(
        "gru", N_("Cell"), N_("GRU has fewer numbers to learn; LSTM has a memory apart from what it passes on."),
        titles=("GRU", "LSTM"),
    )  # fmt: skip
    units: int = param(
        64, N_("Units a direction"), N_("What the network can keep in mind while it reads, in each direction."), low=8, high=512,
        scale="log",
    )  # fmt: skip
    pooling: Literal["both", "max", "mean"] = param(
        "both", N_("Kept of the states"), N_("What the classifier sees of the states at all pieces."), level="advanced",
        titles=(N_("the strongest and the mean"), N_("the strongest"), N_("the mean")),
    )  # fmt: skip
    dropout: float = param(
        0.3, N_("Dropout"), N_("Share of hidden neurons switched off at random in each step, against learning by heart."),
        low=0.0, high=0.8,
    )  # fmt: skip


class RecurrentParams(LearningParams, RecurrentLayerParams):
    """Vocabulary, layer and how they learn."""

    learning_rate: float = changed(LearningParams, "learning_rate", 2e-3)
    batch_size: int = changed(LearningParams, "batch_size", 64)
    clip: float = changed(LearningParams, "clip", 1.0)


class Recurrent(SequenceFamily):
    """A GRU or LSTM in both directions over learnt pieces of words."""

    name = "recurrent"
    title = N_("Recurrent network (GRU or LSTM)")
    summary = N_(
        "Reads a text piece by piece in both directions and keeps what matters in mind. Useful where the order of words decides and "
        "there are many texts; it is slow, and below some ten thousand texts the linear SVM is usually better."
    )
    order = 64
    Params: type[ParamsBase] = RecurrentParams

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        """Few rows get small batches; long texts are cut at 128 pieces, for every piece is a step."""
        changes: dict[Dial, dict[str, Any]] = {
            "quick": {"epochs": 5, "patience": 2, "units": 32},
            "balanced": {"epochs": 12},
            "thorough": {"epochs": 30, "patience": 4, "units": 96, "embedding_size": 96, "dropout": 0.4},
        }
        return effort(dial, RecurrentParams, changes) | suited(
            dial, facts, machine, 48 if dial == "quick" else 128
        )

    def estimate(self, params: RecurrentParams, facts: Facts, machine: Machine) -> Estimate:
        """As the other networks; beside the multiplications, every piece is a step of its own that costs time."""
        cost = super().estimate(params, facts, machine)
        epochs = expected_epochs(params)
        places = -(-facts.rows // params.batch_size) * expected_tokens(params, facts)
        return replace(cost, seconds=cost.seconds + epochs * places * _SECONDS_A_PLACE)

    def build(self, params: RecurrentParams, vocabulary: int, classes: int) -> Any:
        import keras

        ops = keras.ops
        tokens = keras.Input((None,), dtype="int32")
        read, vectors = _read(
            tokens, keras.layers.Embedding(vocabulary, params.embedding_size, name="vectors")
        )
        kind = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[params.cell]
        layer = keras.layers.Bidirectional(kind(params.units, return_sequences=True), name="states")
        states = layer(vectors, mask=ops.not_equal(tokens, 0))
        strongest = ops.max(states * read + (read - 1.0), axis=1)
        mean = ops.sum(states * read, axis=1) / ops.maximum(ops.sum(read, axis=1), 1.0)
        return keras.Model(tokens, _answers(params, ops.concatenate([strongest, mean], axis=-1), classes))

    def served(self, model: Any, params: RecurrentParams) -> Any:
        """The same weights in a loop that LiteRT can run."""
        import keras

        from engine.models.recurrence import PooledStates

        tokens = keras.Input((None,), dtype="int32")
        read, vectors = _read(tokens, model.get_layer("vectors"))
        trained = model.get_layer("states")
        pooled = PooledStates((trained.forward_layer.cell, trained.backward_layer.cell))(vectors, read)
        return keras.Model(tokens, model.get_layer("logits")(_kept(params, pooled)))

    def layer_formulas(self, params: RecurrentParams, vocabulary: int, classes: int) -> Sequence[Formula]:
        return recurrence_formulas(params, vocabulary, classes)

    def parameter_count(self, params: RecurrentParams, vocabulary: int, classes: int) -> int:
        gates, units = _GATES[params.cell], params.units
        biases = 2 if params.cell == "gru" else 1
        layer = 2 * gates * units * (params.embedding_size + units + biases)
        kept = (4 if params.pooling == "both" else 2) * units
        return vocabulary * params.embedding_size + layer + (kept + 1) * classes

    def work(self, params: RecurrentParams) -> float:
        return float(2 * _GATES[params.cell] * params.units * (params.embedding_size + params.units))


def _read(tokens: Any, table: Any) -> tuple[Any, Any]:
    """1 where there is a token and 0 in padding, and the tokens' vectors."""
    import keras

    read = keras.ops.cast(keras.ops.expand_dims(keras.ops.not_equal(tokens, 0), -1), "float32")
    return read, table(tokens)


def _kept(params: RecurrentParams, pooled: Any) -> Any:
    """The part of (strongest, mean) that the settings ask for."""
    half = 2 * params.units
    return {"both": pooled, "max": pooled[:, :half], "mean": pooled[:, half:]}[params.pooling]


def _answers(params: RecurrentParams, pooled: Any, classes: int) -> Any:
    import keras

    hidden = _kept(params, pooled)
    if params.dropout:
        hidden = keras.layers.Dropout(params.dropout)(hidden)
    return keras.layers.Dense(classes, name="logits")(hidden)


families.register(Recurrent())
