"""The process of a job: runs its work function once, writes how it ended, and leaves.

`main` is `python -m engine job`, `forkserver` is `python -m engine forkserver`, `inline` runs a job in the caller's process.
"""

from __future__ import annotations

import errno
import faulthandler
import gc
import json
import os
import resource
import secrets
import shutil
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine

from engine.errors import BentuError, StorageError, UnexpectedError
from engine.jobs import lease, queue
from engine.jobs.attempt import EXIT_LEASE_LOST, EXIT_UNWRITTEN, Attempt
from engine.jobs.context import JobContext
from engine.jobs.errors import Cancelled, LeaseLost, OutOfMemory, UnknownWork
from engine.jobs.events import plain
from engine.jobs.identity import started
from engine.jobs.job import Job
from engine.jobs.parentage import die_with_parent
from engine.jobs.timing import Timing
from engine.storage.errors import DiskFull
from engine.storage.home import home
from engine.storage.migrations import require_current

Work = Mapping[str, Callable[[JobContext, dict[str, Any]], dict[str, Any] | None]]

NICE = 10
"""How far trainings step back behind everything else."""


def main(open_engine: Callable[[], Engine], job_id: str, attempt: int, work: Work) -> NoReturn:
    """Run one attempt of a job that a supervisor has claimed, then end the process.

    Args:
        open_engine: opens the database.
        job_id: the job.
        attempt: the attempt that was claimed; a process that comes too late finds another one and leaves.
        work: work functions by the kind of job.
    """
    engine = open_engine()
    require_current(engine)
    _run(engine, job_id, attempt, work)


def forkserver(
    open_engine: Callable[[], Engine], lane: str, work: Work, preload: Callable[[], object] | None = None
) -> None:
    """Load what is slow, then fork a process for every job that a line on standard input names, until there is no more.

    Args:
        open_engine: opens the database.
        lane: whose jobs they are.
        work: work functions by the kind of job.
        preload: imports what the lane's work needs; it must not run a TensorFlow operation.
    """
    die_with_parent()
    _step_back(lane)
    if preload is not None:
        preload()
    engine = open_engine()
    require_current(engine)
    engine.dispose()  # no connection may cross a fork
    gc.freeze()  # the collector shall not copy pages that are shared
    os.write(1, b"ready\n")
    while line := sys.stdin.readline():
        order = json.loads(line)
        one = partial(_run, engine, str(order["job"]), int(order["attempt"]), work)
        os.write(1, b"%d\n" % _forked(one))


def _forked(work: Callable[[], NoReturn]) -> int:
    """The id of a process that does this. Its parent is gone: whoever adopts orphans gets it."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            if child := os.fork():
                os.write(writing, b"%d" % child)
                os._exit(0)
            os.close(reading)
            os.close(writing)
            os.setsid()
            work()
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(writing)
    os.waitpid(between, 0)
    with os.fdopen(reading) as answer:
        return int(answer.read())


def inline(engine: Engine, owner: str, job_id: str, work: Work) -> Job:
    """Run a job that was submitted for the executor `inline` in this process; the job as it ended.

    Raises:
        LeaseLost: it was stopped for so long that a worker took it over, or it is not waiting.
        KeyboardInterrupt: after the job was written as cancelled.
    """
    timing = Timing.from_environment()
    claimed = lease.claim(engine, queue.get(engine, owner, job_id).lane, timing, job_id=job_id)
    if claimed is None:
        raise LeaseLost(job_id=job_id)
    pid = os.getpid()
    job = lease.take_over(engine, job_id, claimed.attempt, pid, started(pid), timing)
    _perform(engine, job, work, timing, inline=True)
    return queue.get(engine, owner, job_id)


def _run(engine: Engine, job_id: str, attempt: int, work: Work) -> NoReturn:
    timing, pid = Timing.from_environment(), os.getpid()
    code = 0
    try:
        job = lease.take_over(engine, job_id, attempt, pid, started(pid), timing)
        _log_to(job)
        _step_back(job.lane)
        _limit_memory(job)
        _perform(engine, job, work, timing)
    except LeaseLost:
        code = EXIT_LEASE_LOST
    except StorageError:
        traceback.print_exc()
        code = EXIT_UNWRITTEN
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)  # libraries that hang or write at exit get no chance to


def _perform(engine: Engine, job: Job, work: Work, timing: Timing, *, inline: bool = False) -> None:
    """Do the work and write its end; the private folder stays only for a job that may go on."""
    result: dict[str, Any] | None = None
    problem: BaseException | None = None
    attempt = Attempt(engine, job, timing, inline=inline)
    with attempt:
        attempt.report("started", attempt=job.attempt)
        try:
            attempt.check()
            if job.kind not in work:
                raise UnknownWork(kind=job.kind)
            result = plain(work[job.kind](attempt, dict(job.spec)))
        except LeaseLost:
            raise
        except BaseException as caught:
            problem = caught
        cancelled = isinstance(problem, (KeyboardInterrupt, Cancelled)) or attempt.stop() == "discard"
    error = _error_of(problem) if problem is not None and not cancelled else None
    if attempt.finish(result, error, cancelled) != "failed":
        shutil.rmtree(attempt.folder, ignore_errors=True)
    if isinstance(problem, KeyboardInterrupt):
        raise problem


def _error_of(problem: BaseException) -> BentuError:
    """The error to show; what nobody foresaw leaves its traceback in the log."""
    if isinstance(problem, BentuError):
        return problem
    if isinstance(problem, MemoryError) or type(problem).__name__ == "ResourceExhaustedError":
        traceback.clear_frames(problem.__traceback__)
        gc.collect()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))  # the end must be written
        return OutOfMemory()
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(path=str(home()))
    error_id = secrets.token_hex(6)
    print(f"error {error_id}", file=sys.stderr)
    traceback.print_exception(problem)
    detail = f"{type(problem).__name__}: {problem}"
    return UnexpectedError(error_id=error_id, detail=detail[:500])


def _log_to(job: Job) -> None:
    """Send what this process prints, and the stacks of a crash, to the job's log; close its standard input."""
    job.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    for path, flags, descriptors in (
        (Path(os.devnull), os.O_RDONLY, (0,)),
        (job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags, 0o600)
        for descriptor in descriptors:
            os.dup2(opened, descriptor)
        os.close(opened)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    faulthandler.enable(file=2)
    print(f"— attempt {job.attempt} —")


def _step_back(lane: str) -> None:
    if lane == "training":
        os.nice(max(0, NICE - os.nice(0)))


def _limit_memory(job: Job) -> None:
    """Bound the address space, if the job or BENTU_JOB_MEMORY_MB says so: a leak becomes a MemoryError here."""
    given = job.spec.get("memory_mb") or os.environ.get("BENTU_JOB_MEMORY_MB")
    if given:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (int(given) * 1_000_000, hard))
