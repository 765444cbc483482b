"""The circle of a project after its first demo: what is shared, what strangers said, what was made of it, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from engine.errors import N_
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import dataset_version, demo, feedback, job, model_version, promotion, run


@dataclass(frozen=True)
class Circle:
    """Counts of one project.

    Args:
        demos: that are not revoked.
        live: of these, that answer strangers now.
        waiting: feedback that nobody has looked at.
        accepted: accepted feedback that stands in no dataset version yet.
        untrained: the newest dataset version came from feedback and no run was made on it; 0 or 1.
        runs_since: finished runs made after the newest model of a demo, which none of them has.
    """

    demos: int
    live: int
    waiting: int
    accepted: int
    untrained: int
    runs_since: int


def circle_of(scope: Scope, project_id: str) -> Circle:
    """Where a project stands in the circle."""
    mine = (demo.c.project_id == project_id, demo.c.owner == scope.owner, demo.c.state != "revoked")
    said = (feedback.c.project_id == project_id, feedback.c.owner == scope.owner)
    answers = or_(demo.c.expires.is_(None), demo.c.expires > func.current_timestamp())
    shared = select(demo.c.id).where(*mine)
    latest = select(func.max(promotion.c.at)).where(promotion.c.demo_id.in_(shared)).scalar_subquery()
    with read(scope.engine) as connection:

        def count(table: Any, *conditions: Any) -> int:
            return int(connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)

        since = count(
            run.join(job, job.c.id == run.c.job_id), run.c.project_id == project_id, run.c.owner == scope.owner,
            run.c.deleted.is_(None), job.c.state == "succeeded", run.c.created > latest,
            run.c.id.not_in(select(model_version.c.run_id).where(model_version.c.demo_id.in_(shared))),
        )  # fmt: skip
        newest = connection.execute(
            select(dataset_version.c.id, dataset_version.c.parent_id)
            .where(dataset_version.c.project_id == project_id, dataset_version.c.owner == scope.owner)
            .order_by(dataset_version.c.created.desc(), dataset_version.c.id)
            .limit(1)
        ).one_or_none()
        child = newest.id if newest is not None and newest.parent_id is not None else None
        trained = child is not None and count(run, run.c.version_id == child, run.c.deleted.is_(None))
        return Circle(
            demos=count(demo, *mine), live=count(demo, *mine, demo.c.state == "on", answers),
            waiting=count(feedback, *said, feedback.c.state == "pending"),
            accepted=count(feedback, *said, feedback.c.state == "accepted", feedback.c.dataset_version_id.is_(None)),
            untrained=int(child is not None and not trained), runs_since=since,
        )  # fmt: skip


def step_state(found: Circle, shareable: bool) -> tuple[str, str, dict[str, Any]]:
    """State, sentence and parameters of the step "share" on the rail."""
    if found.waiting:
        return "active", N_("Feedback waiting: {n}"), {"n": found.waiting}
    if found.live:
        return "done", N_("Demos live: {n}"), {"n": found.live}
    if found.demos:
        return "todo", N_("No demo answers now"), {}
    return ("todo", N_("Not shared yet"), {}) if shareable else ("blocked", N_("Waits for a run"), {})


def next_step(found: Circle) -> tuple[str, str, dict[str, Any]]:
    """The page to go to next, once a model is shared, and the words on the button."""
    if found.waiting:
        return "inbox", N_("Look at the feedback ({n})"), {"n": found.waiting}
    if found.accepted:
        return "inbox", N_("Make a version of the corrections ({n})"), {"n": found.accepted}
    if found.untrained:
        return "inbox", N_("Train again on the new version"), {}
    if found.runs_since:
        return "share", N_("Compare the new run with the demo's model"), {}
    return "share", N_("Look at the demo"), {}
