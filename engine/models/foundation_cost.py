"""What adapting a foundation model costs, before the start, and how much of a text it reads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.models.dial import reading_length
from engine.models.family import Dial, Estimate, Facts, Machine, Setting
from engine.models.features.tfidf import typical_length
from engine.models.features.units import mostly_unspaced
from engine.models.language import GUESSED
from engine.models.learning import expected_epochs
from engine.models.presets import Preset, PresetFacts, here

if TYPE_CHECKING:
    from engine.models.text.foundation import FoundationParams

_FORWARD = 1.3e-11
"""Seconds a multiplication on two cores, forward; measured with MiniLM over 1212 texts of 126 pieces (52 s of processor time)."""
_CARD = 1 / 40
"""A card's time for that of two cores: an H100 took 1.2 s for an epoch of LoRA with MiniLM over 1060 texts of 128 pieces
(docs/training.md), two cores 51 s by the rates here. Others are slower, and larger models gain more."""
_MOST_CORES = 8
"""More are not counted: the steps of a small batch are too short to be shared among them."""
_RELATIVE = 1.6
"""A DeBERTa's time for that of a BERT with the same layers; 3 layers by 768 over 16 texts of 128 pieces took 1.58 and 0.98 s of processor time."""
_SUPPOSED = PresetFacts(6, 12, 384, 1536, 30_522, 512, 22_700_000)
"""Where no preset is here yet, the small one that `make minilm` gets."""


def suited_length(facts: Facts, dial: Dial) -> Setting:
    """A reading length that covers 95 of 100 texts, at most 128 pieces, 256 with all the time."""
    return reading_length(facts, _piece(facts), 256 if dial == "thorough" else 128)


def memory_to_read(parameters: int) -> int:
    """Bytes that a worker takes which loads a model of so many numbers, reads texts with it and exports it."""
    return int(1.6e9 + 32 * parameters)


def reading_seconds(shape: PresetFacts, texts: float, tokens: float) -> float:
    """Time to read so many texts of so many pieces with a model of this shape, once and forward."""
    layer = 4 * shape.hidden**2 + 2 * shape.hidden * shape.intermediate + 2 * tokens * shape.hidden
    return texts * tokens * shape.layers * layer * _FORWARD


def guessing_seconds(shape: PresetFacts, pieces: float) -> float:
    """Time to weigh the whole vocabulary for so many hidden pieces."""
    return pieces * shape.vocabulary * shape.hidden * _FORWARD


def expected_pieces(facts: Facts, most: int) -> float:
    """Pieces that are read of a typical text, its two ends included."""
    return float(np.clip(typical_length(facts) / _piece(facts) + 2, 4, most))


def shape_of(preset: Preset | None) -> PresetFacts:
    """The shape of a model; where it is not here, that of the small one which is supposed then."""
    return preset.facts if preset else _SUPPOSED


def pace(machine: Machine | None) -> float:
    """The time that a network takes on this machine for that on two cores: cores count in proportion, which was not measured."""
    if machine is None:
        return 1.0
    return _CARD if machine.cards else 2 / min(max(machine.cores, 1), _MOST_CORES)


def cost(params: FoundationParams, facts: Facts, machine: Machine | None) -> Estimate:
    """Trainable numbers nearly exactly; time from rates measured on two cores and `pace`."""
    preset = here(params.preset)
    known = shape_of(preset)
    shape = replace(
        known, vocabulary=known.vocabulary + params.new_words, parameters=known.parameters + params.new_words * known.hidden
    )  # fmt: skip
    tokens = expected_pieces(facts, min(params.max_length, shape.max_length))
    once = reading_seconds(shape, facts.rows, tokens) * pace(machine)
    if preset is not None and preset.architecture == "deberta_v3":
        once *= _RELATIVE
    left = shape.layers * (10 * shape.hidden + 2 * shape.intermediate + 3 * tokens * shape.heads)
    batch = 6 * params.batch_size * tokens * left  # bytes of what the pieces leave behind for the way back
    epochs, head = expected_epochs(params), (shape.hidden + 1) * facts.classes
    if params.adapt == "frozen":
        steps = -(-facts.rows // params.batch_size)
        learns, memory = head, 16.0 * facts.rows * shape.hidden
        seconds = 16 + 1.2 * once + epochs * steps * 1.2e-3
    else:
        lora = params.adapt == "lora"
        changes = shape.layers * 2 * (shape.hidden * params.rank * shape.heads + shape.hidden)
        learns = head + changes if lora else shape.parameters
        memory = 20 * learns + batch
        seconds = 25 + 1.1 * epochs * once * (2.4 if lora else 3.4)
    if params.pretraining:
        scores = GUESSED * tokens * shape.vocabulary  # of a text
        learns = shape.parameters
        memory = max(memory, 20 * learns + batch + 12 * params.batch_size * scores)
        passes = params.pretraining / (1 - params.general_share if params.general else 1)
        guessing = guessing_seconds(shape, facts.rows * GUESSED * tokens) * pace(machine)
        seconds += passes * (3.4 * once + 3 * guessing) * 1.1
    return Estimate(learns, memory_to_read(shape.parameters) + int(memory), seconds)


def _piece(facts: Facts) -> float:
    """Characters that a piece of a multilingual or English vocabulary holds, roughly."""
    return 1.3 if mostly_unspaced(facts.extra) else 3.6
