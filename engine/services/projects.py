"""Projects: the rooms in which data, recipes and runs live, and where each stands on the six steps."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, union, update

from engine.errors import N_, NotFound, RecipeError
from engine.evaluation.result import Score
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.job import GOING
from engine.samples import SAMPLE_ROLES, SAMPLES, make_sample
from engine.services import datasets, importing, lexicons, publishing, search_plan, stored_versions
from engine.services.circle import Circle, circle_of, next_step, step_state
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.tables import (
    dataset,
    dataset_version,
    demo,
    evaluation,
    feedback,
    job,
    new_id,
    project,
    run,
    setting,
    split,
    test_opening,
)

STEPS = ("data", "prepare", "model", "train", "evaluate", "share")
CANCEL_SECONDS = 5.0
"""How long a deletion waits for cancelled jobs to end; usually it is less than one."""
SAMPLE_NAMES = {
    "reviews_zh": "示例：外卖、网店与客服评论（合成）",
    "reviews_en": "Sample: takeaway, shop and service reviews (synthetic)",
}
"""Names that the sample projects start with; one may rename them."""


class NameEmpty(RecipeError):
    code = "NAME_EMPTY"
    message = N_("A name is needed; this one is empty.")
    remedy = N_("Type at least one visible character.")


class ProjectBusy(RecipeError):
    code = "PROJECT_BUSY"
    message = N_("The project “{name}” has {jobs} {jobs:job that waits or runs|jobs that wait or run}.")
    remedy = N_("Cancel them or wait until they have ended, then delete the project.")


@dataclass(frozen=True)
class Project:
    """A project with what stands in it; `best` is the best validation score of its runs."""

    id: str
    name: str
    sample: bool
    created: datetime
    updated: datetime
    datasets: int
    runs: int
    best: Score | None
    best_metric: str | None


@dataclass(frozen=True)
class Deletion:
    """What deleting a project takes with it; only that its test parts were opened, `openings` times, stays remembered.

    Of the `active_jobs` those that train stand in the way; the others (a profile, a deep check) are cancelled.
    """

    datasets: int
    versions: int
    runs: int
    openings: int
    bytes: int
    active_jobs: int
    trainings: int = 0
    demos: int = 0
    feedback: int = 0


@dataclass(frozen=True)
class StepState:
    """One step of the rail: its state and a sentence about it (a message id with placeholders)."""

    name: str
    state: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Projects:
    """The projects of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list(self) -> Sequence[Project]:
        """All projects, the one last worked on first."""
        return self._projects()

    def first(self, sample: str) -> Project | None:
        """What a tab begins with: the project last worked on; where there are only fresh samples, the one called `sample`."""
        found = self.list()
        fresh = all(p.sample and not p.runs for p in found)
        named = (p for p in found if fresh and p.name == SAMPLE_NAMES.get(sample))
        return next(named, None) or next(iter(found), None)

    def get(self, project_id: str) -> Project:
        """One project; raises `NotFound`."""
        found = self._projects(project.c.id == project_id)
        if not found:
            raise NotFound(kind="project", id=project_id)
        return found[0]

    def create(self, name: str) -> Project:
        """A new, empty project. Its name may hold anything that a person types."""
        with write(self._scope.engine, durable=True) as connection:
            project_id = self._insert(connection, name, sample=False)
        return self.get(project_id)

    def rename(self, project_id: str, name: str) -> Project:
        """Give a project another name."""
        self._scope.row(project, project_id, "project")
        with write(self._scope.engine) as connection:
            connection.execute(
                update(project).where(project.c.id == project_id).values(name=_name(name), updated=now())
            )
        return self.get(project_id)

    def deletion(self, project_id: str) -> Deletion:
        """What deleting the project would remove."""
        self._scope.row(project, project_id, "project")
        with read(self._scope.engine) as connection:

            def count(table: Any, *conditions: Any) -> int:
                return int(
                    connection.execute(
                        select(func.count()).select_from(table).where(*conditions)
                    ).scalar_one()
                )

            versions = select(dataset_version.c.id).where(dataset_version.c.project_id == project_id)
            runs = select(run.c.id).where(run.c.project_id == project_id, run.c.deleted.is_(None))
            digests = connection.scalars(
                union(
                    select(dataset_version.c.artifact).where(dataset_version.c.project_id == project_id),
                    select(run.c.bundle).where(run.c.project_id == project_id, run.c.bundle.is_not(None)),
                    select(evaluation.c.predictions).where(evaluation.c.run_id.in_(runs)),
                )
            ).all()
            opened = count(
                test_opening,
                test_opening.c.split_id.in_(select(split.c.id).where(split.c.version_id.in_(versions))),
            )
            return Deletion(
                datasets=count(dataset, dataset.c.project_id == project_id),
                versions=count(dataset_version, dataset_version.c.project_id == project_id),
                runs=count(run, run.c.project_id == project_id, run.c.deleted.is_(None)), openings=opened,
                bytes=artifacts.size(digests),
                active_jobs=count(job, job.c.project_id == project_id, job.c.state.in_(GOING)),
                trainings=count(
                    job, job.c.project_id == project_id, job.c.state.in_(GOING), job.c.lane == "training"
                ),
                demos=count(demo, demo.c.project_id == project_id),
                feedback=count(feedback, feedback.c.project_id == project_id),
            )  # fmt: skip

    def delete(self, project_id: str) -> None:
        """Delete a project with all that `deletion` names; its short jobs are cancelled, one that trains refuses it."""
        row = self._scope.row(project, project_id, "project")
        busy = self.deletion(project_id).trainings or self._cancel_short(project_id)
        if busy:
            raise ProjectBusy(name=row.name, jobs=busy)
        with write(self._scope.engine, durable=True) as connection:
            demos = publishing.remove_rows(connection, self._scope.owner, demo.c.project_id == project_id)
            runs = select(run.c.id).where(run.c.project_id == project_id)
            versions = select(dataset_version.c.id).where(dataset_version.c.project_id == project_id)
            datasets.forget_results(connection, self._scope.owner, connection.scalars(versions).all())
            lexicons.forget(connection, self._scope.owner, project_id)
            search_plan.forget(connection, self._scope.owner, project_id)
            connection.execute(test_opening.delete().where(test_opening.c.run_id.in_(runs)))
            connection.execute(run.delete().where(run.c.project_id == project_id))
            connection.execute(job.delete().where(job.c.project_id == project_id))
            connection.execute(
                project.delete().where(project.c.id == project_id, project.c.owner == self._scope.owner)
            )
        publishing.forget(self._scope.engine, demos)

    def _cancel_short(self, project_id: str) -> int:
        """Cancel what is going on in a project and wait until it has ended; how much has not, after `CANCEL_SECONDS`."""
        engine, owner = self._scope.engine, self._scope.owner

        def going() -> Sequence[Any]:
            return queue.list_jobs(engine, owner, project_id=project_id, states=GOING)

        for one in going():
            queue.cancel(engine, owner, one.id, "discard")
        deadline = time.monotonic() + CANCEL_SECONDS
        while (left := len(going())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def add_sample(self, name: str) -> Project:
        """A project with an embedded, synthetic sample; its import runs as a job."""
        if name not in SAMPLES:
            raise NotFound(kind="sample", id=name)
        with write(self._scope.engine, durable=True) as connection:
            project_id = self._add_sample(connection, name)
        return self.get(project_id)

    def add_first_samples(self) -> None:
        """Give a new home its sample projects, once; they do not come back after being deleted."""
        with write(self._scope.engine) as connection:
            mine = (setting.c.owner == self._scope.owner, setting.c.key == "samples_added")
            if connection.execute(select(setting.c.key).where(*mine)).first():
                return
            connection.execute(
                insert(setting).values(owner=self._scope.owner, key="samples_added", value=True)
            )
            for name in reversed(SAMPLES):
                self._add_sample(connection, name)

    def rail(self, project_id: str) -> Sequence[StepState]:
        """The six steps with the state of each: todo, active, done or blocked."""
        found = self.get(project_id)
        version_id = stored_versions.latest(self._scope, project_id)
        importing = any(
            j.kind in ("import", "sample")
            for j in queue.list_jobs(
                self._scope.engine, self._scope.owner, project_id=project_id, states=GOING
            )
        )
        with read(self._scope.engine) as connection:
            states = Counter(connection.scalars(
                select(job.c.state).join(run, run.c.job_id == job.c.id).where(run.c.project_id == project_id, run.c.deleted.is_(None))
            ))  # fmt: skip
            opened = connection.execute(
                select(func.count()).select_from(test_opening).join(run, run.c.id == test_opening.c.run_id)
                .where(run.c.project_id == project_id)
            ).scalar_one()  # fmt: skip
            divided = (
                version_id
                and connection.execute(
                    select(split.c.id).where(split.c.version_id == version_id).limit(1)
                ).first()
            )
            drafted = connection.execute(
                select(project.c.draft).where(project.c.id == project_id)
            ).scalar_one()
        going = sum(states[state] for state in GOING)
        succeeded = states["succeeded"]
        ready = version_id is not None
        waits = N_("Waits for data")
        return [
            StepState("data", "active", N_("Importing")) if importing and not ready
            else StepState("data", "done", N_("Datasets: {n}"), {"n": found.datasets}) if ready
            else StepState("data", "todo", N_("No data yet")),
            StepState("prepare", "blocked", waits) if not ready
            else StepState("prepare", "done", N_("Divided")) if divided
            else StepState("prepare", "todo", N_("Not divided yet")),
            StepState("model", "blocked", waits) if not ready
            else StepState("model", "done", N_("Chosen")) if drafted or states
            else StepState("model", "todo", N_("Defaults chosen")),
            StepState("train", "blocked", waits) if not ready
            else StepState("train", "active", N_("Running or waiting: {n}"), {"n": going}) if going
            else StepState("train", "done", N_("Finished runs: {n}"), {"n": succeeded}) if succeeded
            else StepState("train", "todo", N_("No run yet")),
            StepState("evaluate", "blocked", N_("Waits for a run")) if not succeeded
            else StepState("evaluate", "done", N_("Openings of the test: {n}"), {"n": opened}) if opened
            else StepState("evaluate", "todo", N_("Test still sealed")),
            StepState("share", *step_state(self.circle(project_id), succeeded > 0)),
        ]  # fmt: skip

    def next_action(self, project_id: str) -> tuple[str, str, dict[str, Any]]:
        """The page to go to next and the words on the button."""
        rail = {s.name: s.state for s in self.rail(project_id)}
        if rail["data"] != "done":
            return "data", N_("Add data"), {}
        if rail["train"] == "active":
            return "train", N_("Watch the training"), {}
        if rail["prepare"] == "todo":
            return "prepare", N_("Clean and divide the data"), {}
        if rail["train"] == "todo":
            return "model", N_("Choose a model"), {}
        found = self.circle(project_id)
        if found.demos:
            return next_step(found)
        if rail["evaluate"] == "todo":
            return "evaluate", N_("Look at the results"), {}
        return "share", N_("Share the model"), {}

    def circle(self, project_id: str) -> Circle:
        """What is shared, what strangers said of it, and what was made of that."""
        self._scope.row(project, project_id, "project")
        return circle_of(self._scope, project_id)

    def _add_sample(self, connection: Connection, name: str) -> str:
        project_id = self._insert(connection, SAMPLE_NAMES[name], sample=True)
        queue.enqueue(
            connection, self._scope.owner, "sample", {"sample": name}, "short", project_id=project_id
        )
        return project_id

    def _insert(self, connection: Connection, name: str, sample: bool) -> str:
        project_id = new_id("prj")
        connection.execute(
            insert(project).values(
                id=project_id, owner=self._scope.owner, name=_name(name), sample=sample, created=now(),
                updated=now(), draft=None, draft_revision=0,
            )
        )  # fmt: skip
        return project_id

    def _projects(self, *conditions: Any) -> Sequence[Project]:
        def counted(table: Any, *where: Any) -> Any:
            return (
                select(func.count())
                .select_from(table)
                .where(table.c.project_id == project.c.id, *where)
                .scalar_subquery()
            )

        with read(self._scope.engine) as connection:
            rows = connection.execute(
                select(
                    project,
                    counted(dataset).label("datasets"),
                    counted(run, run.c.deleted.is_(None)).label("runs"),
                )
                .where(project.c.owner == self._scope.owner, *conditions)
                .order_by(project.c.updated.desc(), project.c.id)
            ).all()
            # by the database: ten thousand runs carry 20 MB of figures
            value, low, high, n = (
                run.c.metrics[("macro_f1", part)].as_float() for part in ("value", "low", "high", "n")
            )
            mine = (run.c.owner == self._scope.owner, run.c.deleted.is_(None), value.is_not(None))
            listed = run.c.project_id.in_([r.id for r in rows])
            place = func.row_number().over(partition_by=run.c.project_id, order_by=(value.desc(), run.c.id))
            columns = (
                value.label("value"),
                low.label("low"),
                high.label("high"),
                n.label("n"),
                place.label("place"),
            )
            ranked = select(run.c.project_id, *columns).where(*mine, listed).subquery()
            scored = connection.execute(select(ranked).where(ranked.c.place == 1)).all()
        best = {s.project_id: Score(value=s.value, low=s.low, high=s.high, n=int(s.n)) for s in scored}
        return [
            Project(r.id, r.name, r.sample, r.created, r.updated, r.datasets, r.runs, best.get(r.id), "macro_f1" if r.id in best else None)
            for r in rows
        ]  # fmt: skip


def add_sample_data(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "sample": write the sample and import it like any table."""
    name = spec["sample"]
    context.report("phase", name="writing")
    frame = make_sample(name)
    source = {"file": f"{name}.csv", "kind": "csv", "synthetic": True}
    return importing.store_table(context, scope, project_id, name, frame, SAMPLE_ROLES, source)


def _name(name: str) -> str:
    cleaned = name.strip()[:200]
    if not cleaned:
        raise NameEmpty()
    return cleaned
