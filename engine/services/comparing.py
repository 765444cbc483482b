"""Runs beside each other on the same rows: which can be compared, and the work of comparing them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.data.schema import ROW_ID
from engine.errors import N_
from engine.evaluation.compare import compare
from engine.jobs.context import JobContext
from engine.models.family import IntArray
from engine.recipe import read_recipe
from engine.services import datasets, lineage
from engine.services.scope import Scope
from engine.services.scored import NotComparable, predictions_of
from engine.storage.database import read
from engine.storage.tables import run


def comparison_key(run_ids: Sequence[str], part: str, metric: str) -> str:
    """Under what a comparison is kept."""
    return hashlib.sha256(json.dumps([*run_ids, part, metric]).encode()).hexdigest()


def compare_runs(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "compare"."""
    context.report("phase", name="comparing")
    rows = [scope.row(run, i, "run") for i in spec["runs"]]
    recipe = read_recipe(rows[0].recipe)
    schema = datasets.Datasets(scope).version(rows[0].version_id).schema
    index = {label: i for i, label in enumerate(schema.classes)}
    frames = [predictions_of(scope, r.id, spec["part"]).sort_values(ROW_ID) for r in rows]
    left_out = 0
    edited = any(_edited(scope, r.version_id) for r in rows)
    if spec["part"] == "validation" and (edited or drawn_apart(scope, rows)):
        frames, left_out = _common(frames)
        if frames[0].empty:
            raise NotComparable(problem={"message": N_("no row of validation is known to both with the same label")})  # fmt: skip
    if any(list(f[ROW_ID]) != list(frames[0][ROW_ID]) for f in frames):
        raise NotComparable(problem={"message": N_("they were scored on different rows")})
    if any(list(f["true"]) != list(frames[0]["true"]) for f in frames):
        raise NotComparable(problem={"message": N_("the labels of the rows that they were scored on differ")})
    if any(datasets.Datasets(scope).version(r.version_id).schema.classes != schema.classes for r in rows):
        raise NotComparable(problem={"message": N_("they tell different classes apart")})
    truth: IntArray = np.array([index[label] for label in frames[0]["true"]], dtype=np.int64)
    answers = [f[[f"p_{label}" for label in schema.classes]].to_numpy(dtype=np.float64) for f in frames]
    found = [
        compare(
            truth,
            answers[0],
            other,
            schema.classes,
            spec["metric"],
            recipe.evaluation,
            recipe.seed,
            spec["part"],
        )
        for other in answers[1:]
    ]
    key = comparison_key(spec["runs"], spec["part"], spec["metric"])
    scope.cache("comparison", key, {"differences": [{**d.model_dump(), "left_out": left_out} for d in found]})
    return {}


def drawn_apart(scope: Scope, rows: Sequence[Any]) -> bool:
    """Whether runs stand on splits of which none was inherited from another."""
    with read(scope.engine) as connection:
        drawn = lineage.drawn(connection, {r.project_id for r in rows})
    return len({drawn.get(r.split_id, r.split_id) for r in rows}) > 1


def other_test(scope: Scope, rows: Sequence[Any]) -> bool:
    """Whether runs of one lineage were divided alike but for a new test set: no row that both validated on was trained on."""
    asked = [read_recipe(r.recipe).split.whole.model_copy(update={"test_name": ""}) for r in rows]
    with read(scope.engine) as connection:
        kin = lineage.kin(connection, rows[0].version_id)
    return all(one == asked[0] for one in asked) and all(r.version_id in kin for r in rows)


def _edited(scope: Scope, version_id: str) -> bool:
    """Whether rows were dropped, relabelled or added by hand on the way to a version."""
    version = datasets.Datasets(scope).version(version_id)
    while "edit" not in version.source:
        if version.parent_id is None:
            return False
        version = datasets.Datasets(scope).version(version.parent_id)
    return True


def _common(frames: Sequence[pd.DataFrame]) -> tuple[list[pd.DataFrame], int]:
    """The rows that all runs were scored on with the same label, and how many rows are left out for that.

    A row that an edit dropped or relabelled was scored by one of two runs only, or by another truth.
    """
    truths = pd.concat([f.set_index(ROW_ID)["true"].astype(str) for f in frames], axis=1, join="outer")
    same = truths.index[truths.notna().all(axis=1) & (truths.nunique(axis=1) == 1)]
    kept = [f[f[ROW_ID].isin(same)].reset_index(drop=True) for f in frames]
    return kept, len(truths) - len(same)
