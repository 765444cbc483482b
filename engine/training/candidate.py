"""One candidate of a search or a ladder: trained, scored, and what a visitor would get of it measured.

Stage 4 (training).
"""

from __future__ import annotations

import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.family import FloatArray, Predictor, Training, TrainingData, families, read_part
from engine.models.learning import shaping
from engine.recipe import Recipe
from engine.training.pseudo_labels import with_pseudo_labels
from engine.training.run import fit_run

_TIMED = 30
"""Texts that are answered one by one to learn how long one takes."""


@dataclass(frozen=True)
class Packed:
    """What a saved model is to serve: its bytes, and the seconds that a text takes it."""

    size: int
    latency: float


@dataclass(frozen=True)
class Measured:
    """What came of a candidate.

    `probabilities` are those of the validation rows, `seconds` are of training. `build` marks models that are alike in all that
    decides over `packed`; None where every one is packed.
    """

    probabilities: FloatArray
    seconds: float
    packed: Packed
    build: str | None
    stopped_early: bool


def measure(
    recipe: Recipe, data: TrainingData, training: Training, alike: Callable[[str], Packed | None]
) -> Measured:
    """Train the recipe's family and measure it.

    A network is scored as it was trained, and saved and read back without TensorFlow only if no other one was that is built alike:
    that takes longer than its training. Any other model is cheap to save, and scored as it is served.

    Args:
        recipe: of the candidate.
        data: what it is trained and scored on.
        training: the line to the outside.
        alike: what was measured of another model of this `build`, None if none was.

    Raises:
        Discarded: if `training.stop` says so.
    """
    started = time.monotonic()
    grown, stopped = with_pseudo_labels(recipe, data, training)
    fitted = stopped or fit_run(recipe, grown, training)
    seconds = time.monotonic() - started
    probabilities: FloatArray | None = getattr(fitted, "validated", None)
    build = None if probabilities is None else _build(recipe, fitted, training.checkpoints)
    packed = alike(build) if build else None
    if packed is None:
        with tempfile.TemporaryDirectory(dir=training.checkpoints, prefix="packed-") as name:
            folder = Path(name)
            fitted.save(folder)
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            served = families.get(recipe.family.name).load(folder)
            if probabilities is None:
                probabilities = served.predict_proba(data.validation_inputs)
            timed = statistics.median(_time(served, text) for text in list(data.validation_inputs)[:_TIMED])
            packed = Packed(size, timed)
    assert probabilities is not None  # only with them there may be one built alike
    early = stopped is not None or fitted.stopped_early
    return Measured(probabilities, seconds, packed, build, early)


def _build(recipe: Recipe, fitted: Any, place: Path) -> str:
    """What decides over size and speed of a network: its family, the settings that shape it, and what it knows of words."""
    family, params = read_part(recipe.family)
    shape = json.dumps([family.name, family.version, shaping(params)], sort_keys=True)
    digest = hashlib.sha256(shape.encode())
    with tempfile.TemporaryDirectory(dir=place, prefix="words-") as name:
        fitted.encoder.save(Path(name))
        for file in sorted(path for path in Path(name).rglob("*") if path.is_file()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _time(served: Predictor, text: object) -> float:
    started = time.perf_counter()
    served.predict_proba([text])
    return time.perf_counter() - started
