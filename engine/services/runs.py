"""Runs as a person handles them: submitted, watched, stopped, resumed, renamed and deleted. Their work is in `training.py`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from engine.errors import N_, BentuError, JobError, NotFound, error_from_json
from engine.jobs import events, queue
from engine.jobs.events import JobEvent as Event
from engine.jobs.job import GOING
from engine.recipe import Recipe, read_recipe
from engine.services import datasets, general_texts, lexicons, lineage, mapping, splits
from engine.services.demo_view import served_by
from engine.services.recipes import FamilyUnsuitable, reason_against, resolve
from engine.services.scope import Scope
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.home import home
from engine.storage.tables import (
    dataset,
    dataset_version,
    evaluation,
    job,
    new_id,
    project,
    run,
    test_opening,
)


class RunActive(JobError):
    code = "RUN_ACTIVE"
    message = N_("The run “{name}” is still going on.")
    remedy = N_("Stop or discard it first.")


class RunNotResumable(JobError):
    code = "RUN_NOT_RESUMABLE"
    message = N_("The run “{name}” cannot be resumed: it left no checkpoint.")
    remedy = N_("Clone it and start again.")


class RunServes(JobError):
    code = "RUN_SERVES"
    message = N_("The run “{name}” cannot be deleted: the demo “{demo}” answers with it, or goes back to it.")
    remedy = N_("Promote another run there, or revoke the demo, then delete this one.")


@dataclass(frozen=True)
class Run:
    """One training. `state` is its job's; `metrics` are scores on validation."""

    id: str
    project_id: str
    version_id: str
    version_label: str
    split_id: str | None
    drawn_id: str | None
    """The split that the rows it is scored on were drawn by: runs with the same one can be compared."""
    name: str
    family: str
    recipe: Recipe
    state: str
    stopped_early: bool
    phase: str | None
    job_id: str
    metrics: Mapping[str, Any] | None
    parity: Mapping[str, Any] | None
    environment: Mapping[str, Any] | None
    error: BentuError | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    cloned_from: str | None
    position: int | None
    openings: int
    """How often its test set was opened, over its lineage and, whatever its name, over every other one of the same table."""
    openings_elsewhere: int
    """How many of them were in another lineage, whose division may be another."""
    test_opened: bool
    resumable: bool
    cancel: str | None
    seconds: float
    """Time spent in all its attempts, by a clock that nobody can set."""

    @property
    def test_name(self) -> str:
        """Name of the test set that it is or would be tested on."""
        return self.recipe.split.test_name

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in GOING


class Runs:
    """The runs of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def submit(
        self, project_id: str, recipe: Recipe, name: str | None = None, idempotency: str | None = None,
        cloned_from: str | None = None, inline: bool = False,
    ) -> Run:  # fmt: skip
        """Put a training in line. The same idempotency key gives the same run.

        Args:
            inline: no worker takes it: the caller runs it (`services.inline`).

        Raises:
            FamilyUnsuitable, InvalidParameter, UnknownName: the recipe cannot run on its data.
            SplitOpened: it asks for another split after the test part was opened.
            AugmentationUnavailable, LexiconMissing: an augmentation lacks what it needs.
            QueueFull: too many wait already.
        """
        self._scope.row(project, project_id, "project")
        version = datasets.Datasets(self._scope).version(str(recipe.data))
        if version.project_id != project_id:
            raise NotFound(kind="dataset version", id=version.id)
        family, params = resolve(recipe)
        reason = reason_against(family, params, splits.facts(self._scope, version.id))
        if reason:
            raise FamilyUnsuitable.because(family, reason)
        splits.refuse_redraw(self._scope, version.id, recipe.split)
        lexicons.require(self._scope, project_id, recipe)
        general_texts.require(self._scope, recipe)
        key = idempotency or new_id("key")
        run_id, text = new_id("run"), recipe.model_dump(mode="json")
        digest = hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()
        with write(self._scope.engine, durable=True) as connection:
            count = connection.execute(
                select(func.count()).select_from(run).where(run.c.project_id == project_id)
            ).scalar_one()
            job_row = queue.enqueue(
                connection, self._scope.owner, "train", {"run": run_id}, "training",
                project_id=project_id, idempotency=f"run:{key}", executor="inline" if inline else "local",
            )  # fmt: skip
            earlier = connection.scalar(select(run.c.id).where(run.c.job_id == job_row.id))
            if earlier is not None:
                return self.get(earlier)
            connection.execute(
                insert(run).values(
                    id=run_id, owner=self._scope.owner, project_id=project_id, version_id=version.id, split_id=None,
                    job_id=job_row.id, name=name or f"{family.name} {count + 1}", family=family.name, recipe=text,
                    recipe_digest=digest, stopped_early=False, cloned_from=cloned_from, created=now(), idempotency=key,
                )
            )  # fmt: skip
            connection.execute(update(project).where(project.c.id == project_id).values(updated=now()))
        return self.get(run_id)

    def submit_folds(self, project_id: str, recipe: Recipe, name: str, idempotency: str) -> Sequence[Run]:
        """Put one run a fold of the recipe's split in line, named after it; the same key gives the same runs.

        Raises as `submit`; runs that were in line before the refusal stay there.
        """
        made = []
        for fold in range(recipe.split.folds):
            split = recipe.split.model_copy(update={"fold": fold})
            title = f"{name} · {fold + 1}/{recipe.split.folds}"
            one = recipe.model_copy(update={"split": split})
            made.append(self.submit(project_id, one, name=title, idempotency=f"{idempotency}:{fold}"))
        return made

    def list(self, project_id: str, limit: int = 50, offset: int = 0) -> Sequence[Run]:
        """The project's runs, newest first."""
        self._scope.row(project, project_id, "project")
        return self._runs(run.c.project_id == project_id, limit=limit, offset=offset)

    def count(self, project_id: str) -> int:
        """How many runs the project has."""
        with read(self._scope.engine) as connection:
            return connection.execute(
                select(func.count())
                .select_from(run)
                .where(
                    run.c.project_id == project_id, run.c.owner == self._scope.owner, run.c.deleted.is_(None)
                )
            ).scalar_one()

    def get(self, run_id: str) -> Run:
        """One run; raises `NotFound`, also for a deleted one."""
        found = self._runs(run.c.id == run_id)
        if not found:
            raise NotFound(kind="run", id=run_id)
        return found[0]

    def those(self, run_ids: Sequence[str]) -> dict[str, Run]:
        """Runs by id, in one look; those that are gone are left out."""
        return {found.id: found for found in self._runs(run.c.id.in_(run_ids), limit=len(run_ids))}

    def events(self, run_id: str, after: int = 0, limit: int = 5000) -> Sequence[Event]:
        """What the run reported after the event with the id `after`, oldest first."""
        row = self._scope.row(run, run_id, "run")
        return events.events(self._scope.engine, row.job_id, after, limit)

    def stop(self, run_id: str) -> None:
        """Stop training and keep the best model so far: the run is packaged and evaluated as usual."""
        queue.cancel(
            self._scope.engine, self._scope.owner, self._scope.row(run, run_id, "run").job_id, "keep"
        )

    def discard(self, run_id: str) -> None:
        """End the run and throw away what it learnt."""
        queue.cancel(
            self._scope.engine, self._scope.owner, self._scope.row(run, run_id, "run").job_id, "discard"
        )

    def resume(self, run_id: str) -> Run:
        """Go on from the last checkpoint of a run that failed or was lost."""
        found = self.get(run_id)
        if not found.resumable:
            raise RunNotResumable(name=found.name)
        queue.resume(self._scope.engine, self._scope.owner, found.job_id)
        return self.get(run_id)

    def rename(self, run_id: str, name: str) -> None:
        """Give the run another name."""
        self._scope.row(run, run_id, "run")
        with write(self._scope.engine) as connection:
            connection.execute(
                update(run).where(run.c.id == run_id).values(name=name.strip()[:200] or run_id)
            )

    def delete(self, run_id: str) -> None:
        """Delete a run with its model and evaluations. The openings of the test that it caused stay counted.

        Raises:
            RunActive: it goes on.
            RunServes: a demo answers with it or would go back to it.
        """
        found = self.get(run_id)
        if found.active:
            raise RunActive(name=found.name)
        with write(self._scope.engine) as connection:
            if demos := served_by(connection, run_id):
                raise RunServes(name=found.name, demo=demos[0])
            connection.execute(update(run).where(run.c.id == run_id).values(deleted=now(), bundle=None))
            connection.execute(evaluation.delete().where(evaluation.c.run_id == run_id))
            mapping.forget_run(connection, self._scope.owner, run_id)
        job_row = queue.get(self._scope.engine, self._scope.owner, found.job_id)
        shutil.rmtree(job_row.work, ignore_errors=True)  # checkpoints of a run that failed

    def log_tail(self, run_id: str, lines: int = 200) -> str:
        """The end of the run's log."""
        return queue.get(
            self._scope.engine, self._scope.owner, self._scope.row(run, run_id, "run").job_id
        ).log_tail(lines * 120)

    def _runs(self, *conditions: Any, limit: int = 1, offset: int = 0) -> Sequence[Run]:
        mine = select(test_opening.c.run_id).where(test_opening.c.run_id == run.c.id).exists()
        query = (
            select(
                run, job.c.state, job.c.phase, job.c.error, job.c.started, job.c.finished, job.c.cancel,
                job.c.folder,
                job.c.seconds, dataset.c.name.label("dataset_name"),
                dataset_version.c.number, mine.label("test_opened"),
            )
            .join(job, job.c.id == run.c.job_id)
            .join(dataset_version, dataset_version.c.id == run.c.version_id)
            .join(dataset, dataset.c.id == dataset_version.c.dataset_id)
            .where(run.c.owner == self._scope.owner, run.c.deleted.is_(None), *conditions)
            .order_by(run.c.created.desc(), run.c.id)
            .limit(limit)
            .offset(offset)
        )  # fmt: skip
        with read(self._scope.engine) as connection:
            rows = connection.execute(query).all()
            projects = {row.project_id for row in rows}
            opened, drawn = lineage.openings(connection, projects), lineage.drawn(connection, projects)
        return [self._view(r, opened[r.version_id], drawn.get(r.split_id, r.split_id)) for r in rows]

    def _view(self, row: Any, opened: lineage.Openings, drawn_id: str | None) -> Run:
        recipe = read_recipe(row.recipe)
        return Run(
            id=row.id, project_id=row.project_id, version_id=row.version_id,
            version_label=f"{row.dataset_name} v{row.number}", split_id=row.split_id, name=row.name, family=row.family,
            recipe=recipe, state=row.state, stopped_early=row.stopped_early, phase=row.phase,
            job_id=row.job_id, metrics=row.metrics, parity=row.parity, environment=row.environment,
            error=error_from_json(row.error) if row.state == "failed" and row.error else None, created=row.created, started=row.started, finished=row.finished,
            cloned_from=row.cloned_from, openings=opened.on(recipe.split.test_name) + opened.elsewhere, openings_elsewhere=opened.elsewhere, drawn_id=drawn_id, test_opened=bool(row.test_opened), cancel=row.cancel, seconds=row.seconds,
            position=queue.position(self._scope.engine, self._scope.owner, row.job_id) if row.state == "queued" else None,
            resumable=row.state == "failed" and any((home() / row.folder / "work/checkpoints").glob("*")),
        )  # fmt: skip
