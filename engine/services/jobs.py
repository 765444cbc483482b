"""Jobs as their owner sees them: where they are, what they report, how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import BentuError, NotFound, error_from_json
from engine.jobs import queue, supervisor
from engine.jobs.queue import Event, Job
from engine.jobs.supervisor import WorkerState
from engine.services.scope import Scope


class Jobs:
    """The jobs of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, job_id: str) -> Job:
        """One job; raises `NotFound`."""
        job = queue.get(self._scope.engine, job_id)
        if job is None or job.owner != self._scope.owner:
            raise NotFound(kind="job", id=job_id)
        return job

    def events(self, job_id: str, after: int = 0, limit: int = 500) -> list[Event]:
        """What the job reported after the event with the id `after`, oldest first."""
        self.get(job_id)
        return queue.events(self._scope.engine, job_id, after_id=after, limit=limit)

    def position(self, job_id: str) -> int | None:
        """Place in line, 1 = next; None when it does not wait."""
        return queue.position(self._scope.engine, job_id)

    def cancel(self, job_id: str) -> None:
        """End a job; what it had begun is thrown away."""
        self.get(job_id)
        queue.cancel(self._scope.engine, job_id, "discard")

    def active(self, project_id: str | None = None) -> list[Job]:
        """Jobs that wait or run, oldest first."""
        return queue.list_jobs(
            self._scope.engine, owner=self._scope.owner, project_id=project_id, states=queue.ACTIVE
        )

    def worker(self) -> WorkerState:
        """Whether a worker is alive, and which spare processes are warm."""
        return supervisor.worker_state()

    def log_tail(self, job_id: str, lines: int = 200) -> str:
        """The end of the job's log."""
        self.get(job_id)
        return queue.log_tail(job_id, lines)

    def error(self, job: Job) -> BentuError | None:
        """Why the job failed, or None."""
        return job_error(job.error)


def job_error(stored: Mapping[str, Any] | None) -> BentuError | None:
    """A stored error as the exception that it was."""
    return error_from_json(dict(stored)) if stored else None
