"""The supervisor over real processes: kill, stop, adopt, give up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, delete

from engine.jobs import events, identity, lease, presence, queue, supervisor
from engine.jobs.errors import JobHung, JobPoisoned, StopTimedOut
from engine.jobs.job import Job
from engine.jobs.spawn import Child
from engine.jobs.supervisor import Supervisor
from engine.jobs.timing import Timing
from engine.storage import clock
from engine.storage.database import is_sqlite, write
from engine.storage.tables import job as table
from tests.jobs.toy_program import expected_loss
from tests.jobs.watching import Running, Until, alive, eventually

Submit = Callable[..., Job]


def epochs(database: Engine, job: Job) -> list[int]:
    return [e.payload["epoch"] for e in events.events(database, job.id, kinds=("epoch",))]


def reasons(database: Engine, job: Job) -> list[str]:
    return [e.payload["reason"] for e in events.events(database, job.id, kinds=("lost",))]


def test_what_waits_is_run_and_its_process_is_gone(supervised: Running, submit: Submit, until: Until) -> None:
    jobs = [submit("echo", lane, n=n) for n, lane in enumerate(("short", "training"))]
    ended = [until(job) for job in jobs]
    assert [j.state for j in ended] == ["succeeded", "succeeded"]
    assert [j.result and j.result["said"] for j in ended] == [{"n": 0}, {"n": 1}]
    eventually(lambda: not supervised.children())
    assert not any(alive(j.result["pid"]) for j in ended if j.result)


def test_a_short_job_does_not_wait_behind_a_training(
    supervised: Running, submit: Submit, until: Until
) -> None:
    training = submit("deaf", "training")
    until(training, lambda j: j.state == "running")
    waiting = submit("echo", "training")
    assert until(submit("echo", "short")).state == "succeeded"
    assert queue.position(supervised.engine, "me", waiting.id) == 1
    queue.cancel(supervised.engine, "me", training.id)
    assert until(waiting).state == "succeeded"


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_end(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Cases 1 and 2: kill -9 while a checkpoint is written; the generation before it is used."""
    job = until(submit("steps", "training", steps=20, kill_at=7))
    assert (job.state, job.attempt) == ("succeeded", 2)
    assert job.result == {"loss": expected_loss(20), "steps": 20, "stopped": False}
    assert reasons(database, job) == ["signal"]
    second = [e for e in events.events(database, job.id) if e.attempt == 2]
    assert [e.payload["epoch"] for e in second if e.kind == "epoch"] == list(range(7, 21))
    eventually(lambda: not job.work.exists())  # cleared away after the state is told


def test_a_supervisor_that_is_killed_leaves_a_living_training_to_its_successor(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Case 4."""
    job = until(submit("steps", "training", steps=1000, spin=0.02), lambda j: j.state == "running")
    supervised.leave()
    orphans = supervised.children()
    supervised.start()
    eventually(supervised.children)
    assert [(c.pid, c.process) for c in supervised.children()] == [(job.pid, None)]
    time.sleep(0.2)
    assert queue.get(database, "me", job.id).attempt == 1
    queue.cancel(database, "me", job.id, "keep")
    ended = until(job)
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    orphans[0].process.wait()
    eventually(lambda: not supervised.children())


def test_supervisor_and_training_killed_is_one_more_attempt(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Case 5."""
    job = until(submit("steps", "training", steps=30, spin=0.02), lambda j: j.state == "running")
    supervised.leave()
    os.kill(int(job.pid or 0), signal.SIGKILL)
    supervised.children()[0].process.wait()
    supervised.start()
    ended = until(job)
    assert (ended.state, ended.attempt) == ("succeeded", 2)
    assert reasons(database, job) == ["gone"]
    assert ended.result
    assert ended.result["loss"] == expected_loss(30)


def test_a_claimed_job_whose_process_never_came_is_tried_again(
    database: Engine, submit: Submit, until: Until, quick: Callable[..., None]
) -> None:
    """Case 5, killed between claim and start: only the lease tells."""
    quick(lease=0.5)
    job = submit("echo")
    lease.claim(database, "short", Timing.from_environment())
    with Running(database):
        ended = until(job)
    assert (ended.state, ended.attempt, reasons(database, job)) == ("succeeded", 2, ["lapsed"])


def test_a_reused_process_id_is_never_signalled(database: Engine, submit: Submit, until: Until) -> None:
    """Case 7: the id in the row now belongs to someone else."""
    stranger = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    job = submit("echo", "training")
    lease.claim(database, "training", Timing())
    began = identity.started(stranger.pid)
    assert began is not None
    lease.take_over(database, job.id, 1, stranger.pid, began - 1, Timing())
    queue.cancel(database, "me", job.id)
    with Running(database):
        assert until(job).state == "cancelled"
        time.sleep(0.2)
    assert stranger.poll() is None
    assert not identity.signal_group(stranger.pid, began - 1, signal.SIGKILL)
    assert identity.signal_group(stranger.pid, began, signal.SIGKILL)
    assert stranger.wait() == -signal.SIGKILL
    assert stranger.stdin is not None
    stranger.stdin.close()


def test_a_reboot_is_known_by_its_id(
    database: Engine, supervised: Running, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 14: nothing that ran can live; no lease is waited for."""
    if not is_sqlite(database):
        pytest.skip("on a server another boot may be another machine")
    job = until(submit("steps", "training", steps=30, spin=0.02), lambda j: j.state == "running")
    supervised.leave()
    os.kill(int(job.pid or 0), signal.SIGKILL)
    supervised.children()[0].process.wait()
    monkeypatch.setenv("BENTU_BOOT_ID", "after")
    supervised.start()
    ended = until(job)
    assert (ended.state, ended.attempt, reasons(database, job)) == ("succeeded", 2, ["reboot"])
    assert ended.boot_id == "after"


@pytest.mark.parametrize("stage", ["running", "saving"])
def test_a_discarded_job_is_cancelled_within_a_second_and_leaves_nothing(
    database: Engine, supervised: Running, submit: Submit, until: Until, stage: str
) -> None:
    """Case 8."""
    steps, saving = (1000, 0) if stage == "running" else (1, 30)
    job = submit("steps", "training", steps=steps, spin=0.02, saving=saving)
    job = until(job, lambda j: j.phase == ("fit" if stage == "running" else "save"))
    moment = time.monotonic()
    queue.cancel(database, "me", job.id)
    ended = until(job)
    assert time.monotonic() - moment < 1.0
    assert ended.state == "cancelled"
    assert ended.result is None
    eventually(lambda: not alive(int(job.pid or 0)), 3)
    assert time.monotonic() - moment < 3.0
    eventually(lambda: not job.work.exists(), 3)


def test_a_job_discarded_before_it_began_is_cancelled(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Case 8, starting."""
    job = until(submit("deaf"), lambda j: j.state != "queued")
    queue.cancel(database, "me", job.id)
    ended = until(job, seconds=5)
    assert (ended.state, ended.attempt) == ("cancelled", 1)
    eventually(lambda: not supervised.children(), 5)


def test_a_process_that_ignores_everything_is_killed(
    database: Engine, supervised: Running, submit: Submit, until: Until, quick: Callable[..., None]
) -> None:
    job = until(submit("deaf", ignore=True), lambda j: j.phase == "deaf")
    os.kill(int(job.pid or 0), signal.SIGSTOP)  # it does not even see that its lease is gone
    queue.cancel(database, "me", job.id)
    assert until(job).state == "cancelled"
    eventually(lambda: not alive(int(job.pid or 0)), 3)
    eventually(lambda: queue.get(database, "me", job.id).pid is None)


def test_keeping_that_never_ends_is_a_failure_whose_folder_stays(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    job = until(submit("deaf", "training"), lambda j: j.phase == "deaf")
    queue.cancel(database, "me", job.id, "keep")
    ended = until(job)
    assert isinstance(ended.problem, StopTimedOut)
    eventually(lambda: not alive(int(job.pid or 0)))
    assert ended.work.exists()


def test_a_job_that_crashes_three_times_is_given_up_with_its_last_stack(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Case 11."""
    job = until(submit("crash", signal=int(signal.SIGABRT)))
    assert (job.state, job.attempt) == ("failed", 3)
    assert isinstance(job.problem, JobPoisoned)
    assert job.problem.params["detail"] == "SIGABRT"
    assert "in crash" in job.problem.params["stack"]
    assert reasons(database, job) == ["signal"] * 3


def test_a_crash_that_goes_away_costs_an_attempt(
    supervised: Running, submit: Submit, until: Until, database: Engine
) -> None:
    job = until(submit("crash", exit=3, until=1))
    assert (job.state, job.attempt, reasons(database, job)) == ("succeeded", 2, ["exit"])


def test_a_hung_training_is_tried_twice_and_one_that_computes_without_a_word_goes_on(
    database: Engine, submit: Submit, until: Until, quick: Callable[..., None]
) -> None:
    """Case 12."""
    quick(silence=0.4, keep=0.3)
    with Running(database):
        apart = until(submit("mute", seconds=1.5, apart=True), lambda j: j.phase == "apart")
        queue.cancel(database, "me", apart.id, "keep")
        assert until(apart).state == "succeeded", "what it waits for computes"
        busy = until(submit("mute", "training", seconds=1.5), lambda j: j.state == "running")
        queue.cancel(database, "me", busy.id, "keep")
        busy = until(busy)
        job = until(submit("hang", "training"))
    assert (busy.state, busy.attempt) == ("succeeded", 1)
    assert isinstance(job.problem, JobHung)
    assert job.attempt == 2
    assert "in hang" in job.problem.params["stack"]


def test_a_process_that_computes_may_let_its_lease_stand_for_a_while(
    database: Engine, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("deaf")
    job = lease.claim(database, "short", Timing())
    assert job is not None
    child = Child(job.id, 1, "short", job.id, os.getpid(), identity.started(os.getpid()))
    moment, busy = [0.0], [0.9]
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    monkeypatch.setattr(Child, "worked", lambda self: moment[0] * busy[0])

    def lasts(one: Child | None, share: float) -> float:
        """For how long the job is not given up."""
        watching, moment[0], busy[0] = Supervisor(database, timing=Timing(lease=30, start=30)), 0.0, share
        while not watching._lapsed(job, one):
            moment[0] += 5
        return moment[0]

    assert lasts(child, 0.0) == lasts(None, 0.9) == 35
    assert lasts(child, 0.9) == 35 * (supervisor.LONGER + 1), "but not for ever"


def test_a_process_that_stands_still_loses_its_job_and_is_ended_first(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    """Case 6 as the supervisor sees it: never two processes at once."""
    job = until(submit("deaf", seconds=0.3), lambda j: j.phase == "deaf")
    os.kill(int(job.pid or 0), signal.SIGSTOP)
    ended = until(job)
    assert (ended.state, ended.attempt, reasons(database, job)) == ("succeeded", 2, ["lapsed"])
    assert not alive(int(job.pid or 0))


def test_a_clock_that_jumps_loses_nothing(
    database: Engine, supervised: Running, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 18."""
    job = until(submit("steps", "training", steps=1000, spin=0.02), lambda j: j.phase == "fit")
    real = clock.now
    for jump in (timedelta(days=1), timedelta(hours=-1)):
        for module in (lease, queue, events):
            monkeypatch.setattr(module, "now", partial(lambda by: real() + by, jump))
        time.sleep(0.3)
    queue.cancel(database, "me", job.id, "keep")
    ended = until(job)
    assert (ended.state, ended.attempt, reasons(database, job)) == ("succeeded", 1, [])
    assert 0 < ended.seconds < 60
    assert ended.result
    assert ended.result["stopped"]  # and what there is was kept
    assert ended.result["loss"] == expected_loss(ended.result["steps"])


def test_deleting_the_row_ends_the_process_and_its_folder(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    job = until(submit("deaf"), lambda j: j.phase == "deaf")
    with write(database) as connection:
        connection.execute(delete(table))
    eventually(lambda: not alive(int(job.pid or 0)), 5)
    eventually(lambda: not job.log.parent.exists(), 5)


def test_a_nearly_full_disk_holds_jobs_back_and_says_so(
    database: Engine, supervised: Running, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 20: what waits goes on once there is space."""
    job = submit("echo")
    until(job)
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "0")
    monkeypatch.setattr("engine.storage.home.free_mb", lambda path=None: -1)
    job = submit_past_the_guard(database)
    eventually(lambda: presence.worker_state().low_space)
    assert queue.get(database, "me", job.id).state == "queued"
    monkeypatch.setattr("engine.storage.home.free_mb", lambda path=None: 10)
    assert until(job).state == "succeeded"
    eventually(lambda: not presence.worker_state().low_space)


def submit_past_the_guard(database: Engine) -> Job:
    """A job that was submitted before the disk filled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "require_space", lambda: None)
        return queue.submit(database, "me", "echo", {}, "short")


def test_the_status_says_who_works_and_what(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    until(submit("deaf", "training"), lambda j: j.phase == "deaf")
    eventually(lambda: presence.worker_state().running == {"short": 0, "training": 1})
    state = presence.worker_state()
    assert (state.pid, state.warm) == (os.getpid(), {"short": "none", "training": "none"})
    assert not state.alive  # this one works in a thread of the test, without the lock


def test_a_death_is_seen_at_once_and_nothing_of_the_group_is_left(
    database: Engine, supervised: Running, submit: Submit, until: Until
) -> None:
    job = until(submit("family"), lambda j: j.phase is not None and j.phase.startswith("child"))
    grandchild = int(str(job.phase).split()[1])
    assert alive(grandchild)
    moment = time.monotonic()
    os.kill(int(job.pid or 0), signal.SIGKILL)
    until(job, lambda j: j.attempt == 2 or j.state != "running")
    assert time.monotonic() - moment < 2
    assert not alive(grandchild)
    queue.cancel(database, "me", job.id)
    until(job)
