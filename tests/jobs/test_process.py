"""The process of a job, run for real, without a supervisor."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from engine.errors import UnexpectedError
from engine.jobs import attempt, events, lease, process, queue
from engine.jobs.attempt import EXIT_HUNG, EXIT_LEASE_LOST
from engine.jobs.errors import LeaseLost, OutOfMemory, UnknownWork
from engine.jobs.job import Job
from engine.jobs.lease import Loss
from engine.jobs.spawn import launch
from engine.jobs.timing import Timing
from engine.storage.database import is_sqlite, read, write
from engine.storage.errors import DiskFull
from engine.storage.tables import setting
from tests.jobs.toy_program import COMMAND, WORK, BadRow, expected_loss
from tests.jobs.watching import Until, eventually


class Started:
    """Claims a job and starts its cold process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, lane: str = "short") -> tuple[Job, subprocess.Popen[bytes]]:
        job = lease.claim(self.engine, lane, Timing.from_environment())
        assert job is not None
        child = launch(COMMAND, job).process
        assert child is not None
        self.processes.append(child)
        return job, child


@pytest.fixture
def start(database: Engine) -> Iterator[Started]:
    started = Started(database)
    yield started
    for child in started.processes:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def run(database: Engine, start: Started, lane: str = "short") -> tuple[Job, int]:
    job, child = start(lane)
    code = child.wait(timeout=30)
    return queue.get(database, job.owner, job.id), code


def test_work_that_ends_well_leaves_its_result_and_no_folder(
    database: Engine, start: Started, submit: Callable[..., Job]
) -> None:
    submit("steps", "training", steps=5)
    job, code = run(database, start, "training")
    assert (job.state, code) == ("succeeded", 0)
    assert job.result == {"loss": expected_loss(5), "steps": 5, "stopped": False}
    epochs = events.events(database, job.id, kinds=("epoch",))
    assert [e.payload["epoch"] for e in epochs] == [1, 2, 3, 4, 5]
    assert [e.kind for e in events.events(database, job.id)][:2] == ["started", "phase"]
    assert [e.seq for e in events.events(database, job.id)] == list(range(1, 9))
    assert job.phase == "save"
    assert 0 < job.seconds < 10
    assert not job.work.exists()
    assert "attempt 1" in job.log_tail()


def test_trainings_step_back_and_short_work_does_not(
    database: Engine, start: Started, submit: Callable[..., Job]
) -> None:
    submit("echo", "training")
    submit("echo", "short")
    here = os.nice(0)
    training, short = (run(database, start, lane)[0] for lane in ("training", "short"))
    assert training.result
    assert short.result
    assert (training.result["nice"], short.result["nice"]) == (max(10, here), here)


def run_inline(database: Engine, kind: str, **spec: Any) -> Job:
    job = queue.submit(database, "me", kind, spec, "short", executor="inline")
    return process.inline(database, "me", job.id, WORK)


def test_an_expected_error_comes_through_whole_and_is_not_tried_again(database: Engine) -> None:
    job = run_inline(database, "fail", expected=True)
    assert (job.state, job.attempt) == ("failed", 1)
    assert isinstance(job.problem, BadRow)
    assert job.problem.params == {"row": 17}


def test_an_unforeseen_error_has_a_number_whose_traceback_is_in_the_log_only(
    database: Engine, start: Started, submit: Callable[..., Job]
) -> None:
    submit("fail")
    job, _ = run(database, start)
    assert job.state == "failed"
    assert isinstance(job.problem, UnexpectedError)
    assert job.problem.params["detail"] == "ValueError: nobody foresaw 42"
    log = job.log_tail()
    assert job.problem.params["error_id"] in log
    assert "Traceback" in log
    assert "Traceback" not in str(job.error)
    assert job.work.exists()  # it may be resumed


def test_unknown_work_says_so(database: Engine) -> None:
    assert isinstance(run_inline(database, "paint").problem, UnknownWork)


def test_a_leak_ends_at_its_limit_as_out_of_memory(
    database: Engine, start: Started, submit: Callable[..., Job]
) -> None:
    """Case 10."""
    if sys.platform == "darwin":
        pytest.skip("macOS does not enforce RLIMIT_AS")
    submit("leak", memory_mb=1500)
    job, code = run(database, start)
    assert (job.state, code) == ("failed", 0)
    assert isinstance(job.problem, OutOfMemory)


def test_a_second_process_of_the_same_attempt_leaves(
    database: Engine, start: Started, submit: Callable[..., Job], until: Until
) -> None:
    submit("deaf", seconds=1)
    job, first = start()
    until(job, lambda j: j.phase == "deaf")
    second = launch(COMMAND, job).process
    assert second is not None
    assert second.wait(timeout=20) == EXIT_LEASE_LOST
    assert first.wait(timeout=20) == 0
    assert queue.get(database, "me", job.id).state == "succeeded"


def test_a_process_that_slept_through_its_lease_leaves_without_writing(
    database: Engine, start: Started, submit: Callable[..., Job], until: Until
) -> None:
    """Case 6: SIGSTOP; another attempt owns the job when it wakes."""
    submit("fenced", seconds=0.2, key="row")
    job, child = start()
    running = until(job, lambda j: j.phase == "sleeping")
    os.kill(child.pid, signal.SIGSTOP)
    assert lease.lose(database, queue.get(database, "me", job.id), Loss("lapsed", "silence"))
    lease.settle(database, queue.get(database, "me", job.id), Timing())
    again = lease.claim(database, "short", Timing())
    assert again is not None
    assert again.attempt == running.attempt + 1
    before = events.events(database, job.id)
    time.sleep(0.3)
    os.kill(child.pid, signal.SIGCONT)
    assert child.wait(timeout=20) == EXIT_LEASE_LOST
    assert events.events(database, job.id) == before
    with read(database) as connection:
        assert connection.execute(select(setting)).all() == []
    assert queue.get(database, "me", job.id) == again


def test_rows_behind_the_fence_are_written_by_the_owner_of_the_job(database: Engine) -> None:
    assert run_inline(database, "fenced", seconds=0, key="row").state == "succeeded"
    with read(database) as connection:
        assert connection.scalars(select(setting.c.value)).all() == [1]


def test_events_and_the_end_wait_for_a_locked_database(
    database: Engine, start: Started, submit: Callable[..., Job], until: Until
) -> None:
    """Case 21 in a job: nothing is lost, nothing doubled."""
    if not is_sqlite(database):
        pytest.skip("only SQLite has one writer")
    submit("steps", steps=10, spin=0.03)
    job, child = start()
    until(job, lambda j: j.phase == "fit")
    other = sqlite3.connect(str(database.url.database), isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(1.0)
    assert child.poll() is None
    other.execute("ROLLBACK")
    other.close()
    job = until(job)
    assert job.state == "succeeded"
    assert [e.payload.get("epoch") for e in events.events(database, job.id, kinds=("epoch",))] == list(
        range(1, 11)
    )


def fail_writes(patch: pytest.MonkeyPatch, times: int) -> None:
    """Let the next writes of an attempt meet a full disk."""
    left = iter(range(times))

    @contextmanager
    def full(engine: Engine) -> Iterator[Connection]:
        if next(left, None) is not None:
            raise DiskFull(path="here")
        with write(engine) as connection:
            yield connection

    patch.setattr(attempt, "write", full)


def test_events_and_the_end_wait_until_there_is_space(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 20 in a job."""
    fail_writes(monkeypatch, 4)
    job = queue.submit(database, "me", "steps", {"steps": 3}, "short", executor="inline")
    ended = process.inline(database, "me", job.id, WORK)
    assert ended.state == "succeeded"
    assert [e.seq for e in events.events(database, job.id)] == [1, 2, 3, 4, 5, 6]


def test_an_end_that_cannot_be_written_changes_nothing(
    database: Engine, monkeypatch: pytest.MonkeyPatch, quick: Callable[..., None]
) -> None:
    quick(finish=0.1)
    fail_writes(monkeypatch, 1000)
    job = queue.submit(database, "me", "steps", {"steps": 3}, "short", executor="inline")
    with pytest.raises(DiskFull):
        process.inline(database, "me", job.id, WORK)
    left = queue.get(database, "me", job.id)
    assert left.state == "running"
    assert (left.work / "now.json").exists()  # where the next attempt goes on
    assert events.events(database, job.id) == []


def test_a_result_that_is_no_plain_data_is_an_error_of_the_work(database: Engine) -> None:
    job = queue.submit(database, "me", "echo", {}, "short", executor="inline")
    ended = process.inline(database, "me", job.id, {"echo": lambda context, spec: {"path": object()}})
    assert isinstance(ended.problem, UnexpectedError)


def test_a_deadlock_dumps_its_stacks_and_leaves(
    database: Engine, start: Started, submit: Callable[..., Job], quick: Callable[..., None]
) -> None:
    """Case 12."""
    quick(silence=0.5)
    submit("hang", "training")
    job, code = run(database, start, "training")
    assert code == EXIT_HUNG
    assert job.state == "running"  # the supervisor sees the exit code
    assert "in hang" in job.log_tail()


def test_a_crash_leaves_its_stack_in_the_log(
    database: Engine, start: Started, submit: Callable[..., Job]
) -> None:
    submit("crash", signal=int(signal.SIGSEGV))
    job, code = run(database, start)
    assert code == -signal.SIGSEGV
    assert "in crash" in job.log_tail()


def test_a_job_runs_inline_under_the_same_row(database: Engine) -> None:
    job = queue.submit(database, "me", "echo", {"n": 1}, "training", executor="inline")
    assert lease.claim(database, "training", Timing()) is None  # no worker takes it
    ended = process.inline(database, "me", job.id, WORK)
    assert ended.state == "succeeded"
    assert ended.result
    assert ended.result["pid"] == os.getpid()
    with pytest.raises(LeaseLost):
        process.inline(database, "me", job.id, WORK)


def test_an_interrupted_inline_job_is_cancelled(database: Engine) -> None:
    def interrupt(context: Any, spec: Any) -> None:
        raise KeyboardInterrupt

    job = queue.submit(database, "me", "echo", {}, "short", executor="inline")
    with pytest.raises(KeyboardInterrupt):
        process.inline(database, "me", job.id, {"echo": interrupt})
    assert queue.get(database, "me", job.id).state == "cancelled"


def test_an_inline_job_that_was_taken_over_raises_instead_of_ending_the_process(database: Engine) -> None:
    def stolen(context: Any, spec: Any) -> None:
        lease.lose(database, queue.get(database, "me", context.job_id), Loss("lapsed", "silence"))
        eventually(lambda: context.stop() == "discard")
        context.check()

    job = queue.submit(database, "me", "echo", {}, "short", executor="inline")
    with pytest.raises(LeaseLost):
        process.inline(database, "me", job.id, {"echo": stolen})
    assert queue.get(database, "me", job.id).state == "lost"


def test_what_cannot_be_reported_fails_where_it_was_reported(database: Engine) -> None:
    job = queue.submit(database, "me", "echo", {}, "short", executor="inline")
    work = {"echo": lambda context, spec: context.report("log", text=object())}
    ended = process.inline(database, "me", job.id, work)
    assert ended.state == "failed"
    assert "cannot report a object" in str(ended.problem)


def test_inline_threads_end(database: Engine) -> None:
    before = threading.active_count()
    job = queue.submit(database, "me", "echo", {}, "short", executor="inline")
    process.inline(database, "me", job.id, WORK)
    assert threading.active_count() == before
