"""The work of a run: from its recipe to a packaged, parity-checked model with scores on validation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from sqlalchemy import update

from engine.data.schema import ROW_ID
from engine.errors import N_, RecipeError
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.models.family import Training, TrainingData
from engine.packaging.bundle import pack, write_bundle
from engine.packaging.parity import Parity, check_parity
from engine.prepare.augmenting import Augmenter, Copies
from engine.prepare.steps import Cleaner
from engine.recipe import Recipe, read_recipe
from engine.services import lexicons
from engine.services.evaluations import store_evaluation
from engine.services.prepared import Prepared, prepare
from engine.services.recipes import resolve
from engine.services.scope import Scope
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.database import write
from engine.storage.tables import run
from engine.training.machine import environment
from engine.training.run import fit_run

PARITY_ROWS = 2000
"""Validation rows (and, where they are fewer, train rows) on which the packaged model is checked."""


class NothingToTrain(RecipeError):
    code = "NOTHING_TO_TRAIN"
    message = N_("There is nothing to train on: {train} rows with a label in the train part, {validation} in validation, {classes} classes.")  # fmt: skip
    remedy = N_("Training needs rows of at least two classes in train and some in validation. Add labelled rows, or divide the data anew.")  # fmt: skip


def train_run(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "train": recipe -> fitted, packaged, parity-checked and validated run."""
    run_id = spec["run"]
    row = scope.row(run, run_id, "run")
    recipe = read_recipe(row.recipe)
    family, _ = resolve(recipe)
    data = prepare(scope, recipe, context.report, row.split_id)
    _record(scope, run_id, split_id=data.split_id, environment=environment())
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
    ground = {
        **environment(),
        **({"train_rows": len(train), "augmented_rows": len(copies.inputs)} if copies else {}),
    }
    _record(scope, run_id, environment=ground)
    training_data = TrainingData(
        train_inputs=[*cleaned, *(copies.inputs if copies else ())],
        train_labels=np.concatenate([data.labels[train], data.labels[train][copies.sources]]) if copies else data.labels[train],
        validation_inputs=validated, validation_labels=data.labels[validation],
        classes=data.schema.classes, seed=recipe.seed,
    )  # fmt: skip
    context.check()
    context.report("phase", name="training")
    checkpoints = context.folder / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    training = Training(context.report, context.stop, checkpoints, threads=max(1, (os.cpu_count() or 2) - 1))
    fitted = fit_run(recipe, training_data, training)

    context.report("phase", name="packaging")
    proba = fitted.predict_proba(training_data.validation_inputs)
    agreed = float((proba.argmax(axis=1) == training_data.validation_labels).mean())
    bundle = context.folder / "bundle"
    write_bundle(
        bundle, recipe=recipe, schema=data.schema, family=family, fitted=fitted, environment=ground,
        metrics={"part": "validation", "n": len(validation), "accuracy": agreed},
    )  # fmt: skip
    context.report("phase", name="checking_parity")
    parity = _parity(bundle, data, train, validation, training_data, fitted, proba)
    artifact = artifacts.put_file(pack(bundle, context.folder / "bundle.tar"))

    context.report("phase", name="evaluating")
    served = load_model(bundle).predict_proba(list(data.inputs.iloc[validation]))
    packaged = {"stopped_early": fitted.stopped_early, "parity": asdict(parity), "bundle": artifact}
    store_evaluation(context, scope, run_id, "validation", data, validation, served, train, packaged)
    return {"run_id": run_id, "bundle": artifact}


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
    )  # fmt: skip
    context.report(
        "note", message=N_("{rows:,} train rows + {made:,} augmented copies of them ({asked:,} asked for; a text that cannot be varied gets none)."),
        params={"rows": len(train), "made": len(copies.inputs), "asked": copies.asked},
    )  # fmt: skip
    return copies


def _parity(
    bundle: Any,
    data: Prepared,
    train: Any,
    validation: Any,
    training_data: TrainingData,
    fitted: Any,
    proba: Any,
) -> Parity:
    """Compare the packaged model with the trained one on raw inputs, in a clean process."""
    extra = max(0, min(PARITY_ROWS - len(validation), len(train)))
    rows = [*data.inputs.iloc[validation[:PARITY_ROWS]], *data.inputs.iloc[train[:extra]]]
    expected = proba[:PARITY_ROWS]
    if extra:
        expected = np.vstack([expected, fitted.predict_proba(training_data.train_inputs[:extra])])
    return check_parity(bundle, rows, expected)


def _record(scope: Scope, run_id: str, **values: Any) -> None:
    with write(scope.engine) as connection:
        connection.execute(update(run).where(run.c.id == run_id).values(**values))
