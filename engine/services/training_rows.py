"""The rows that a family learns from and is chosen by: cleaned, with the augmented copies of the train part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.data.schema import ROW_ID
from engine.errors import N_, RecipeError
from engine.jobs.context import JobContext
from engine.modality import keys_of, modalities
from engine.models.family import IntArray, TrainingData
from engine.prepare.augmenting import Augmenter, Copies
from engine.prepare.steps import Cleaner
from engine.recipe import Recipe
from engine.services import general_texts, lexicons
from engine.services.prepared import HELD, Prepared
from engine.services.scope import Scope


class NothingToTrain(RecipeError):
    code = "NOTHING_TO_TRAIN"
    message = N_("There is nothing to train on: {train} {train:row|rows} with a label in the train part, {validation} in validation, {classes} {classes:class|classes}.")  # fmt: skip
    remedy = N_("Training needs rows of at least two classes in train and some in validation. Add labelled rows, or divide the data anew.")  # fmt: skip


@dataclass(frozen=True)
class TrainingRows:
    """`data` as a family takes it; `train` and `validation` are positions in the prepared version, without the copies."""

    data: TrainingData
    train: IntArray
    validation: IntArray
    augmented: int


def rows_to_train(
    context: JobContext, scope: Scope, project_id: str, recipe: Recipe, data: Prepared
) -> TrainingRows:
    """Clean the labelled train and validation rows and add the copies that the recipe asks for.

    Raises:
        NothingToTrain: fewer than two classes in train, or nothing in validation.
    """
    train, validation = data.labelled("train"), data.labelled("validation")
    present = len(np.unique(data.labels[train]))
    if present < 2 or len(validation) == 0:
        raise NothingToTrain(train=len(train), validation=len(validation), classes=present)
    context.report("phase", name="cleaning")
    clean = Cleaner(recipe.clean)
    # The sealed test rows are not even cleaned here: nothing fitted may see them.
    ids = data.frame[ROW_ID].to_numpy()
    cleaned = clean(list(data.inputs.iloc[train]), ids[train].tolist())
    validated = clean(list(data.inputs.iloc[validation]), ids[validation].tolist())
    copies = _copies(context, scope, project_id, recipe, data, train, cleaned, validated)
    held = data.inputs[data.parts.isin(HELD).to_numpy()]
    barred = set(keys_of(modalities.get(data.schema.task), held))
    learnt = TrainingData(
        train_inputs=[*cleaned, *(copies.inputs if copies else ())],
        train_labels=np.concatenate([data.labels[train], data.labels[train][copies.sources]]) if copies else data.labels[train],
        validation_inputs=validated, validation_labels=data.labels[validation],
        classes=data.schema.classes, seed=recipe.seed, unlabelled_inputs=_unlabelled(data, clean, barred),
        general_inputs=general_texts.load(scope, recipe, barred),
    )  # fmt: skip
    return TrainingRows(learnt, train, validation, len(copies.inputs) if copies else 0)


def _unlabelled(data: Prepared, clean: Cleaner, barred: Collection[str]) -> list[Any]:
    """Rows without a label that nothing holds back, cleaned, but none whose key is in `barred`."""
    free = np.flatnonzero((data.labels < 0) & ~data.parts.isin(HELD).to_numpy())
    rows = free[~keys_of(modalities.get(data.schema.task), data.inputs.iloc[free]).isin(barred).to_numpy()]
    return list(clean(list(data.inputs.iloc[rows]), data.frame[ROW_ID].to_numpy()[rows].tolist()))


def _copies(
    context: JobContext, scope: Scope, project_id: str, recipe: Recipe, data: Prepared, train: Any, cleaned: list[Any],
    validated: list[Any],
) -> Copies | None:  # fmt: skip
    """Varied copies of the train rows, and a word in the run's log on how many; None where the recipe asks for none."""
    if not recipe.augment.active:
        return None
    context.report("phase", name="augmenting")
    augmenter = Augmenter(recipe.augment, recipe.task)
    augmenter.read(lexicons.load(scope, project_id, augmenter.lexicons))
    key = modalities.get(recipe.task).key

    def check(share: float) -> None:
        context.check()
        context.report("progress", fraction=share)

    copies = augmenter(
        cleaned, data.labels[train], data.frame[ROW_ID].to_numpy()[train], recipe.seed,
        key=key, avoid={key(value) for value in validated}, check=check,
        kept=context.folder / "copies.jsonl" if augmenter.asks_model else None,
    )  # fmt: skip
    context.report(
        "note", message=N_("{rows:,} train rows + {made:,} augmented copies of them ({asked:,} asked for; a text that cannot be varied gets none)."),
        params={"rows": len(train), "made": len(copies.inputs), "asked": copies.asked},
    )  # fmt: skip
    return copies
