"""Searches: the machine tries settings of a family, or one family after another, within a budget of minutes.

A search is a row, its candidates are rows, and its workers are jobs of one group; the work itself is in `searching.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select

from engine.errors import N_, JobError, NotFound
from engine.jobs import queue
from engine.jobs.job import GOING, Job
from engine.models.family import families
from engine.recipe import Recipe, read_recipe
from engine.services import datasets, general_texts, lexicons, search_plan, splits
from engine.services.recipes import resolve
from engine.services.scope import Scope
from engine.services.search_plan import INSIGHT, Kind, Plan, SearchDraft
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.tables import candidate, job, new_id, project, result, search
from engine.training.search import NothingToSearch, Trial, searchable, usual


class SearchActive(JobError):
    code = "SEARCH_ACTIVE"
    message = N_("The search is still going on.")
    remedy = N_("Stop it first.")


@dataclass(frozen=True)
class Candidate:
    """What was tried. `state`: running, done, pruned, failed, lost (its process died), skipped, over (breaks a limit).

    `low` and `high` bound the score on validation; `note` says why it was skipped, failed or is over a limit.
    """

    id: str
    number: int
    family: str
    params: Mapping[str, Any]
    state: str
    score: float | None
    low: float | None
    high: float | None
    curve: Mapping[int, float]
    seconds: float
    size: int | None
    latency: float | None
    probabilities: str | None
    note: Mapping[str, Any] | None
    started: datetime
    finished: datetime | None


@dataclass(frozen=True)
class Insight:
    """What came of a search so far.

    `best` has the highest score; `recommended` is the smallest that the best is not certainly better than. `behind` bounds,
    for each, by how much the best one is better on the same rows (paired interval). `front` are those that nothing beats in
    score, size and speed at once. `importances` are shares of the searched settings.
    """

    best: int | None = None
    recommended: int | None = None
    behind: Mapping[int, tuple[float, float]] | None = None
    front: tuple[int, ...] = ()
    importances: Mapping[str, float] | None = None


@dataclass(frozen=True)
class SearchHead:
    """A search in a list: what it was of, without what it tried."""

    id: str
    version_id: str
    kind: Kind
    family: str
    created: datetime


@dataclass(frozen=True)
class Search:
    """A search with its candidates in order. `state` is that of its jobs: queued, running, or ended."""

    id: str
    project_id: str
    version_id: str
    kind: Kind
    recipe: Recipe
    plan: Plan
    state: Literal["queued", "running", "ended"]
    jobs: tuple[Job, ...]
    created: datetime
    deadline: datetime | None
    candidates: tuple[Candidate, ...]
    insight: Insight

    @property
    def metric(self) -> str:
        """What candidates are chosen by, on validation."""
        return self.recipe.evaluation.metric

    @property
    def active(self) -> bool:
        """Whether a worker of it waits or runs."""
        return self.state != "ended"

    def candidate(self, number: int) -> Candidate:
        """One of them; raises `NotFound`."""
        for one in self.candidates:
            if one.number == number:
                return one
        raise NotFound(kind=N_("candidate"), id=str(number))


class Searches:
    """The searches of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def fields(self, family: str) -> tuple[list[str], list[str]]:
        """Names of the settings that can be searched, and of those that usually are."""
        params = families.get(family).Params
        return [spec.name for spec in searchable(params)], usual(params)

    def draft(self, project_id: str) -> SearchDraft:
        """The form of a project as it was left, in whichever tab."""
        return search_plan.draft(self._scope, project_id)

    def keep_draft(self, project_id: str, left: SearchDraft) -> None:
        """Keep the form of a project."""
        search_plan.keep_draft(self._scope, project_id, left)

    def start(
        self, project_id: str, recipe: Recipe, kind: Kind, plan: Plan, click: str = "", inline: bool = False
    ) -> Search:
        """Put a search in line. One that asks for the same as another that still goes on is that one: it would try the same.

        Args:
            project_id: where it belongs.
            recipe: the data, the cleaning and the division; for kind "settings" also the family, whose values come first.
            kind: "settings" of the recipe's family, or the "ladder" over families.
            plan: its budget.
            click: the same one makes no second search (a double click).
            inline: no worker takes it: the caller runs it.

        Raises:
            NothingToSearch: the family has no such settings.
            QueueFull, SplitOpened, LexiconMissing: as `Runs.submit`.
        """
        self._scope.row(project, project_id, "project")
        version = datasets.Datasets(self._scope).version(str(recipe.data))
        if version.project_id != project_id:
            raise NotFound(kind="dataset version", id=version.id)
        family, _ = resolve(recipe)
        if kind == "settings":
            names, usually = self.fields(family.name)
            plan = plan.model_copy(update={"fields": tuple(f for f in plan.fields or usually if f in names)})
            if not plan.fields:
                raise NothingToSearch(family=family.name)
        else:
            plan = plan.model_copy(update={"workers": 1, "fields": ()})
        splits.refuse_redraw(self._scope, version.id, recipe.split)
        lexicons.require(self._scope, project_id, recipe)
        general_texts.require(self._scope, recipe)
        key, search_id = click or new_id("key"), new_id("sea")
        asked = {"kind": kind, "recipe": recipe.model_dump(mode="json"), "plan": plan.model_dump(mode="json")}
        with write(self._scope.engine, durable=True) as connection:
            serialise(connection, f"searches:{project_id}")
            if earlier := self._same(connection, project_id, key, asked):
                return self.get(earlier)
            connection.execute(
                insert(search).values(
                    id=search_id, owner=self._scope.owner, project_id=project_id, version_id=version.id, created=now(),
                    idempotency=key, **asked,
                )
            )  # fmt: skip
            for number in range(plan.workers):
                queue.enqueue(
                    connection, self._scope.owner, "search", {"search": search_id, "worker": number}, "training",
                    project_id=project_id, idempotency=f"search:{key}:{number}", group_id=search_id,
                    executor="inline" if inline else "local",
                )  # fmt: skip
        return self.get(search_id)

    def _same(
        self, connection: Connection, project_id: str, key: str, asked: Mapping[str, Any]
    ) -> str | None:
        """The search of the same click, or one that goes on and asks for the same."""
        mine = search.c.owner == self._scope.owner
        if earlier := connection.scalar(select(search.c.id).where(mine, search.c.idempotency == key)):
            return str(earlier)
        going = select(job.c.group_id).where(
            job.c.owner == self._scope.owner, job.c.state.in_(GOING), job.c.cancel.is_(None)
        )
        rows = connection.execute(
            select(search).where(mine, search.c.project_id == project_id, search.c.id.in_(going)).order_by(search.c.created)
        ).all()  # fmt: skip
        return next((row.id for row in rows if _content(row._asdict()) == _content(asked)), None)

    def list(self, project_id: str, limit: int = 10) -> Sequence[SearchHead]:
        """The project's searches, newest first."""
        self._scope.row(project, project_id, "project")
        with read(self._scope.engine) as connection:
            rows = connection.execute(
                select(search.c.id, search.c.version_id, search.c.kind, search.c.recipe, search.c.created)
                .where(search.c.project_id == project_id, search.c.owner == self._scope.owner)
                .order_by(search.c.created.desc(), search.c.id)
                .limit(limit)
            ).all()
        return [SearchHead(r.id, r.version_id, r.kind, r.recipe["family"]["name"], r.created) for r in rows]

    def get(self, search_id: str) -> Search:
        """One search; raises `NotFound`."""
        return self._view(self._scope.row(search, search_id, "search"))

    def stop(self, search_id: str) -> None:
        """End it: candidates that run are kept as far as they came, no more are begun."""
        for one in self.get(search_id).jobs:
            if one.state in GOING:
                queue.cancel(self._scope.engine, self._scope.owner, one.id, "keep")

    def delete(self, search_id: str) -> None:
        """Delete it with its candidates; raises `SearchActive`."""
        if self.get(search_id).active:
            raise SearchActive()
        with write(self._scope.engine) as connection:
            mine = (result.c.owner == self._scope.owner, result.c.kind == INSIGHT, result.c.key == search_id)
            connection.execute(result.delete().where(*mine))
            connection.execute(
                search.delete().where(search.c.id == search_id, search.c.owner == self._scope.owner)
            )

    def recipe_of(self, search_id: str, number: int) -> Recipe:
        """The recipe of one candidate, to be opened in the form or trained as a run."""
        found = self.get(search_id)
        chosen = found.candidate(number)
        family = families.get(chosen.family)
        part = found.recipe.family.model_copy(
            update={"name": family.name, "version": family.version, "params": dict(chosen.params)}
        )
        return found.recipe.model_copy(update={"family": part, "dial": None})

    def _view(self, row: Any) -> Search:
        with read(self._scope.engine) as connection:
            going = connection.execute(
                select(job.c.id).where(job.c.group_id == row.id).order_by(job.c.id)
            ).all()
        jobs = tuple(queue.get(self._scope.engine, self._scope.owner, one.id) for one in going)
        states = {one.state for one in jobs}
        state: Literal["queued", "running", "ended"] = (
            "running"
            if states & {"starting", "running", "lost"}
            else "queued"
            if "queued" in states
            else "ended"
        )
        tried = candidates(self._scope, row.id)
        if state == "ended":  # nobody works on it any more
            tried = [replace(c, state="lost") if c.state == "running" else c for c in tried]
        kept = self._scope.cached(INSIGHT, row.id)
        return Search(
            id=row.id, project_id=row.project_id, version_id=row.version_id, kind=row.kind, recipe=read_recipe(row.recipe),
            plan=Plan.model_validate(row.plan), state=state, jobs=jobs, created=row.created, deadline=row.deadline,
            candidates=tuple(tried), insight=_insight(kept) if kept else Insight(),
        )  # fmt: skip


def _content(asked: Mapping[str, Any]) -> tuple[Any, ...]:
    """What decides over what a search does: families are compared whatever the form's own is."""
    recipe = dict(asked["recipe"])
    if asked["kind"] == "ladder":
        recipe.pop("family")
    return asked["kind"], recipe, asked["plan"]


def candidates(scope: Scope, search_id: str) -> list[Candidate]:
    """The candidates of a search in order."""
    with read(scope.engine) as connection:
        rows = connection.execute(
            select(candidate).where(candidate.c.search_id == search_id, candidate.c.owner == scope.owner)
            .order_by(candidate.c.number)
        ).all()  # fmt: skip
    return [candidate_of(row) for row in rows]


def candidate_of(row: Any) -> Candidate:
    """The candidate of a row."""
    return Candidate(
        id=row.id, number=row.number, family=row.family, params=row.params, state=row.state, score=row.score, low=row.low, high=row.high,
        curve={int(epoch): value for epoch, value in row.curve.items()}, seconds=row.seconds, size=row.size,
        latency=row.latency, probabilities=row.probabilities, note=row.note, started=row.started, finished=row.finished,
    )  # fmt: skip


def trial_of(one: Candidate) -> Trial:
    """A candidate as the search sees it; one over a limit counts as worthless."""
    states = {"done": "done", "over": "done", "pruned": "pruned", "running": "running", "lost": "lost"}
    state: Any = states.get(one.state, "failed")
    found = Trial(
        one.number, one.family, one.params, state, one.score, one.curve, one.seconds, one.size, one.latency
    )
    return replace(found, score=0.0) if one.state == "over" else found


def _insight(kept: Mapping[str, Any]) -> Insight:
    return Insight(
        best=kept["best"], recommended=kept["recommended"], front=tuple(kept["front"]), importances=kept["importances"],
        behind={int(number): (low, high) for number, (low, high) in kept["behind"].items()},
    )  # fmt: skip


def threads(plan: Plan) -> int:
    """Processor threads of each worker."""
    return max(1, ((os.cpu_count() or 2) - (0 if plan.workers > 1 else 1)) // plan.workers)
