"""The work of evaluating: scores and predictions of a part, stored; the opened test part; what leaks do to a score."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import insert, select, update

from engine.data.schema import ROW_ID
from engine.evaluation.metrics import evaluate
from engine.evaluation.predictions import predictions_frame
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.models.family import FloatArray
from engine.packaging.bundle import unpack
from engine.recipe import read_recipe
from engine.services import leak_effects
from engine.services.prepared import Prepared, prepare
from engine.services.scope import Scope
from engine.services.scored import NoTestPart, RunNotFinished, SealedTest, predictions_of, stored_row
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import evaluation, new_id, run, test_opening


def store_evaluation(
    context: JobContext,
    scope: Scope,
    run_id: str,
    part: str,
    data: Prepared,
    rows: Any,
    probabilities: FloatArray,
    train: Any,
    packaged: Mapping[str, Any] | None = None,
) -> None:
    """Score probabilities of the labelled rows of a part and store result and predictions; replaces earlier ones.

    Args:
        context: the job that writes it.
        data: the prepared version.
        rows: positions of the scored rows in `data`.
        probabilities: shape (len(rows), classes).
        train: positions of the labelled train rows, for the majority baseline.
        packaged: columns of the run (its bundle) that are written with its scores, all or nothing.
    """
    recipe = read_recipe(scope.row(run, run_id, "run").recipe)
    schema, modality = data.schema, modalities.get(data.schema.task)
    columns = list(schema.names("slice"))
    slices = data.frame.iloc[rows][columns].reset_index(drop=True)
    truth = data.labels[rows]
    majority = int(np.bincount(data.labels[train], minlength=len(schema.classes)).argmax())
    result = evaluate(
        part=part, truth=truth, probabilities=probabilities, classes=schema.classes, slices=slices, majority=majority,
        spec=recipe.evaluation, seed=recipe.seed, unlabelled=int((data.parts == part).sum()) - len(rows),
    )  # fmt: skip
    shown = [modality.show(v, 2000) for v in data.inputs.iloc[rows]]
    frame = predictions_frame(
        data.frame[ROW_ID].to_numpy()[rows], shown, truth, probabilities, schema.classes, slices
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    predictions = artifacts.put_bytes(buffer.getvalue())
    artifact = artifacts.put_bytes(result.model_dump_json().encode())
    headline = {name: score.model_dump() for name, score in result.overall.items()}
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        connection.execute(
            evaluation.delete().where(evaluation.c.run_id == run_id, evaluation.c.part == part)
        )
        connection.execute(
            insert(evaluation).values(
                id=new_id("evl"), owner=scope.owner, run_id=run_id, part=part, artifact=artifact, predictions=predictions,
                headline=headline, created=now(),
            )
        )  # fmt: skip
        if packaged is not None:
            baseline = {name: score.model_dump() for name, score in result.baseline.items()}
            values = {**packaged, "metrics": {**headline, "baseline": baseline}}
            connection.execute(update(run).where(run.c.id == run_id).values(**values))


def evaluate_test(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "evaluate": the packaged model on the opened test part, without TensorFlow."""
    run_id = spec["run"]
    row = scope.row(run, run_id, "run")
    with read(scope.engine) as connection:
        if (
            connection.execute(select(test_opening.c.id).where(test_opening.c.run_id == run_id)).first()
            is None
        ):
            raise SealedTest(name=row.name)
    if stored_row(scope, run_id, "test") is not None:
        return {"run_id": run_id}
    if row.bundle is None:
        raise RunNotFinished(name=row.name)
    data = prepare(scope, read_recipe(row.recipe), context.report, row.split_id)
    test, train = data.labelled("test"), data.labelled("train")
    if not len(test):
        raise NoTestPart(name=row.name)
    context.report("phase", name="evaluating")
    artifacts.verify(row.bundle)
    model = load_model(unpack(artifacts.path(row.bundle), context.folder / "bundle"))
    store_evaluation(
        context, scope, run_id, "test", data, test, model.predict_proba(list(data.inputs.iloc[test])), train
    )
    return {"run_id": run_id}


def measure_leak_effect(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "leak_effect"."""
    run_id, part = spec["run"], spec["part"]
    predictions = predictions_of(scope, run_id, part)
    leak_effects.measure(context, scope, run_id, part, spec["metric"], predictions)
    return {"run_id": run_id}
