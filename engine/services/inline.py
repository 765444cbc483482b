"""Jobs run in this process: for the command line and for tests, under the same row, lease and events as any other."""

from __future__ import annotations

from sqlalchemy import update

from engine.jobs import process, queue
from engine.jobs.job import Job, State
from engine.services.scope import Scope
from engine.services.work import work
from engine.storage.database import write
from engine.storage.tables import job

WAITING: tuple[State, ...] = ("queued",)


def run_job_here(scope: Scope, job_id: str) -> Job:
    """Do the work of one waiting job in this process; returns it ended, its error in its row if it failed."""
    mine = (job.c.id == job_id, job.c.owner == scope.owner, job.c.state == "queued")
    with write(scope.engine) as connection:
        connection.execute(update(job).where(*mine).values(executor="inline"))
    return process.inline(scope.engine, scope.owner, job_id, work(scope.engine))


def run_waiting(scope: Scope) -> list[Job]:
    """Do every waiting job of the owner here, oldest first, also those that come up meanwhile."""
    done: list[Job] = []
    while waiting := queue.list_jobs(scope.engine, scope.owner, states=WAITING, limit=1000):
        done.extend(run_job_here(scope, found.id) for found in reversed(waiting))
    return done
