"""Who is asking, and the storage they may use: every service function takes a `Scope` first.

Authorisation lives here and in the queries, never in widgets: a row of another owner is not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Table, select

from engine.errors import NotFound
from engine.jobs import queue
from engine.jobs.job import Job, Lane
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.tables import result


@dataclass(frozen=True)
class Scope:
    """An owner over a database; artifacts are named by digests in its rows."""

    owner: str
    engine: Engine

    def submit(
        self, kind: str, spec: Mapping[str, Any], project_id: str, *, idempotency: str | None = None,
        inline: bool = False, priority: int = 0, lane: Lane = "short",
    ) -> Job:  # fmt: skip
        """Put a job into the short lane, for what must not wait behind a training; one that is `inline` the caller runs.

        Of those that wait, one with a higher `priority` runs first. What needs TensorFlow goes into the lane of trainings."""
        return queue.submit(
            self.engine, self.owner, kind, spec, lane, project_id=project_id, idempotency=idempotency,
            executor="inline" if inline else "local", priority=priority,
        )  # fmt: skip

    def row(self, table: Table, id: str, kind: str) -> Any:
        """The row of `table` with this id that belongs to the owner, or `NotFound`."""
        with read(self.engine) as connection:
            found = connection.execute(
                select(table).where(table.c.id == id, table.c.owner == self.owner)
            ).one_or_none()
        if found is None:
            raise NotFound(kind=kind, id=id)
        return found

    def cached(self, kind: str, key: str) -> dict[str, Any] | None:
        """The stored result of a job by what it was computed from, or None."""
        with read(self.engine) as connection:
            found = connection.execute(
                select(result.c.value).where(
                    result.c.owner == self.owner, result.c.kind == kind, result.c.key == key
                )
            ).scalar_one_or_none()
        return found

    def cache(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Store a job's result under what it was computed from; the same key is replaced."""
        same = (result.c.owner == self.owner, result.c.kind == kind, result.c.key == key)
        with write(self.engine) as connection:
            serialise(connection, f"result:{kind}:{key}")
            connection.execute(result.delete().where(*same))
            connection.execute(
                result.insert().values(owner=self.owner, kind=kind, key=key, value=value, created=now())
            )
