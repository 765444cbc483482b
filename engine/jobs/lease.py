"""The queue as a worker sees it: claim a job, hold it, end it.

Whoever holds the lease token may write; every change names the token (or the state and attempt) it expects and
changes nothing if another was first. A process that finds its token gone must stop without writing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, not_, or_, select, update

from engine.errors import BentuError
from engine.jobs import events
from engine.jobs.errors import JobHung, JobPoisoned, LeaseLost, OutOfMemory, StopTimedOut
from engine.jobs.identity import boot_id
from engine.jobs.job import ACTIVE, ALONE, LIMITS, TERMINAL, Job, Limit, State, Stop, job_of
from engine.jobs.timing import Timing
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.tables import job, job_event

Reason = Literal["exit", "signal", "memory", "hung", "lapsed", "reboot", "gone", "spawn"]


@dataclass(frozen=True)
class Loss:
    """How a process was lost: the reason, a word of detail ("SIGKILL"), and the end of its log."""

    reason: Reason
    detail: str
    stack: str = ""


def _held(seconds: float) -> dict[str, Any]:
    return {"lease_token": secrets.token_hex(16), "lease_until": now() + timedelta(seconds=seconds)}


_FREE = {"lease_token": None, "lease_until": None}


def _joins(waiting: Any) -> Any:
    """Whether another job of its group is worked on, so that it takes no slot of its own."""
    sibling = job.alias("sibling")
    begun = select(sibling.c.id).where(sibling.c.group_id == waiting.c.group_id, sibling.c.state.in_(ACTIVE))
    return begun.correlate(waiting).exists()


def _may_begin(waiting: Any) -> Any:
    """Whether no other job of its kind is in the way, see `ALONE`."""
    same = job.alias("same")
    begun = select(same.c.id).where(same.c.kind == waiting.c.kind, same.c.state.in_(ACTIVE))
    return or_(waiting.c.kind.not_in(ALONE), not_(begun.correlate(waiting).exists()))


def claim(
    engine: Engine,
    lane: str,
    timing: Timing,
    *,
    job_id: str | None = None,
    joining: bool = False,
    limits: Mapping[str, Limit] = LIMITS,
) -> Job | None:
    """Take the next waiting job of the lane, or None; it is `starting` and its attempt counted.

    Order: priority, then the owner with the fewest running, then the owner served longest ago, then age. An
    owner at the limit is passed over.

    Args:
        engine: the database.
        lane: which queue.
        timing: how long the lease is.
        job_id: take this inline job and no other.
        joining: take only one of whose group another is worked on.
        limits: per lane, what one owner may have running.
    """
    waiting, others = job.alias("waiting"), job.alias("others")
    groups = func.count(func.distinct(func.coalesce(others.c.group_id, others.c.id)))
    active = select(others.c.owner, groups.label("running"))
    active = active.where(others.c.state.in_(ACTIVE), others.c.lane == lane)
    loads = active.group_by(others.c.owner).subquery()
    running = func.coalesce(loads.c.running, 0)
    of_owner = and_(others.c.owner == waiting.c.owner, others.c.lane == lane)
    served = select(func.max(others.c.started)).where(of_owner).correlate(waiting).scalar_subquery()
    chosen = select(waiting.c.id).outerjoin(loads, loads.c.owner == waiting.c.owner)
    chosen = chosen.where(waiting.c.state == "queued", waiting.c.lane == lane)
    if job_id is None:
        joins = _joins(waiting)
        free = joins if joining else or_(running < limits[lane].running, joins)
        chosen = chosen.where(waiting.c.executor == "local", free, _may_begin(waiting))
        order = (
            waiting.c.priority.desc(),
            running,
            served.asc().nulls_first(),
            waiting.c.queued_at,
            waiting.c.id,
        )
        chosen = chosen.order_by(*order).limit(1)
    else:
        chosen = chosen.where(waiting.c.id == job_id, waiting.c.executor == "inline")
    taken = (
        update(job)
        .where(job.c.id == chosen.scalar_subquery(), job.c.state == "queued")
        .values(
            state="starting", attempt=job.c.attempt + 1, started=func.coalesce(job.c.started, now()), phase=None,
            pid=None, pid_started=None, boot_id=boot_id(), error=None, **_held(timing.lease),
        )
        .returning(*job.c)
    )  # fmt: skip
    with write(engine) as connection:
        serialise(connection, "queue")
        row = connection.execute(taken).one_or_none()
    return None if row is None else job_of(row)


def take_over(
    engine: Engine, job_id: str, attempt: int, pid: int, pid_started: float | None, timing: Timing
) -> Job:
    """Make a claimed job the calling process's own, under a new token; raises `LeaseLost` if it is not to be had."""
    mine = (job.c.id == job_id, job.c.attempt == attempt, job.c.state == "starting")
    values = {
        "state": "running",
        "pid": pid,
        "pid_started": pid_started,
        "boot_id": boot_id(),
        **_held(timing.lease),
    }
    with write(engine) as connection:
        row = connection.execute(update(job).where(*mine).values(values).returning(*job.c)).one_or_none()
    if row is None:
        raise LeaseLost(job_id=job_id)
    return job_of(row)


def note_process(engine: Engine, job_id: str, attempt: int, pid: int, pid_started: float | None) -> None:
    """Remember which process was started for a claimed job, so that another supervisor can find it."""
    mine = (job.c.id == job_id, job.c.attempt == attempt, job.c.state == "starting")
    with write(engine) as connection:
        connection.execute(update(job).where(*mine).values(pid=pid, pid_started=pid_started))


def _mine(job_id: str, token: str | None) -> ColumnElement[bool]:
    return and_(job.c.id == job_id, job.c.lease_token == token, job.c.state == "running")


def renew(
    connection: Connection, job_id: str, token: str, timing: Timing, seconds: float, phase: str | None
) -> Stop | None:
    """Hold the lease for another while; what the user wants stopped, or None. Raises `LeaseLost`."""
    values = {
        "lease_until": now() + timedelta(seconds=timing.lease), "seconds": seconds,
        "phase": func.coalesce(phase, job.c.phase),
    }  # fmt: skip
    row = connection.execute(
        update(job).where(_mine(job_id, token)).values(values).returning(job.c.cancel)
    ).one_or_none()
    if row is None:
        raise LeaseLost(job_id=job_id)
    stop: Stop | None = row.cancel
    return stop


def wanted(engine: Engine, job_id: str, token: str) -> Stop | None:
    """What the user wants stopped, or None; raises `LeaseLost`. Reads only."""
    with read(engine) as connection:
        row = connection.execute(select(job.c.cancel).where(_mine(job_id, token))).one_or_none()
    if row is None:
        raise LeaseLost(job_id=job_id)
    stop: Stop | None = row.cancel
    return stop


def finish(
    connection: Connection,
    job_id: str,
    token: str,
    state: State,
    *,
    seconds: float,
    result: dict[str, Any] | None = None,
    error: BentuError | None = None,
) -> None:
    """End a job that the caller holds, in the transaction of its last events and after a `renew` in it.

    Raises:
        LeaseLost: the job is no longer the caller's.
    """
    values = {
        "state": state, "result": result if state == "succeeded" else None, "finished": now(), "seconds": seconds,
        "error": error.to_json() if error is not None and state == "failed" else None,
        "pid": None, "pid_started": None, **_FREE,
    }  # fmt: skip
    if not connection.execute(update(job).where(_mine(job_id, token)).values(values)).rowcount:
        raise LeaseLost(job_id=job_id)


def overview(engine: Engine) -> tuple[list[Job], dict[str, int], dict[str, int]]:
    """What a supervisor looks at: jobs that are worked on or lost, how many could begin in each lane, and how many of them join a group."""
    tended = select(job).where(job.c.state.in_((*ACTIVE, "lost")))
    waits = job.alias("waiting")
    waiting = select(waits.c.lane, func.count().label("jobs")).where(
        waits.c.state == "queued", _may_begin(waits)
    )
    waiting = waiting.group_by(waits.c.lane)
    with read(engine) as connection:
        rows = [job_of(row) for row in connection.execute(tended)]
        counts = {row.lane: row.jobs for row in connection.execute(waiting)}
        groups = any(one.group_id for one in rows) and counts
        joining = connection.execute(waiting.where(_joins(waits))) if groups else ()
        return rows, counts, {row.lane: row.jobs for row in joining}


def lose(engine: Engine, seen: Job, loss: Loss, *, within: float | None = None) -> bool:
    """Mark a job as lost if it is still as it was seen; its process can write nothing from here on.

    Args:
        engine: the database.
        seen: the job as it was read.
        loss: what happened.
        within: change nothing if the database kept us waiting longer than so many seconds: a lease could not be
            renewed meanwhile either.

    Returns:
        Whether the job is lost now.
    """
    asked = time.monotonic()
    same = and_(job.c.id == seen.id, job.c.lease_token == seen.lease_token, job.c.state.in_(ACTIVE))
    if loss.reason == "lapsed":
        same = and_(same, job.c.lease_until == seen.lease_until)
    with write(engine) as connection:
        if within is not None and time.monotonic() - asked > within:
            return False
        values = {"state": "lost", "error": loss.__dict__, **_FREE}
        if not connection.execute(update(job).where(same).values(values)).rowcount:
            return False
        payload = {"reason": loss.reason, "detail": loss.detail}
        events.add(connection, seen.id, seen.attempt, "lost", payload)
    return True


def settle(engine: Engine, seen: Job, timing: Timing) -> None:
    """Queue a lost job again, or end it: discarded by its user, or out of attempts. Its process must be gone."""
    lost = and_(job.c.id == seen.id, job.c.state == "lost", job.c.attempt == seen.attempt)
    with write(engine) as connection:
        error = _given_up(connection, seen, timing)
        values: dict[str, Any] = {
            "pid": None,
            "pid_started": None,
            "error": error.to_json() if error else None,
        }
        if seen.cancel == "discard":
            values |= {"state": "cancelled", "finished": now(), "error": None}
        elif error is not None:
            values |= {"state": "failed", "finished": now()}
        else:
            values |= {"state": "queued", "executor": "local"}
        connection.execute(update(job).where(lost).values(values))


def _given_up(connection: Connection, seen: Job, timing: Timing) -> BentuError | None:
    loss = Loss(**(seen.error or {"reason": "gone", "detail": ""}))
    if loss.reason == "hung":
        mine = (job_event.c.job_id == seen.id, job_event.c.kind == "lost")
        payloads = connection.scalars(select(job_event.c.payload).where(*mine))
        if sum(payload.get("reason") == "hung" for payload in payloads) > 1:
            return JobHung(minutes=round(timing.silence / 60, 1), stack=loss.stack)
    if seen.attempt < seen.max_attempts:
        return None
    if loss.reason == "memory":
        return OutOfMemory(stack=loss.stack)
    return JobPoisoned(attempts=seen.attempt, detail=loss.detail, stack=loss.stack)


def revoke(engine: Engine, seen: Job, timing: Timing) -> bool:
    """End a job whose process did not stop when asked; the process can write nothing from here on."""
    same = and_(job.c.id == seen.id, job.c.lease_token == seen.lease_token, job.c.state.in_(ACTIVE))
    values: dict[str, Any] = {"state": "cancelled", "finished": now(), **_FREE}
    if seen.cancel == "keep":
        values |= {"state": "failed", "error": StopTimedOut(seconds=round(timing.keep)).to_json()}
    with write(engine) as connection:
        return bool(connection.execute(update(job).where(same).values(values)).rowcount)


def orphans(engine: Engine) -> list[Job]:
    """Ended jobs whose process was not seen to end: what a supervisor that was killed left behind."""
    with read(engine) as connection:
        rows = connection.execute(select(job).where(job.c.pid.is_not(None), job.c.state.in_(TERMINAL)))
        return [job_of(row) for row in rows]


def forget_process(engine: Engine, job_id: str, attempt: int) -> None:
    """Note that the process of an ended attempt is gone."""
    ended = (job.c.id == job_id, job.c.attempt == attempt, job.c.state.in_(TERMINAL), job.c.pid.is_not(None))
    with write(engine) as connection:
        connection.execute(update(job).where(*ended).values(pid=None, pid_started=None))


def state_of(engine: Engine, job_id: str) -> str | None:
    """The state of a job, or None if its row is gone."""
    with read(engine) as connection:
        state: str | None = connection.scalar(select(job.c.state).where(job.c.id == job_id))
        return state
