"""Texts in the language at large, from another dataset version, that a family reads against forgetting.

A recipe names the version among its family's parameters, as `general`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from engine.data.schema import ROW_ID
from engine.modality import keys_of, modalities
from engine.prepare.steps import Cleaner
from engine.recipe import Recipe
from engine.services import splits, stored_versions
from engine.services.prepared import HELD
from engine.services.scope import Scope
from engine.storage.tables import dataset_version

MOST = 20_000
"""Texts that are read; a seeded sample where there are more."""


def require(scope: Scope, recipe: Recipe) -> None:
    """Raise `NotFound` where the recipe names a version that the owner does not have."""
    if version_id := _named(recipe):
        scope.row(dataset_version, version_id, "dataset version")


def load(scope: Scope, recipe: Recipe, barred: Collection[str]) -> list[Any]:
    """The texts, cleaned as the recipe says; empty where it names none. For jobs only.

    Rows that the other version holds back for validation or test are left out, and those whose key is in `barred`.
    """
    if not (version_id := _named(recipe)):
        return []
    frame, schema = stored_versions.load_table(scope, version_id)
    if divided := splits.current(scope, version_id):
        parts = splits.assignment(scope, divided.id).reindex(frame[ROW_ID])
        frame = frame[~parts.isin(HELD).to_numpy()]
    modality = modalities.get(schema.task)
    inputs = modality.read(frame, schema)
    rows = np.flatnonzero(~keys_of(modality, inputs).isin(barred))
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(recipe.seed).choice(rows, MOST, replace=False))
    return list(Cleaner(recipe.clean)(list(inputs.iloc[rows]), frame[ROW_ID].to_numpy()[rows].tolist()))


def _named(recipe: Recipe) -> str:
    return str(recipe.family.params.get("general") or "")
