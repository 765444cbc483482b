"""One candidate of a search or a ladder: trained, saved, read back as it would be served, and measured.

Stage 4 (training).
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from engine.models.family import FloatArray, Training, TrainingData, families
from engine.recipe import Recipe
from engine.training.pseudo_labels import with_pseudo_labels
from engine.training.run import fit_run

_TIMED = 30
"""Texts that are answered one by one to learn how long one takes."""


@dataclass(frozen=True)
class Measured:
    """Probabilities of the validation rows as served, seconds of training, bytes of the saved model, seconds a text."""

    probabilities: FloatArray
    seconds: float
    size: int
    latency: float
    stopped_early: bool


def measure(recipe: Recipe, data: TrainingData, training: Training) -> Measured:
    """Train the recipe's family and measure what a visitor would get: the saved model, read back without TensorFlow.

    Raises:
        Discarded: if `training.stop` says so.
    """
    started = time.monotonic()
    grown, stopped = with_pseudo_labels(recipe, data, training)
    fitted = stopped or fit_run(recipe, grown, training)
    seconds = time.monotonic() - started
    with tempfile.TemporaryDirectory(prefix="bentu-candidate-") as name:
        folder = Path(name)
        fitted.save(folder)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        served = families.get(recipe.family.name).load(folder)
        probabilities = served.predict_proba(data.validation_inputs)
        latency = statistics.median(_time(served, text) for text in list(data.validation_inputs)[:_TIMED])
    return Measured(probabilities, seconds, size, latency, fitted.stopped_early)


def _time(served: object, text: object) -> float:
    started = time.perf_counter()
    served.predict_proba([text])  # type: ignore[attr-defined]
    return time.perf_counter() - started
