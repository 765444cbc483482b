"""Jobs run in this process: for the command line, under the same row, lease and events as any other."""

from __future__ import annotations

from engine.jobs import process, queue
from engine.jobs.queue import Job
from engine.services.scope import Scope
from engine.services.work import do_work


def run_job_here(scope: Scope, job_id: str) -> Job:
    """Claim one queued job and do its work in this process; returns it ended.

    Raises nothing for a failed job: its error stands in its row.
    """
    claimed = queue.claim(scope.engine, executor="inline", job_id=job_id)
    if claimed is not None:
        run_claimed(scope, claimed)
    found = queue.get(scope.engine, job_id)
    assert found is not None
    return found


def run_waiting(scope: Scope) -> int:
    """Run every job that waits, one after the other, in this process; returns how many."""
    count = 0
    while (claimed := queue.claim(scope.engine, executor="inline")) is not None:
        run_claimed(scope, claimed)
        count += 1
    return count


def run_claimed(scope: Scope, claimed: Job) -> None:
    """Do a claimed job's work in this process."""
    owner = Scope(claimed.owner, scope.engine, scope.artifacts)
    process.run_claimed(scope.engine, claimed, lambda context: do_work(context, owner, claimed))
