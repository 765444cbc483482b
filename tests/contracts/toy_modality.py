"""A toy modality with one family and one step: all that a second modality has to bring."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.data.schema import Schema
from engine.modality import modalities
from engine.models.family import Estimate, families
from engine.params import Params, param
from engine.prepare.steps import steps

TASK = "tabular-classification"


class Points:
    """Inputs are points, written "x;y"."""

    name, title, size_unit = TASK, "Points", "numbers"

    def read(self, frame: pd.DataFrame, schema: Schema) -> pd.Series:
        return frame[list(schema.names("input"))].agg(";".join, axis=1)

    def show(self, value: Any, limit: int = 200) -> str:
        return str(value)[:limit]

    def key(self, value: Any) -> str:
        return str(value)

    def sizes(self, inputs: pd.Series) -> pd.Series:
        return inputs.str.count(";") + 1

    def validate(self, inputs: pd.Series) -> None:
        return None

    def embed(self, inputs: pd.Series) -> np.ndarray:
        return np.array([[float(x) for x in str(v).split(";")] for v in inputs])

    def describe(self, inputs: pd.Series) -> Mapping[str, Any]:
        return {}


@dataclass
class Centres:
    """Nearest centre, as trained and as served."""

    centres: np.ndarray
    stopped_early: bool = False

    def predict_proba(self, inputs: Sequence[Any]) -> np.ndarray:
        points = np.array([[float(x) for x in str(v).split(";")] for v in inputs])
        closeness = np.exp(-((points[:, None] - self.centres[None]) ** 2).sum(axis=2))
        return (closeness + 1e-9) / (closeness + 1e-9).sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> None:
        (folder / "centres.json").write_text(json.dumps(self.centres.tolist()))


class NearestCentre:
    name, version, task, title, summary, order = "toy_nearest_centre", 1, TASK, "Nearest centre", "", 1
    needs_tensorflow = False

    class Params(Params):
        shrink: float = param(0.0, "Shrink", "Pull the centres together.", low=0.0, high=1.0)

    def unsuitable(self, facts: Any, machine: Any) -> None:
        return None

    def defaults(self, dial: Any, facts: Any, machine: Any) -> Any:
        return self.Params()

    def estimate(self, params: Any, facts: Any, machine: Any) -> Estimate:
        return Estimate(2 * facts.classes, 1000, 0.1)

    def formulas(self, params: Any, facts: Any) -> list[tuple[str, str]]:
        return []

    def fit(self, data: Any, params: Any, training: Any) -> Centres:
        points = np.array([[float(x) for x in v.split(";")] for v in data.train_inputs])
        centres = np.array([points[data.train_labels == k].mean(axis=0) for k in range(len(data.classes))])
        return Centres(centres * (1 - params.shrink))

    def load(self, folder: Path) -> Centres:
        return Centres(np.array(json.loads((folder / "centres.json").read_text())))


class Rounding:
    name, version, task, title, help, order = "toy_rounding", 1, TASK, "Rounding", "", 1

    class Params(Params):
        digits: int = param(1, "Digits", "Digits kept.", low=0, high=6)

    def apply(self, value: Any, params: Any) -> Any:
        return ";".join(f"{float(x):.{params.digits}f}" for x in value.split(";"))


modalities.register(Points())
families.register(NearestCentre())
steps.register(Rounding())
