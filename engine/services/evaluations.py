"""Evaluations: a run on validation (made with the run) and on the sealed test part (opened by a logged act)."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import insert, select, update

from engine.data.schema import ROW_ID
from engine.errors import N_, BentuError
from engine.evaluation.compare import compare
from engine.evaluation.metrics import evaluate
from engine.evaluation.predictions import Order, export_csv, filter_predictions, predictions_frame
from engine.evaluation.report import report_html, report_json
from engine.evaluation.result import Difference, EvaluationResult, FoldScores, LeakEffect
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.models.family import FloatArray, IntArray
from engine.packaging.bundle import unpack
from engine.recipe import FIRST_TEST, read_recipe, recipe_yaml
from engine.services import datasets, leak_effects, lineage, runs, splits
from engine.services.folds import fold_scores
from engine.services.prepared import Prepared, prepare
from engine.services.scope import Scope
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import (
    dataset_version,
    evaluation,
    new_id,
    project,
    run,
    split,
    test_opening,
)


class RunNotFinished(BentuError):
    code = "RUN_NOT_FINISHED"
    message = N_("The run “{name}” has no model yet, so it cannot be evaluated.")
    remedy = N_("Wait until it has succeeded, or resume it on the train page.")


class SealedTest(BentuError):
    code = "TEST_SEALED"
    message = N_("The test part has not been opened for the run “{name}”.")
    remedy = N_("Compare on validation, or open the test part for this run on the evaluate page.")


class NotComparable(BentuError):
    code = "NOT_COMPARABLE"
    message = N_("These runs cannot be compared: {problem}.")
    remedy = N_("Choose at least two runs that were trained on the same split.")


class NoTestPart(BentuError):
    code = "NO_TEST_PART"
    message = N_("The split of the run “{name}” has no test rows with a label.")
    remedy = N_("Divide the data with a test part on the prepare page and train again.")


@dataclass(frozen=True)
class Evaluation:
    """A run's result on one part."""

    run_id: str
    part: str
    result: EvaluationResult
    created: datetime


@dataclass(frozen=True)
class Opening:
    """One act of opening the test part, of the dataset version that `version` names (None: its data were deleted since)."""

    run_id: str | None
    run_name: str
    version: str | None
    reason: str
    opened: datetime
    other_project: bool = False
    test_name: str | None = None
    """Name of the test set that was opened; None where its data were deleted since."""


class Evaluations:
    """The evaluations of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, run_id: str, part: str = "validation") -> Evaluation | None:
        """The stored evaluation; for "test" None until the part was opened for this run."""
        self._scope.row(run, run_id, "run")
        row = _row(self._scope, run_id, part)
        if row is None:
            return None
        result = EvaluationResult.model_validate_json(artifacts.read_bytes(row.artifact))
        return Evaluation(run_id, part, result, row.created)

    def open_test(self, run_id: str, reason: str) -> Job:
        """Open the sealed test part for a run: logged and counted, then evaluated as a job.

        A run whose test part was opened before is not counted again.

        Raises:
            RunNotFinished: it has no model.
            NoTestPart: its split has no test rows.
        """
        found = runs.Runs(self._scope).get(run_id)
        row = self._scope.row(run, run_id, "run")
        if row.bundle is None or row.split_id is None:
            raise RunNotFinished(name=found.name)
        if not splits.get(self._scope, row.split_id).counts.get("test"):
            raise NoTestPart(name=found.name)
        with write(self._scope.engine, durable=True) as connection:
            again = connection.execute(
                select(test_opening.c.id).where(test_opening.c.run_id == run_id)
            ).first()
            if again is None:
                opening = {
                    "id": new_id("opn"), "owner": self._scope.owner, "split_id": row.split_id, "run_id": run_id,
                    "reason": reason.strip()[:1000], "opened": now(),
                }  # fmt: skip
                connection.execute(insert(test_opening).values(**opening))
                lineage.remember(connection, opening, row.version_id, found.name)
            # together: a queue that is full must not leave an opening that nobody looked through
            return queue.enqueue(
                connection, self._scope.owner, "evaluate", {"run": run_id}, "short", project_id=row.project_id
            )

    def openings(self, split_id: str) -> list[Opening]:
        """Every opening of a test part that holds rows of the split's version, oldest first; nothing that is deleted leaves the log."""
        version_id = self._scope.row(split, split_id, "split").version_id
        project_id = self._scope.row(dataset_version, version_id, "dataset version").project_id
        with read(self._scope.engine) as connection:
            rows = lineage.log(connection, version_id)
        return [
            Opening(r.run_id, r.name or r.run, f"{r.dataset} v{r.number}", r.reason, r.opened, r.project_id != project_id, r.test_name or FIRST_TEST)
            if r.run_id is not None
            else Opening(None, r.run, None, r.reason, r.opened)
            for r in rows
        ]  # fmt: skip

    def predictions(
        self, run_id: str, part: str, true: str | None = None, predicted: str | None = None, only_wrong: bool = False,
        slices: Mapping[str, str] | None = None, order: Order = "confidence_desc", offset: int = 0, limit: int = 50,
    ) -> tuple[pd.DataFrame, int]:  # fmt: skip
        """A page of predictions and how many match the filters."""
        frame = _predictions(self._scope, run_id, part)
        chosen = filter_predictions(
            frame, true=true, predicted=predicted, only_wrong=only_wrong, slices=slices or {}, order=order
        )
        return chosen.iloc[offset : offset + limit].reset_index(drop=True), len(chosen)

    def comparison(self, run_ids: Sequence[str], part: str, metric: str) -> list[Difference] | None:
        """Each later run minus the first on the same rows; None until its job ran."""
        stored = self._scope.cached("comparison", _comparison_key(run_ids, part, metric))
        return [Difference.model_validate(d) for d in stored["differences"]] if stored else None

    def start_comparison(self, run_ids: Sequence[str], part: str, metric: str) -> Job:
        """Compare runs of one split as a job, also of versions that inherit it: the job checks that the rows are the same.

        A split with a new test set has the validation rows of the one before, so runs on either are compared on validation.

        Raises:
            NotComparable: fewer than two runs, or runs of splits that were drawn apart.
            SealedTest, RunNotFinished: one of them was not scored on the part.
        """
        rows = [self._scope.row(run, i, "run") for i in run_ids]
        if len(rows) < 2:
            raise NotComparable(problem={"message": N_("fewer than two runs were chosen")})
        if _drawn_apart(self._scope, rows) and not (part == "validation" and _other_test(self._scope, rows)):
            raise NotComparable(problem={"message": N_("they were trained on different splits")})
        recipes = [read_recipe(r.recipe) for r in rows]
        if part == "validation" and len({recipe.split.fold for recipe in recipes}) > 1:
            raise NotComparable(problem={"message": N_("they were validated on different folds")})
        for row in rows:
            if _row(self._scope, row.id, part) is None:
                raise _absent(part, row.name)
        spec = {"runs": list(run_ids), "part": part, "metric": metric}
        return self._scope.submit("compare", spec, rows[0].project_id)

    def leak_effect(self, run_id: str, part: str, metric: str) -> LeakEffect | None:
        """How much the leaks of a run's split flatter its score on a part; None until its job ran."""
        self._scope.row(run, run_id, "run")
        return leak_effects.stored(self._scope, run_id, part, metric)

    def start_leak_effect(self, run_id: str, part: str, metric: str) -> Job:
        """Measure that as a job; raises `SealedTest`, `RunNotFinished` where the part is not scored."""
        row = self._scope.row(run, run_id, "run")
        if _row(self._scope, run_id, part) is None:
            raise _absent(part, row.name)
        return self._scope.submit(
            "leak_effect", {"run": run_id, "part": part, "metric": metric}, row.project_id
        )

    def fold_scores(self, run_id: str, metric: str) -> FoldScores | None:
        """The folds of a run's recipe beside each other; None for a run without folds."""
        return fold_scores(runs.Runs(self._scope), run_id, metric)

    def export_predictions(self, run_id: str, part: str, spreadsheet: bool) -> bytes:
        """All predictions as CSV; `spreadsheet` guards cells that a spreadsheet would run as formulas."""
        return export_csv(_predictions(self._scope, run_id, part), spreadsheet=spreadsheet)

    def report(self, run_id: str, part: str, fmt: str, locale: str) -> bytes:
        """The evaluation as a self-contained HTML page or as JSON, with everything needed to judge it."""
        found = self.get(run_id, part)
        if found is None:
            raise _absent(part, runs.Runs(self._scope).get(run_id).name)
        context = self._context(run_id)
        if fmt == "html":
            return report_html(found.result, context, locale).encode()
        return report_json(found.result, context).encode()

    def _context(self, run_id: str) -> dict[str, Any]:
        found = runs.Runs(self._scope).get(run_id)
        version = datasets.Datasets(self._scope).version(found.version_id)
        owner_project = self._scope.row(project, found.project_id, "project")
        divided = splits.get(self._scope, found.split_id) if found.split_id else None
        return {
            "project": owner_project.name, "run": found.name, "run_id": found.id, "dataset": version.dataset_name,
            "version": version.label, "digest": version.digest, "split": found.recipe.split.model_dump(mode="json"), "test_name": found.test_name,
            "openings": found.openings, "openings_elsewhere": found.openings_elsewhere, "created": found.created.isoformat(), "recipe_yaml": recipe_yaml(found.recipe),
            "environment": found.environment or {}, "parity": found.parity or {}, "synthetic": version.synthetic,
            "stopped_early": found.stopped_early,
            "leaks": {kind: count for kind, count in divided.leaks.items() if count} if divided else {},
            "excluded": divided.counts.get("excluded", 0) if divided else 0,
        }  # fmt: skip


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
    if _row(scope, run_id, "test") is not None:
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
    predictions = _predictions(scope, run_id, part)
    leak_effects.measure(context, scope, run_id, part, spec["metric"], predictions)
    return {"run_id": run_id}


def validation_predictions(scope: Scope, run_id: str) -> pd.DataFrame:
    """Every prediction of a run on validation, one a row; raises `RunNotFinished`."""
    return _predictions(scope, run_id, "validation")


def compare_runs(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "compare"."""
    context.report("phase", name="comparing")
    rows = [scope.row(run, i, "run") for i in spec["runs"]]
    recipe = read_recipe(rows[0].recipe)
    schema = datasets.Datasets(scope).version(rows[0].version_id).schema
    index = {label: i for i, label in enumerate(schema.classes)}
    frames = [_predictions(scope, r.id, spec["part"]).sort_values(ROW_ID) for r in rows]
    left_out = 0
    edited = any(_edited(scope, r.version_id) for r in rows)
    if spec["part"] == "validation" and (edited or _drawn_apart(scope, rows)):
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
    key = _comparison_key(spec["runs"], spec["part"], spec["metric"])
    scope.cache("comparison", key, {"differences": [{**d.model_dump(), "left_out": left_out} for d in found]})
    return {}


def _drawn_apart(scope: Scope, rows: Sequence[Any]) -> bool:
    """Whether runs stand on splits of which none was inherited from another."""
    with read(scope.engine) as connection:
        drawn = lineage.drawn(connection, {r.project_id for r in rows})
    return len({drawn.get(r.split_id, r.split_id) for r in rows}) > 1


def _other_test(scope: Scope, rows: Sequence[Any]) -> bool:
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


def _comparison_key(run_ids: Sequence[str], part: str, metric: str) -> str:
    return hashlib.sha256(json.dumps([*run_ids, part, metric]).encode()).hexdigest()


def _row(scope: Scope, run_id: str, part: str) -> Any:
    with read(scope.engine) as connection:
        return connection.execute(
            select(evaluation).where(
                evaluation.c.run_id == run_id, evaluation.c.part == part, evaluation.c.owner == scope.owner
            )
        ).one_or_none()


def _absent(part: str, name: str) -> BentuError:
    return SealedTest(name=name) if part == "test" else RunNotFinished(name=name)


def _predictions(scope: Scope, run_id: str, part: str) -> pd.DataFrame:
    row = _row(scope, run_id, part)
    if row is None:
        raise _absent(part, scope.row(run, run_id, "run").name)
    return _stored_predictions(row.predictions)


@lru_cache(maxsize=2)
def _stored_predictions(digest: str) -> pd.DataFrame:
    """By digest, so that paging through errors reads the file once; callers make new frames of it."""
    return pd.read_parquet(io.BytesIO(artifacts.read_bytes(digest)))
