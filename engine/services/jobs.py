"""Jobs as their owner sees them: where they are, what they report, how they ended."""

from __future__ import annotations

from engine.errors import BentuError
from engine.jobs import events, presence, queue
from engine.jobs.events import JobEvent
from engine.jobs.job import GOING, Job
from engine.jobs.presence import WorkerState
from engine.services.scope import Scope


class Jobs:
    """The jobs of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, job_id: str) -> Job:
        """One job; raises `NotFound`."""
        return queue.get(self._scope.engine, self._scope.owner, job_id)

    def events(self, job_id: str, after: int = 0, limit: int = 500) -> list[JobEvent]:
        """What the job reported after the event with the id `after`, oldest first."""
        self.get(job_id)
        return events.events(self._scope.engine, job_id, after, limit)

    def position(self, job_id: str) -> int | None:
        """Place in line, 1 = next; None when it does not wait."""
        return queue.position(self._scope.engine, self._scope.owner, job_id)

    def cancel(self, job_id: str) -> None:
        """End a job; what it had begun is thrown away."""
        queue.cancel(self._scope.engine, self._scope.owner, job_id, "discard")

    def active(self, project_id: str | None = None) -> list[Job]:
        """Jobs that wait or run, newest first."""
        return queue.list_jobs(self._scope.engine, self._scope.owner, project_id=project_id, states=GOING)

    def worker(self) -> WorkerState:
        """Whether a worker is alive, and which lanes start warm."""
        return presence.worker_state()

    def log_tail(self, job_id: str, lines: int = 200) -> str:
        """The end of the job's log."""
        return self.get(job_id).log_tail(lines * 120)

    def error(self, job: Job) -> BentuError | None:
        """Why the job failed, or None."""
        return job.problem
