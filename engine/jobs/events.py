"""The journal of a job: rows that its process appends and pages read from where they stopped."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, func, select

from engine.storage.clock import now
from engine.storage.database import insert_new, read
from engine.storage.tables import job_event

T = TypeVar("T")

CURVE_POINTS = 500


@dataclass(frozen=True)
class Event:
    """One entry as its writer numbers it within an attempt."""

    seq: int
    ts: datetime
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class JobEvent(Event):
    """One entry as it is read; `id` grows, so that a reader asks for what came after the last one it saw."""

    id: int
    attempt: int


def append(connection: Connection, job_id: str, attempt: int, entries: Sequence[Event]) -> None:
    """Write entries; those that are there already (a repeated try) are left as they are."""
    if entries:
        insert_new(
            connection,
            job_event,
            [{"job_id": job_id, "attempt": attempt, **entry.__dict__} for entry in entries],
        )


def add(connection: Connection, job_id: str, attempt: int, kind: str, payload: Mapping[str, Any]) -> None:
    """Write one entry after the last of the attempt: for the supervisor, once the process can write no more."""
    mine = (job_event.c.job_id == job_id, job_event.c.attempt == attempt)
    last = connection.scalar(select(func.max(job_event.c.seq)).where(*mine)) or 0
    append(connection, job_id, attempt, [Event(last + 1, now(), kind, plain(payload))])


def events(
    engine: Engine, job_id: str, after_id: int = 0, limit: int = 1000, kinds: Collection[str] = ()
) -> list[JobEvent]:
    """The entries of a job with an id above `after_id`, oldest first.

    Args:
        engine: the database.
        job_id: a job that the caller may see.
        after_id: id of the last entry seen; 0 for all.
        limit: at most so many.
        kinds: only these kinds; empty for all.
    """
    query = select(job_event).where(job_event.c.job_id == job_id, job_event.c.id > after_id)
    if kinds:
        query = query.where(job_event.c.kind.in_(kinds))
    with read(engine) as connection:
        rows = connection.execute(query.order_by(job_event.c.id).limit(limit)).all()
    return [JobEvent(row.seq, row.ts, row.kind, row.payload, row.id, row.attempt) for row in rows]


def thin(points: Sequence[T], limit: int = CURVE_POINTS) -> list[T]:
    """At most `limit` of the points, evenly spaced, the first and the last always among them."""
    if len(points) <= limit:
        return list(points)
    step = (len(points) - 1) / (limit - 1)
    return [points[round(i * step)] for i in range(limit)]


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NumPy scalars become numbers, NaN and infinity None.

    Raises:
        TypeError: it holds something else, at the place that reported it and not later.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a job cannot report a {type(value).__name__}")
