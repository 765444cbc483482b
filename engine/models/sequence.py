"""What the networks over token sequences share: vocabulary, training, calibration, cost before the start.

A family of this kind says how its layers are built and how much work a token is; the rest is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import N_
from engine.models.dial import Dialled, adjusted, batch_size, reading_length, vocabulary
from engine.models.family import Dial, Estimate, Facts, Machine, Setting, Training, TrainingData, Unsuitable
from engine.models.features.tfidf import typical_length
from engine.models.features.tokens import Pieces, TokenRows, Tokens
from engine.models.features.units import mostly_unspaced
from engine.models.formulas import Formula, learning_formulas
from engine.models.learning import LearningParams, expected_epochs, make_optimizer, on_machine, plan, rates
from engine.models.litert import MODEL, LiteModel
from engine.models.network import NetworkFitted, NetworkPredictor, calibrate, fingerprint, with_softmax
from engine.models.suitability import common_reason
from engine.params import Params, param

SAMPLE = 64
"""Validation rows on which the exported file is compared with the trained network."""

SECONDS = 3.0e-11
"""Per multiplication, rough: with it the estimates of the convolutional and the recurrent network and of the transformer are within
a factor of two of the processor time that they took on eight development sets."""


class VocabularyParams(Params):
    """Into what a text is cut, and how much of it is read."""

    pieces: Pieces = param(
        "pieces", N_("Read"),
        N_("Pieces of words are learnt from your texts, by joining frequent neighbours or, as SentencePiece does, by what makes the texts most likely; single characters need no vocabulary."),
        titles=(N_("pieces of words"), "SentencePiece", N_("characters")),
    )  # fmt: skip
    vocabulary: int = param(
        8000, N_("Vocabulary"), N_("Most different pieces; with few texts a small one learns more about each."), low=500,
        high=32_000, scale="log", unit=N_("pieces"),
    )  # fmt: skip
    max_length: int = param(
        64, N_("Longest text read"), N_("What is longer loses its end; longer costs more time."), low=16, high=512, scale="log",
        unit=N_("pieces"),
    )  # fmt: skip
    embedding_size: int = param(
        64, N_("Vector length"), N_("Length of the learned vector of each piece."), low=8, high=512, scale="log",
    )  # fmt: skip


class SequenceFamily(Dialled):
    """Base of the families that read tokens in order. `Params` holds `VocabularyParams` and `LearningParams`."""

    name: str
    version = 1
    task = "text-classification"
    title: str
    summary: str
    order: int
    needs_tensorflow = True

    def build(self, params: Any, vocabulary: int, classes: int) -> Any:
        """Keras model from token numbers (n, any length) to logits (n, classes); its last layer is called "logits".

        Padding (token 0) must not change the answer.
        """
        raise NotImplementedError

    def served(self, model: Any, params: Any) -> Any:
        """The same function in layers that LiteRT can run; the trained model itself, for most."""
        return model

    def parameter_count(self, params: Any, vocabulary: int, classes: int) -> int:
        """Trainable numbers, exactly."""
        raise NotImplementedError

    def work(self, params: Any) -> float:
        """Multiplications that a token costs on the way forward, the vocabulary's table aside."""
        raise NotImplementedError

    def texts_read(self, data: TrainingData, params: Any) -> Sequence[str]:
        """The texts that the vocabulary is learnt on; the training texts, for most."""
        return data.train_inputs

    def prepare_network(
        self, model: Any, encoder: Any, data: TrainingData, params: Any, training: Training
    ) -> Training:
        """What happens to the new network before it learns the classes; nothing, for most. Returns the line for the rest."""
        return training

    def learn_encoder(self, texts: Sequence[str], params: Any) -> Any:
        """The way from texts to `TokenRows`, learnt on the training texts; has a `size`, see `Tokens`."""
        return Tokens.fit(texts, params.pieces, params.vocabulary, params.max_length)

    def load_encoder(self, folder: Path) -> Any:
        """What the encoder saved."""
        return Tokens.load(folder)

    def rows_said(self, encoder: Any, rows: TokenRows, params: Any) -> tuple[str, dict[str, Any]]:
        """Message and placeholders about the encoded training texts, for the log."""
        return N_(
            "{pieces} pieces in the vocabulary, {mean} a text; {cut} of the texts are cut at {length}; {numbers} numbers to learn"
        ), {"cut": f"{100 * (rows.lengths >= params.max_length).mean():.1f} %", "length": params.max_length}

    def expected_vocabulary(self, params: Any, facts: Facts) -> int:
        """Rough number of different tokens, before the texts were seen."""
        return int(params.vocabulary)

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        cost = self.estimate(self.defaults("quick", facts, machine), facts, machine)
        return common_reason(facts, machine, cost, rows=50)

    def estimate(self, params: Any, facts: Facts, machine: Machine) -> Estimate:
        """Exact in parameters where the vocabulary is full; time from a rate measured on two cores (rough).

        Memory: TensorFlow, weights with two moments, gradients and the best copy, a batch's activations.
        """
        count = self.parameter_count(params, self.expected_vocabulary(params, facts), facts.classes)
        tokens = expected_tokens(params, facts)
        epochs = expected_epochs(params)
        steps = -(-facts.rows // params.batch_size)
        work = facts.rows * tokens * (3 * self.work(params) + 20 * params.embedding_size)
        return Estimate(
            parameters=count,
            memory_bytes=int(8.5e8 + 20 * count + 40 * params.batch_size * tokens * (self.work(params) ** 0.5) * 8),
            seconds=3 + epochs * (steps * (2e-3 + 3e-9 * count) + SECONDS * work),
        )  # fmt: skip

    def layer_formulas(self, params: Any, vocabulary: int, classes: int) -> Sequence[Formula]:
        """What `build` computes, from the pieces of a text to the probabilities of the classes."""
        raise NotImplementedError

    def formulas(self, params: Any, facts: Facts) -> Sequence[Formula]:
        vocabulary = self.expected_vocabulary(params, facts)
        count = self.parameter_count(params, vocabulary, facts.classes)
        return (
            *self.layer_formulas(params, vocabulary, facts.classes),
            *learning_formulas(params, facts.classes, count),
        )

    def schedule(self, params: LearningParams) -> Sequence[float]:
        """The learning rate of each epoch, for a preview."""
        return rates(params)

    def fit(self, data: TrainingData, params: Any, training: Training) -> NetworkFitted:
        from engine.training.loop import predict_scores, train_network
        from engine.training.preload import preload

        preload()
        import keras

        training.report("phase", name=N_("Learning a vocabulary"))
        tokens = self.learn_encoder(self.texts_read(data, params), params)
        rows, checks = tokens.transform(data.train_inputs), tokens.transform(data.validation_inputs)
        keras.utils.set_random_seed(data.seed)
        model = self.build(params, tokens.size, len(data.classes))
        message, said = self.rows_said(tokens, rows, params)
        said |= {
            "pieces": f"{tokens.size:,}",
            "mean": f"{rows.lengths.mean():.1f}",
            "numbers": f"{model.count_params():,}",
        }
        training.report("log", level="info", message=message, params=said)
        training = self.prepare_network(model, tokens, data, params, training)
        training.report("phase", name=N_("Training"))
        validation = token_rows(checks, data.validation_labels)
        outcome = train_network(
            model, make_optimizer(params), token_rows(rows, data.train_labels), validation,
            plan(params, data, fingerprint(self.name, self.version, params, data)), training,
        )  # fmt: skip
        training.report("phase", name=N_("Calibrating"))
        scores = predict_scores(model, validation)
        found = calibrate(model, scores, data, adjust=params.adjust)
        answers = with_softmax(self.served(model, params), found.temperature)
        sample = checks[: min(SAMPLE, len(checks))]
        return NetworkFitted(tokens, answers, sample, outcome.stopped_early, found.validated)

    def load(self, folder: Path) -> NetworkPredictor:
        return NetworkPredictor(self.load_encoder(folder), LiteModel(folder / MODEL))


def token_rows(rows: TokenRows, labels: Any) -> Any:
    """Token rows as the training loop takes them."""
    from engine.training.loop import Rows

    return Rows(rows.__getitem__, labels, rows.lengths)


def expected_tokens(params: Any, facts: Facts) -> float:
    """Rough number of tokens read of a text, from its length in characters (pieces hold about 2 characters in scripts
    without spaces, 4 in others)."""
    characters = typical_length(facts)
    per_piece = 1.0 if params.pieces == "characters" else (2.0 if mostly_unspaced(facts.extra) else 4.0)
    return float(np.clip(characters / per_piece, 4, params.max_length))


def suited(dial: Dial, facts: Facts, machine: Machine, most: int) -> dict[str, Setting]:
    """What the dial takes from the facts for a network over pieces of words that reads at most so many of a text."""
    return {
        "vocabulary": vocabulary(facts),
        "max_length": reading_length(facts, 1.8 if mostly_unspaced(facts.extra) else 3.2, most),
        "batch_size": batch_size(facts, 64),
        "adjust": adjusted(dial, facts),
    } | on_machine(machine)
