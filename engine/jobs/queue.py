"""The queue as its users see it: put a job in, look at it, stop it, resume it.

The job table is the queue and the only truth. Every change of a state is one UPDATE that names the state it
expects; zero rows changed means that someone else was first. What a worker does with a job is in `lease`.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select, update

from engine.errors import NotFound
from engine.jobs.errors import NotResumable, QueueFull
from engine.jobs.job import ACTIVE, LIMITS, Job, Lane, Limit, State, Stop, job_of
from engine.storage.clock import now
from engine.storage.database import insert_new, read, serialise, write
from engine.storage.home import require_space
from engine.storage.tables import job, new_id

ATTEMPTS = 3


def submit(engine: Engine, owner: str, kind: str, spec: Mapping[str, Any], lane: Lane, **options: Any) -> Job:
    """Put a job into the queue in a transaction of its own; the arguments are those of `enqueue`."""
    with write(engine) as connection:
        return enqueue(connection, owner, kind, spec, lane, **options)


def enqueue(
    connection: Connection,
    owner: str,
    kind: str,
    spec: Mapping[str, Any],
    lane: Lane,
    *,
    project_id: str | None = None,
    idempotency: str | None = None,
    priority: int = 0,
    max_attempts: int = ATTEMPTS,
    executor: str = "local",
    group_id: str | None = None,
    limits: Mapping[str, Limit] = LIMITS,
) -> Job:
    """Put a job into the queue, in the transaction that writes what belongs to it.

    Args:
        connection: a write transaction.
        owner: whose job it is.
        kind: name of the work function.
        spec: what the work function is given; JSON-serialisable.
        lane: `training`, or `short` for what must not wait behind one.
        project_id: the job is deleted with this project.
        idempotency: a second job of the owner with the same key is the first one (a double click).
        priority: higher runs first.
        max_attempts: how often its process may die before it is given up.
        executor: `local`, or `inline` for a job that the calling process runs itself.
        group_id: jobs of one group count as one against the limits (the workers of a search).
        limits: per lane, what one owner may have waiting.

    Raises:
        QueueFull: too many are waiting.
        LowSpace: the disk is nearly full.
    """
    serialise(connection, "queue")
    if idempotency is not None:
        same = select(job).where(job.c.owner == owner, job.c.idempotency == idempotency)
        known = connection.execute(same).one_or_none()
        if known is not None:
            return job_of(known)
    require_space()
    _require_room(connection, owner, lane, group_id, limits)
    job_id, moment = new_id("job"), now()
    values = {
        "id": job_id, "owner": owner, "project_id": project_id, "kind": kind, "lane": lane, "group_id": group_id, "spec": dict(spec),
        "priority": priority, "state": "queued", "attempt": 0, "max_attempts": max_attempts, "executor": executor,
        "folder": f"jobs/{job_id}", "idempotency": idempotency, "seconds": 0.0, "created": moment, "queued_at": moment,
    }  # fmt: skip
    insert_new(connection, job, values)
    return job_of(connection.execute(select(job).where(job.c.id == job_id)).one())


def _require_room(
    connection: Connection, owner: str, lane: str, group_id: str | None, limits: Mapping[str, Limit]
) -> None:
    mine = (job.c.owner == owner, job.c.lane == lane, job.c.state == "queued")
    if group_id is not None and connection.scalar(
        select(job.c.id).where(*mine, job.c.group_id == group_id).limit(1)
    ):
        return
    waiting = select(func.count(func.distinct(func.coalesce(job.c.group_id, job.c.id)))).where(*mine)
    count, limit = connection.scalar(waiting) or 0, limits[lane].waiting
    if count >= limit:
        raise QueueFull(waiting=count, limit=limit)


def get(engine: Engine, owner: str, job_id: str) -> Job:
    """The owner's job of this id; raises `NotFound`."""
    with read(engine) as connection:
        row = connection.execute(select(job).where(job.c.id == job_id, job.c.owner == owner)).one_or_none()
    if row is None:
        raise NotFound(kind="job", id=job_id)
    return job_of(row)


def list_jobs(
    engine: Engine,
    owner: str,
    *,
    project_id: str | None = None,
    states: Collection[State] = (),
    kind: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Job]:
    """The owner's jobs, newest first, a page at a time."""
    query = select(job).where(job.c.owner == owner)
    if project_id is not None:
        query = query.where(job.c.project_id == project_id)
    if states:
        query = query.where(job.c.state.in_(states))
    if kind is not None:
        query = query.where(job.c.kind == kind)
    query = query.order_by(job.c.created.desc(), job.c.id).limit(limit).offset(offset)
    with read(engine) as connection:
        return [job_of(row) for row in connection.execute(query)]


def position(engine: Engine, owner: str, job_id: str) -> int | None:
    """How many waiting jobs of the lane come first, this one included; None if it is not waiting.

    Owners take turns, so with several owners this is the most it can be.
    """
    mine = get(engine, owner, job_id)
    if mine.state != "queued":
        return None
    query = select(job.c.id, job.c.owner, job.c.priority).where(
        job.c.state == "queued", job.c.lane == mine.lane
    )
    with read(engine) as connection:
        rows = connection.execute(query.order_by(job.c.priority.desc(), job.c.queued_at, job.c.id)).all()
    before = len([row for row in rows if row.priority > mine.priority])
    peers = [row for row in rows if row.priority == mine.priority]
    own = [row.id for row in peers if row.owner == owner]
    if job_id not in own:
        return None  # it started between the two looks
    rank = own.index(job_id) + 1
    others = {row.owner for row in peers} - {owner}
    turns = (min(rank, [row.owner for row in peers].count(other)) for other in others)
    return before + rank + sum(turns)


def cancel(engine: Engine, owner: str, job_id: str, how: Stop = "discard") -> Job:
    """Stop a job: one that waits ends at once, one that runs is asked to.

    Args:
        engine: the database.
        owner: whose job it is.
        job_id: the job.
        how: `keep` ends a training with the best so far; `discard` gives it up, and may follow a `keep`.

    Returns:
        The job as it is now; one that had ended already is unchanged.
    """
    found = get(engine, owner, job_id)
    waits = (job.c.id == job_id, job.c.state.in_(("queued", "lost")))
    ended = {"state": "cancelled", "cancel": how, "cancel_at": now(), "finished": now(), "lease_token": None}
    runs = (
        job.c.id == job_id,
        job.c.state.in_(ACTIVE),
        or_(job.c.cancel.is_(None), job.c.cancel != "discard"),
    )
    with write(engine) as connection:
        at_once = connection.execute(update(job).where(*waits).values(ended)).rowcount
        if not at_once:
            connection.execute(update(job).where(*runs).values(cancel=how, cancel_at=now()))
    if at_once:
        shutil.rmtree(found.work, ignore_errors=True)
    return get(engine, owner, job_id)


def resume(engine: Engine, owner: str, job_id: str, limits: Mapping[str, Limit] = LIMITS) -> Job:
    """Queue a failed job again; its work finds its checkpoints and goes on from there.

    Raises:
        NotResumable: it has not failed, or its process has not ended yet.
        QueueFull: too many are waiting.
        LowSpace: the disk is nearly full.
    """
    found = get(engine, owner, job_id)
    require_space()
    values = {
        "state": "queued", "cancel": None, "cancel_at": None, "error": None, "finished": None, "executor": "local",
        "queued_at": now(), "max_attempts": job.c.attempt + ATTEMPTS,
    }  # fmt: skip
    with write(engine) as connection:
        serialise(connection, "queue")
        _require_room(connection, owner, found.lane, found.group_id, limits)
        failed = (job.c.id == job_id, job.c.state == "failed", job.c.pid.is_(None))
        if not connection.execute(update(job).where(*failed).values(values)).rowcount:
            raise NotResumable(state=found.state)
    return get(engine, owner, job_id)
