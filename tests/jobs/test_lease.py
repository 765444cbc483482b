from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from engine.jobs import events, lease, queue
from engine.jobs.errors import JobHung, JobPoisoned, LeaseLost, OutOfMemory, StopTimedOut
from engine.jobs.job import Job
from engine.jobs.lease import Loss
from engine.jobs.timing import Timing
from engine.storage import clock
from engine.storage.database import write

TIMING = Timing()


@pytest.fixture
def running(database: Engine, submit: Callable[..., Job]) -> Callable[[], Job]:
    """A job of the training lane that this process has taken over, in its next attempt."""
    submit("echo", "training")

    def start() -> Job:
        claimed = lease.claim(database, "training", TIMING)
        assert claimed is not None
        return lease.take_over(database, claimed.id, claimed.attempt, 4711, 1.5, TIMING)

    return start


def renew(database: Engine, job: Job, phase: str | None = None) -> str | None:
    with write(database) as connection:
        return lease.renew(connection, job.id, str(job.lease_token), TIMING, 1.0, phase)


def finish(database: Engine, job: Job, state: Any = "succeeded", **end: Any) -> None:
    with write(database) as connection:
        lease.finish(connection, job.id, str(job.lease_token), state, seconds=2.5, **end)


def test_a_claimed_job_is_taken_over_by_one_process(database: Engine, submit: Callable[..., Job]) -> None:
    submit("echo")
    claimed = lease.claim(database, "short", TIMING)
    assert claimed is not None
    assert (claimed.state, claimed.attempt) == ("starting", 1)
    taken = lease.take_over(database, claimed.id, 1, 4711, 1.5, TIMING)
    assert (taken.state, taken.pid, taken.pid_started) == ("running", 4711, 1.5)
    assert taken.lease_token != claimed.lease_token
    for attempt in (0, 1, 2):
        with pytest.raises(LeaseLost):
            lease.take_over(database, claimed.id, attempt, 4712, 1.5, TIMING)
    lease.note_process(database, claimed.id, 1, 4712, 2.5)  # comes too late to say who it is
    assert queue.get(database, "me", claimed.id).pid == 4711


def test_the_holder_renews_and_hears_what_the_user_wants(
    database: Engine, running: Callable[[], Job]
) -> None:
    job = running()
    assert renew(database, job, "fit") is None
    assert renew(database, job) is None
    assert queue.get(database, "me", job.id).phase == "fit"
    queue.cancel(database, "me", job.id, "keep")
    assert renew(database, job) == lease.wanted(database, job.id, str(job.lease_token)) == "keep"


def test_the_end_is_written_once(database: Engine, running: Callable[[], Job]) -> None:
    job = running()
    finish(database, job, result={"loss": 1})
    ended = queue.get(database, "me", job.id)
    assert (ended.state, ended.result, ended.seconds, ended.pid) == ("succeeded", {"loss": 1}, 2.5, None)
    for late in (renew, finish):
        with pytest.raises(LeaseLost):
            late(database, job)
    with pytest.raises(LeaseLost):
        lease.wanted(database, job.id, str(job.lease_token))
    assert not lease.lose(database, job, Loss("signal", "SIGKILL"))


def test_a_lost_job_waits_again_until_its_attempts_are_used_up(
    database: Engine, running: Callable[[], Job]
) -> None:
    """Case 11."""
    for attempt in (1, 2, 3):
        job = running()
        assert job.attempt == attempt
        assert lease.lose(database, job, Loss("signal", "SIGSEGV", "the last stack"))
        assert not lease.lose(database, job, Loss("signal", "SIGSEGV"))
        with pytest.raises(LeaseLost):
            renew(database, job)
        lost = queue.get(database, "me", job.id)
        assert lost.state == "lost"
        lease.settle(database, lost, TIMING)
    ended = queue.get(database, "me", job.id)
    assert ended.state == "failed"
    assert isinstance(ended.problem, JobPoisoned)
    assert ended.problem.params == {"attempts": 3, "detail": "SIGSEGV", "stack": "the last stack"}
    lost_events = events.events(database, job.id, kinds=("lost",))
    assert [(e.attempt, e.payload["reason"]) for e in lost_events] == [(n, "signal") for n in (1, 2, 3)]


def test_a_hung_job_is_tried_once_more(database: Engine, running: Callable[[], Job]) -> None:
    """Case 12."""
    states = []
    for _ in range(2):
        job = running()
        lease.lose(database, job, Loss("hung", "no progress", "stacks"))
        lease.settle(database, queue.get(database, "me", job.id), TIMING)
        states.append(queue.get(database, "me", job.id).state)
    assert states == ["queued", "failed"]
    assert isinstance(queue.get(database, "me", job.id).problem, JobHung)


def test_what_the_kernel_ended_for_memory_is_called_so(database: Engine, running: Callable[[], Job]) -> None:
    """Case 10, exit 137."""
    for _ in range(3):
        job = running()
        lease.lose(database, job, Loss("memory", "SIGKILL"))
        lease.settle(database, queue.get(database, "me", job.id), TIMING)
    problem = queue.get(database, "me", job.id).problem
    assert isinstance(problem, OutOfMemory)
    assert "smaller" in problem.remedy


def test_a_discarded_job_that_is_lost_is_cancelled(database: Engine, running: Callable[[], Job]) -> None:
    job = running()
    queue.cancel(database, "me", job.id)
    lease.lose(database, job, Loss("signal", "SIGKILL"))
    lease.settle(database, queue.get(database, "me", job.id), TIMING)
    assert queue.get(database, "me", job.id).state == "cancelled"


def test_a_revoked_job_can_write_nothing_more(database: Engine, running: Callable[[], Job]) -> None:
    job = running()
    asked = queue.cancel(database, "me", job.id)
    assert lease.revoke(database, asked, TIMING)
    assert not lease.revoke(database, asked, TIMING)
    with pytest.raises(LeaseLost):
        finish(database, job)
    assert queue.get(database, "me", job.id).state == "cancelled"


def test_keeping_the_best_that_takes_too_long_is_a_failure_to_resume(
    database: Engine, running: Callable[[], Job]
) -> None:
    job = running()
    lease.revoke(database, queue.cancel(database, "me", job.id, "keep"), TIMING)
    ended = queue.get(database, "me", job.id)
    assert ended.state == "failed"
    assert isinstance(ended.problem, StopTimedOut)


def test_a_lease_is_not_lapsed_if_it_was_renewed_or_the_database_was_busy(
    database: Engine, running: Callable[[], Job]
) -> None:
    seen = running()
    renew(database, seen)
    assert not lease.lose(database, seen, Loss("lapsed", "silence"))
    seen = queue.get(database, "me", seen.id)
    assert not lease.lose(database, seen, Loss("lapsed", "silence"), within=-1.0)
    assert lease.lose(database, seen, Loss("lapsed", "silence"), within=5.0)


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_changes_stamps_only(
    database: Engine, running: Callable[[], Job], monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """Case 18: the lease and the duration go by clocks that nobody can set (the supervisor's part is tested there)."""
    job = running()
    real = clock.now
    for module in (lease, queue, events):
        monkeypatch.setattr(module, "now", lambda: real() + jump)
    assert renew(database, job) is None
    finish(database, job)
    ended = queue.get(database, "me", job.id)
    assert (ended.state, ended.seconds) == ("succeeded", 2.5)
