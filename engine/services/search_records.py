"""A search as it is read from its rows: what was tried, what came of it, and how its jobs stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from engine.errors import N_, BentuError, NotFound
from engine.jobs import queue
from engine.jobs.job import Job
from engine.recipe import Recipe, read_recipe
from engine.services.scope import Scope
from engine.services.search_plan import INSIGHT, Kind, Plan
from engine.storage.clock import now
from engine.storage.database import read
from engine.storage.tables import candidate, job
from engine.training.search import Trial


@dataclass(frozen=True)
class Candidate:
    """What was tried. `state`: running, done, pruned, failed, lost (its process died), skipped, over (breaks a limit).

    `low` and `high` bound the score on validation; `note` says why it was skipped, failed or cut short, and
    whose size and speed are its own too because it is built alike.
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

    @property
    def cut(self) -> bool:
        """Whether the search ended while it learnt: its score is that of what it had learnt by then."""
        return (self.note or {}).get("reason") == "cut"


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

    @property
    def done(self) -> list[Candidate]:
        """Those that were measured and break no limit, each once: see `measured`."""
        return measured(self.candidates)

    @property
    def goes(self) -> int:
        """How often it was begun: once, and once more for each time that it was told to go on."""
        return max((_go(one) for one in self.jobs), default=0)

    @property
    def used(self) -> float:
        """Minutes of the budget that were used so far."""
        if self.deadline is None:
            return self.plan.used
        ended = [one.finished for one in self._latest if one.finished]
        until = now() if self.active or not ended else max(ended)
        left = max((self.deadline - until).total_seconds() / 60, 0.0)
        return max(self.plan.minutes - left, self.plan.used)

    @property
    def problem(self) -> BentuError | None:
        """Why a worker failed when it last went, or None."""
        return next((one.problem for one in self._latest if one.problem), None)

    @property
    def _latest(self) -> list[Job]:
        return [one for one in self.jobs if _go(one) == self.goes]

    def candidate(self, number: int) -> Candidate:
        """One of them; raises `NotFound`."""
        for one in self.candidates:
            if one.number == number:
                return one
        raise NotFound(kind=N_("candidate"), id=str(number))


def _go(one: Job) -> int:
    return int(one.spec.get("go", 1))  # searches of earlier versions went once


def view(scope: Scope, row: Any) -> Search:
    """The search of a row with its jobs and candidates."""
    with read(scope.engine) as connection:
        going = connection.execute(select(job.c.id).where(job.c.group_id == row.id).order_by(job.c.id)).all()
    jobs = tuple(queue.get(scope.engine, scope.owner, one.id) for one in going)
    states = {one.state for one in jobs}
    state: Literal["queued", "running", "ended"] = (
        "running" if states & {"starting", "running", "lost"} else "queued" if "queued" in states else "ended"
    )
    tried = candidates(scope, row.id)
    if state == "ended":  # nobody works on it any more
        tried = [replace(c, state="lost") if c.state == "running" else c for c in tried]
    kept = scope.cached(INSIGHT, row.id)
    return Search(
        id=row.id, project_id=row.project_id, version_id=row.version_id, kind=row.kind, recipe=read_recipe(row.recipe),
        plan=Plan.model_validate(row.plan), state=state, jobs=jobs, created=row.created, deadline=row.deadline,
        candidates=tuple(tried), insight=_insight(kept) if kept else Insight(),
    )  # fmt: skip


def candidates(scope: Scope, search_id: str) -> list[Candidate]:
    """The candidates of a search in order."""
    with read(scope.engine) as connection:
        rows = connection.execute(
            select(candidate).where(candidate.c.search_id == search_id, candidate.c.owner == scope.owner)
            .order_by(candidate.c.number)
        ).all()  # fmt: skip
    return [candidate_of(row) for row in rows]


def measured(tried: Iterable[Candidate]) -> list[Candidate]:
    """The candidates with a score that count: not one that was cut short once the same was trained to its end."""
    done = [one for one in tried if one.state == "done"]
    whole = {_asked(one) for one in done if not one.cut}
    return [one for one in done if not one.cut or _asked(one) not in whole]


def interrupted(tried: Iterable[Candidate]) -> Candidate | None:
    """The first that was cut short and whose settings were not tried again since; None without one."""
    known = list(tried)
    since = {_asked(one) for one in known if not one.cut and one.state != "lost"}
    return next((one for one in known if one.cut and _asked(one) not in since), None)


def _asked(one: Candidate) -> tuple[str, str]:
    return one.family, json.dumps(one.params, sort_keys=True)


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
