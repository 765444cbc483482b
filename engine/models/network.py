"""What the networks over texts share: texts to rows, rows to probabilities, as trained and as served."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.models.decision import fit_decision
from engine.models.family import FloatArray, IntArray, TrainingData
from engine.models.litert import MODEL, LiteModel, export_network
from engine.params import Params

_AT_ONCE = 256


class Encoder(Protocol):
    """Texts to rows, the same in training and serving."""

    def transform(self, texts: Sequence[str]) -> Any:
        """Rows as an array or a CSR matrix, one a text."""
        ...

    def save(self, folder: Path) -> None: ...


def dense(rows: Any) -> NDArray[Any]:
    """Rows as the network takes them; sparse ones are filled up only now, a batch at a time."""
    full: NDArray[Any] = rows.toarray() if hasattr(rows, "toarray") else rows
    return full


def short_first(texts: Sequence[str]) -> IntArray:
    """The order in which texts are answered in batches: short rows among themselves need little padding."""
    return np.argsort([len(text) for text in texts], kind="stable")


def probabilities(outputs: NDArray[Any]) -> FloatArray:
    """Outputs of a softmax, or of one sigmoid for the second class, as float64 rows that sum to 1."""
    answers = np.asarray(outputs, dtype=np.float64)
    if answers.shape[1] == 1:
        return np.hstack([1 - answers, answers])
    return np.asarray(answers / answers.sum(axis=1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True)
class NetworkFitted:
    """A network as trained: Keras answers.

    `model` ends in probabilities; `sample` are rows on which the exported file is checked; `validated` is what it answers to the
    validation rows, where that is known from training.
    """

    encoder: Encoder
    model: Any
    sample: Any
    stopped_early: bool
    validated: FloatArray | None

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        from engine.training.step import forward_pass

        if not len(inputs):
            return np.zeros((0, max(int(self.model.outputs[0].shape[-1]), 2)))
        forward, rows, order = forward_pass(self.model), self.encoder.transform(inputs), short_first(inputs)
        starts = range(0, len(inputs), _AT_ONCE)
        found = np.concatenate([forward(dense(rows[order[at : at + _AT_ONCE]])) for at in starts])
        return probabilities(found[np.argsort(order)])

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)
        export_network(self.model, folder / MODEL, dense(self.sample))


@dataclass(frozen=True)
class NetworkPredictor:
    """A network as served: LiteRT answers."""

    encoder: Encoder
    lite: LiteModel

    def predict_proba(self, inputs: Sequence[str]) -> FloatArray:
        rows, order = self.encoder.transform(inputs), short_first(inputs)
        found = self.lite.run(len(inputs), lambda part: dense(rows[order[part]]))
        return probabilities(found[np.argsort(order)])

    def vectors(self, inputs: Sequence[str], progress: Callable[[float], None]) -> FloatArray:
        """What the last layer reads of each text, shape (n, width); `progress` is told the share of texts that are read."""
        rows, order = self.encoder.transform(inputs), short_first(inputs)

        def take(part: slice) -> NDArray[Any]:
            progress(part.start / len(inputs))
            return dense(rows[order[part]])

        found = LiteModel(self.lite.path, head=False).run(len(inputs), take)
        return found[np.argsort(order)]


@dataclass(frozen=True)
class Calibrated:
    """The temperature of a network, and its probabilities of the validation rows with it, shape (n, classes)."""

    temperature: float
    validated: FloatArray


def calibrate(model: Any, scores: FloatArray, data: TrainingData, *, adjust: bool) -> Calibrated:
    """Calibrate a network that ends in the layer "logits"; the offsets of an adjusted decision join its biases.

    Args:
        model: as trained; changed only if `adjust`.
        scores: its logits of the validation rows, shape (n, classes).
        data: whose validation rows decide.
        adjust: see `fit_decision`. A class without training rows gets no offset: nothing is known of it.
    """
    sizes = np.bincount(data.train_labels, minlength=len(data.classes))
    known = np.where(sizes > 0, sizes, sizes.max())
    decision = fit_decision(scores, data.validation_labels, known, adjust=adjust)
    last = model.get_layer("logits")
    weights, biases = last.get_weights()
    last.set_weights([weights, biases + decision.offsets])
    return Calibrated(decision.temperature, decision.probabilities(scores))


def with_softmax(model: Any, temperature: float) -> Any:
    """A network that ends in the layer "logits" as it is served: the temperature becomes part of the last weights, then softmax."""
    import keras

    last = model.get_layer("logits")
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return keras.Model(model.inputs[0], keras.layers.Softmax()(model.outputs[0]))


def fingerprint(name: str, version: int, params: Params, data: TrainingData) -> str:
    """What makes a training what it is: a checkpoint of another one must never be taken up."""
    rows = len(data.train_inputs), len(data.validation_inputs)
    digest = hashlib.sha256(
        f"{name} {version} {params.model_dump_json()} {data.seed} {data.classes} {rows}".encode()
    )
    for labels in (data.train_labels, data.validation_labels):
        digest.update(labels.astype("<i8").tobytes())
    for texts in (data.train_inputs, data.validation_inputs, data.unlabelled_inputs):
        for text in texts:
            digest.update(str(text).encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
