"""The work of a run: from its recipe to a packaged, parity-checked model with scores on validation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import update

from engine.jobs.context import JobContext
from engine.models.family import Fitted, FloatArray, Training, TrainingData, lacks
from engine.packaging.bundle import pack, write_bundle
from engine.packaging.parity import Parity, compare, packaged_answers
from engine.recipe import read_recipe
from engine.services.evaluating import store_evaluation
from engine.services.kept_vectors import KeptVectors
from engine.services.prepared import Prepared, prepare
from engine.services.recipes import FamilyUnsuitable, resolve
from engine.services.scope import Scope
from engine.services.training_rows import rows_to_train
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.database import write
from engine.storage.tables import run
from engine.training.cost import measured
from engine.training.machine import environment, threads
from engine.training.pseudo_labels import with_pseudo_labels
from engine.training.run import fit_run

PARITY_ROWS = 2000
"""Validation rows (and, where they are fewer, train rows) on which the packaged model is checked."""

_AT_ONCE = 1024
"""Rows that it answers until it is said how far it is: of so many, texts of about one length come together."""


def train_run(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "train": recipe -> fitted, packaged, parity-checked and validated run."""
    run_id = spec["run"]
    row = scope.row(run, run_id, "run")
    recipe = read_recipe(row.recipe)
    family, params = resolve(recipe)
    if gone := lacks(family, params):  # it was here when the run was put in line
        raise FamilyUnsuitable.because(family, gone)
    data = prepare(scope, recipe, context.report, row.split_id)
    _record(scope, run_id, split_id=data.split_id, environment=environment())
    rows = rows_to_train(context, scope, project_id, recipe, data)
    train, validation = rows.train, rows.validation
    grown = {"train_rows": len(train), "augmented_rows": rows.augmented} if recipe.augment.active else {}
    ground = {**environment(), **grown}
    _record(scope, run_id, environment=ground)
    context.check()
    context.report("phase", name="training")
    checkpoints = context.folder / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    training = Training(
        context.report, context.stop, checkpoints, threads=threads(),
        vectors=KeptVectors(scope, str(recipe.data), context.report),
    )  # fmt: skip
    with measured() as cost:
        training_data, stopped = with_pseudo_labels(recipe, rows.data, training)
        fitted = stopped or fit_run(recipe, training_data, training)
    ground |= cost
    if guessed := training_data.train_labels[len(rows.data.train_labels) :].tolist():
        counts = Counter(training_data.classes[label] for label in guessed)
        ground |= {"train_rows": len(train), "pseudo_labelled_rows": dict(sorted(counts.items()))}
    _record(scope, run_id, environment=ground)

    context.report("phase", name="packaging")
    said: FloatArray | None = getattr(fitted, "validated", None)
    if said is None:
        said = fitted.predict_proba(training_data.validation_inputs)
    agreed = float((said.argmax(axis=1) == training_data.validation_labels).mean())
    bundle = context.folder / "bundle"
    write_bundle(
        bundle, recipe=recipe, schema=data.schema, family=family, fitted=fitted, environment=ground,
        metrics={"part": "validation", "n": len(validation), "accuracy": agreed},
    )  # fmt: skip
    context.report("phase", name="checking_parity")
    parity, answers = _parity(context, bundle, data, train, validation, training_data, fitted, said)
    artifact = artifacts.put_file(pack(bundle, context.folder / "bundle.tar"))

    context.report("phase", name="evaluating")
    known = answers[: len(validation)]  # what the packaged model was asked already
    rest = list(data.inputs.iloc[validation[len(known) :]])
    served = np.vstack([known, *_served(context, bundle, rest)])
    early = stopped is not None or fitted.stopped_early
    packaged = {"stopped_early": early, "parity": asdict(parity), "bundle": artifact}
    store_evaluation(context, scope, run_id, "validation", data, validation, served, train, packaged)
    return {"run_id": run_id, "bundle": artifact}


def _parity(
    context: JobContext,
    bundle: Path,
    data: Prepared,
    train: Any,
    validation: Any,
    training_data: TrainingData,
    fitted: Fitted,
    said: FloatArray,
) -> tuple[Parity, FloatArray]:
    """Compare the packaged model with the trained one on raw inputs, in a clean process; with what the packaged one answered.

    `said` is what the trained one answers to the validation rows.
    """
    start = time.monotonic()
    asked = [*validation, *train][:PARITY_ROWS]
    answers = packaged_answers(bundle, list(data.inputs.iloc[asked]), lambda share: _tell(context, share))
    seconds = time.monotonic() - start
    expected = said[: len(answers)]
    if more := len(answers) - len(expected):
        expected = np.vstack([expected, fitted.predict_proba(training_data.train_inputs[:more])])
    return compare(answers, expected, seconds), answers


def _served(context: JobContext, bundle: Path, inputs: Sequence[Any]) -> Iterator[FloatArray]:
    """What the packaged model answers, some rows at a time."""
    model = load_model(bundle) if inputs else None
    for at in range(0, len(inputs), _AT_ONCE):
        assert model is not None
        _tell(context, at / len(inputs))
        yield model.predict_proba(inputs[at : at + _AT_ONCE])


def _tell(context: JobContext, share: float) -> None:
    context.check()
    context.report("progress", fraction=share)


def _record(scope: Scope, run_id: str, **values: Any) -> None:
    with write(scope.engine) as connection:
        connection.execute(update(run).where(run.c.id == run_id).values(**values))
