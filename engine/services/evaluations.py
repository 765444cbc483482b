"""Evaluations: a run on validation (made with the run) and on the sealed test part (opened by a logged act)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import insert, select

from engine.errors import N_
from engine.evaluation.predictions import Order, export_csv, filter_predictions
from engine.evaluation.report import report_html, report_json
from engine.evaluation.result import Difference, EvaluationResult, FoldScores, LeakEffect
from engine.jobs import queue
from engine.jobs.job import Job
from engine.recipe import FIRST_TEST, read_recipe, recipe_yaml
from engine.services import datasets, leak_effects, lineage, runs, splits
from engine.services.comparing import comparison_key, drawn_apart, other_test
from engine.services.folds import fold_scores
from engine.services.scope import Scope
from engine.services.scored import (
    NotComparable,
    NoTestPart,
    RunNotFinished,
    absent,
    predictions_of,
    stored_row,
)
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import (
    dataset_version,
    new_id,
    project,
    run,
    split,
    test_opening,
)


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
        row = stored_row(self._scope, run_id, part)
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
        frame = predictions_of(self._scope, run_id, part)
        chosen = filter_predictions(
            frame, true=true, predicted=predicted, only_wrong=only_wrong, slices=slices or {}, order=order
        )
        return chosen.iloc[offset : offset + limit].reset_index(drop=True), len(chosen)

    def comparison(self, run_ids: Sequence[str], part: str, metric: str) -> list[Difference] | None:
        """Each later run minus the first on the same rows; None until its job ran."""
        stored = self._scope.cached("comparison", comparison_key(run_ids, part, metric))
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
        if drawn_apart(self._scope, rows) and not (part == "validation" and other_test(self._scope, rows)):
            raise NotComparable(problem={"message": N_("they were trained on different splits")})
        recipes = [read_recipe(r.recipe) for r in rows]
        if part == "validation" and len({recipe.split.fold for recipe in recipes}) > 1:
            raise NotComparable(problem={"message": N_("they were validated on different folds")})
        for row in rows:
            if stored_row(self._scope, row.id, part) is None:
                raise absent(part, row.name)
        spec = {"runs": list(run_ids), "part": part, "metric": metric}
        return self._scope.submit("compare", spec, rows[0].project_id)

    def leak_effect(self, run_id: str, part: str, metric: str) -> LeakEffect | None:
        """How much the leaks of a run's split flatter its score on a part; None until its job ran."""
        self._scope.row(run, run_id, "run")
        return leak_effects.stored(self._scope, run_id, part, metric)

    def start_leak_effect(self, run_id: str, part: str, metric: str) -> Job:
        """Measure that as a job; raises `SealedTest`, `RunNotFinished` where the part is not scored."""
        row = self._scope.row(run, run_id, "run")
        if stored_row(self._scope, run_id, part) is None:
            raise absent(part, row.name)
        return self._scope.submit(
            "leak_effect", {"run": run_id, "part": part, "metric": metric}, row.project_id
        )

    def fold_scores(self, run_id: str, metric: str) -> FoldScores | None:
        """The folds of a run's recipe beside each other; None for a run without folds."""
        return fold_scores(runs.Runs(self._scope), run_id, metric)

    def export_predictions(self, run_id: str, part: str, spreadsheet: bool) -> bytes:
        """All predictions as CSV; `spreadsheet` guards cells that a spreadsheet would run as formulas."""
        return export_csv(predictions_of(self._scope, run_id, part), spreadsheet=spreadsheet)

    def report(self, run_id: str, part: str, fmt: str, locale: str) -> bytes:
        """The evaluation as a self-contained HTML page or as JSON, with everything needed to judge it."""
        found = self.get(run_id, part)
        if found is None:
            raise absent(part, runs.Runs(self._scope).get(run_id).name)
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
