"""What a training and an evaluation read: a version divided, its inputs and labels, not cleaned yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Schema
from engine.modality import modalities
from engine.models.family import IntArray
from engine.prepare.blocks import block_ids
from engine.prepare.folds import parts_of_fold
from engine.prepare.split import label_codes
from engine.recipe import Recipe
from engine.services import dividing, near_groups, splits, stored_versions
from engine.services.scope import Scope

HELD = ("validation", "test")
"""Parts that nothing is learnt from, not even what texts look like."""


@dataclass(frozen=True)
class Prepared:
    """A version divided and read: rows, the part of each (by row id), class indices (-1 without a label), inputs."""

    split_id: str
    schema: Schema
    frame: pd.DataFrame
    parts: pd.Series
    labels: IntArray
    inputs: pd.Series

    def labelled(self, part: str) -> IntArray:
        """Positions of the rows of a part that have a label."""
        return np.flatnonzero((self.parts == part).to_numpy() & (self.labels >= 0))


def prepare(scope: Scope, recipe: Recipe, report: Any, split_id: str | None) -> Prepared:
    """Load a recipe's data, make sure of its split, and read inputs and labels (not cleaned yet).

    Args:
        split_id: the split that the run was begun on, whatever the version's split is by now; None to draw it.
    """
    version_id = str(recipe.data)
    report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    report("phase", name="splitting")
    split_id = split_id or dividing.ensure(scope, version_id, recipe.split, frame, report).id
    parts = splits.assignment(scope, split_id).reindex(frame[ROW_ID])
    labels = (
        pd.Index(schema.classes, dtype="str").get_indexer(pd.Index(labels_of(frame, schema))).astype(np.int64)
    )
    modality = modalities.get(schema.task)
    inputs = modality.read(frame, schema)
    if recipe.split.folds and (folds := splits.fold_codes(scope, split_id)) is not None:
        keys = pd.factorize(inputs.map(modality.key).to_numpy())[0].astype(np.int64)
        alike = near_groups.known_groups(scope, version_id, frame) if recipe.split.near_duplicates else None
        blocks = block_ids(keys, label_codes(frame, schema)[1], alike)
        parts = parts_of_fold(parts, folds.reindex(frame[ROW_ID]).fillna(-1), blocks, recipe.split.fold)
    return Prepared(split_id, schema, frame, parts, labels, inputs)
