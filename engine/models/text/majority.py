"""The majority class: what a score has to be read against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import N_
from engine.models.dial import Dialled
from engine.models.family import (
    Dial,
    Estimate,
    Facts,
    FloatArray,
    Machine,
    Setting,
    Training,
    TrainingData,
    Unsuitable,
    families,
)
from engine.models.suitability import common_reason
from engine.params import Params as ParamsBase


@dataclass(frozen=True)
class Shares:
    """Says the class shares of the training part, whatever the input."""

    shares: tuple[float, ...]
    stopped_early: bool = False

    def predict_proba(self, inputs: Sequence[Any]) -> FloatArray:
        return np.tile(np.array(self.shares, dtype=np.float64), (len(inputs), 1))

    def save(self, folder: Path) -> None:
        (folder / "model.json").write_text(json.dumps({"shares": self.shares}), encoding="utf-8")


class NoParams(ParamsBase):
    """There is nothing to set."""


class Majority(Dialled):
    """Always answers with the most frequent class."""

    name = "majority"
    version = 1
    task = "text-classification"
    title = N_("Majority class")
    summary = N_(
        "Always answers with the most frequent class of the training part. Every other score is read against it."
    )
    order = 10
    needs_tensorflow = False
    Params: type[ParamsBase] = NoParams

    def unsuitable(self, facts: Facts, machine: Machine) -> Unsuitable | None:
        return common_reason(facts, machine, self.estimate(NoParams(), facts, machine), rows=1)

    def settings(self, dial: Dial, facts: Facts, machine: Machine) -> dict[str, Setting]:
        return {}

    def estimate(self, params: NoParams, facts: Facts, machine: Machine) -> Estimate:
        """Exact in parameters: one share a class."""
        return Estimate(parameters=facts.classes, memory_bytes=100_000_000, seconds=0.1)

    def formulas(self, params: NoParams, facts: Facts) -> Sequence[tuple[str, str]]:
        return ()

    def fit(self, data: TrainingData, params: NoParams, training: Training) -> Shares:
        training.report("phase", name=N_("Counting classes"))
        counts = np.bincount(data.train_labels, minlength=len(data.classes))
        return Shares(tuple((counts / counts.sum()).tolist()))

    def load(self, folder: Path) -> Shares:
        return Shares(tuple(json.loads((folder / "model.json").read_text(encoding="utf-8"))["shares"]))


families.register(Majority())
