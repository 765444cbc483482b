"""What the remedy of an error says, in numbers: the settings with which a training that went wrong has a chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.jobs.errors import OutOfMemory
from engine.models.family import BatchTooLarge, Diverged, PretrainingDiverged
from engine.models.learning import LearningParams
from engine.params import fields_of

_RATES = {Diverged.code: "learning_rate", PretrainingDiverged.code: "pretraining_rate"}
_BOUNDS = {field.name: field for field in fields_of(LearningParams)}


def gentler(params: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The settings to change after the error `code`, each with its new value; nothing where no number helps.

    A rate becomes ten times smaller; a batch half as large, with twice as many gathered for an update, so that it learns the same way.
    """
    rate = _RATES.get(code)
    if rate is not None and rate in params:
        least = float(_BOUNDS["learning_rate"].low or 0)
        smaller = max(float(f"{params[rate] / 10:.3g}"), least)
        return {rate: smaller} if smaller < params[rate] else {}
    if code in (BatchTooLarge.code, OutOfMemory.code) and {"batch_size", "accumulate"} <= params.keys():
        size, gathered = params["batch_size"] // 2, params["accumulate"] * 2
        if size >= (_BOUNDS["batch_size"].low or 0) and gathered <= (_BOUNDS["accumulate"].high or 0):
            return {"batch_size": size, "accumulate": gathered}
    return {}
