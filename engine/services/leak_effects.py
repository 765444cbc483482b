"""What the leaks of a split did to the score of a run: measured in a job and kept under run, part and what is known to leak."""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.data.schema import ROW_ID
from engine.evaluation.leak_effect import leak_effect
from engine.evaluation.result import LeakEffect
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.prepare.leaks import flattered
from engine.prepare.split import leaking_rows
from engine.recipe import read_recipe
from engine.services import near_groups
from engine.services.prepared import prepare
from engine.services.scope import Scope
from engine.storage.tables import run

_KIND = "facts"  # forgotten with the version: its key begins with the version's id


def stored(scope: Scope, run_id: str, part: str, metric: str) -> LeakEffect | None:
    """What was measured; None until it was, and again once nearly equal texts were looked for."""
    found = scope.cached(_KIND, _key(scope, run_id, part, metric))
    return LeakEffect.model_validate(found) if found else None


def measure(
    context: JobContext, scope: Scope, run_id: str, part: str, metric: str, predictions: pd.DataFrame
) -> None:
    """Measure the effect of the leaks on the scores of stored predictions, and keep it.

    Raises:
        NoRowsToEvaluate: every row of the part leaks.
    """
    row = scope.row(run, run_id, "run")
    recipe = read_recipe(row.recipe)
    data = prepare(scope, recipe, context.report, row.split_id)
    context.report("phase", name="comparing")
    keys = data.inputs.map(modalities.get(data.schema.task).key)
    alike = near_groups.known_groups(scope, row.version_id, data.frame)
    masks = leaking_rows(data.frame, data.schema, keys, data.parts, alike)
    leaking = pd.Series(flattered(masks, part), index=data.frame[ROW_ID])
    classes = data.schema.classes
    found = leak_effect(
        pd.Index(classes, dtype="str").get_indexer(pd.Index(predictions["true"])).astype(np.int64),
        predictions[[f"p_{label}" for label in classes]].to_numpy(dtype=np.float64),
        leaking.reindex(predictions[ROW_ID]).to_numpy(dtype=bool),
        classes, metric, recipe.evaluation, recipe.seed, part,
    )  # fmt: skip
    scope.cache(_KIND, _key(scope, run_id, part, metric), found.model_dump(mode="json"))


def _key(scope: Scope, run_id: str, part: str, metric: str) -> str:
    row = scope.row(run, run_id, "run")
    near = "near" if near_groups.looked(scope, row.version_id) else "exact"
    return f"{row.version_id}:leaks:{run_id}:{part}:{metric}:{near}"
