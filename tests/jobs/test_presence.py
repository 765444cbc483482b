"""The supervisor as a process of its own, its warm spares, and who starts and outlives whom."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine

from engine.jobs import identity, presence, queue
from engine.jobs.job import Job
from engine.jobs.presence import WorkerState
from engine.storage.home import home
from engine.storage.locks import lock
from tests.jobs.toy_program import COMMAND
from tests.jobs.watching import Until, alive, eventually

WORKER = (*COMMAND, "worker")

Submit = Callable[..., Job]


@pytest.fixture(autouse=True)
def no_worker_left(bentu_home: Path) -> Iterator[None]:
    """End the supervisor of the test's home, and see that its spares end with it."""
    yield
    state = presence.worker_state()
    family = psutil.Process(state.pid).children(recursive=True) if state.pid and alive(state.pid) else []
    if state.alive and state.pid and identity.same(state.pid, state.pid_started):
        os.kill(state.pid, signal.SIGTERM)
    eventually(lambda: not presence.worker_state().alive)
    eventually(lambda: not any(alive(p.pid) for p in family))
    for process in presence._started:
        process.wait()
    presence._started.clear()


def working() -> WorkerState:
    """The supervisor once it has said who it is."""
    eventually(lambda: presence.worker_state().alive and presence.worker_state().pid)
    state = presence.worker_state()
    assert state.pid is not None
    return state


def test_without_a_supervisor_the_state_says_so() -> None:
    assert presence.worker_state() == WorkerState()


def test_one_supervisor_starts_works_and_leaves_when_nobody_needs_it(
    database: Engine, submit: Submit, until: Until
) -> None:
    interface = presence.hold_ui_lock()
    assert presence.ui_alive()
    assert presence.ensure_supervisor(WORKER)
    state = working()
    assert not presence.ensure_supervisor(WORKER)
    assert presence.supervisor_lock(patience=0) is None
    assert os.getsid(int(state.pid or 0)) == state.pid  # detached: no terminal ends it
    time.sleep(0.6)
    assert presence.worker_state().alive  # an interface is there, so it stays beyond its idle time
    job = until(submit("deaf", seconds=0.8), lambda j: j.state == "running")
    interface.release()
    assert not presence.ui_alive()
    assert until(job).state == "succeeded"  # the interface has gone; the job goes on
    eventually(lambda: not presence.worker_state().alive)


def test_a_killed_supervisor_is_replaced_and_the_training_goes_on(
    database: Engine, submit: Submit, until: Until
) -> None:
    """Cases 3 and 4, with processes of their own."""
    stop = presence.keep_supervisor(WORKER, interval=0.1)
    try:
        first = working()
        job = submit("steps", "training", steps=1000, spin=0.02)
        running = until(job, lambda j: j.phase == "fit")
        os.kill(int(first.pid or 0), signal.SIGKILL)
        eventually(lambda: presence.worker_state().alive and presence.worker_state().pid != first.pid)
        eventually(lambda: presence.worker_state().running.get("training") == 1)
        queue.cancel(database, "me", job.id, "keep")
        ended = until(job)
    finally:
        stop()
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    eventually(lambda: not alive(int(running.pid or 0)))


def test_a_supervisor_of_older_code_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        first = working()
        eventually(lambda: presence.worker_state().code)
        monkeypatch.setattr(presence, "code_stamp", lambda: "newer")
        assert presence.ensure_supervisor(WORKER)
        eventually(lambda: presence.worker_state().pid != first.pid and presence.worker_state().alive)
        assert not alive(int(first.pid or 0))


def test_a_spare_takes_a_job_at_once_and_ends_with_its_supervisor(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_SPARES", "1")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        state = working()
        ready = {"short": "ready", "training": "ready"}
        eventually(lambda: presence.worker_state().spares == ready)
        moment = time.monotonic()
        running = until(submit("deaf", "training", seconds=0.5), lambda j: j.state == "running")
        assert time.monotonic() - moment < 1.0
        warm = until(submit("echo", "short"))
        assert warm.result
        assert warm.result["warm"]
        eventually(lambda: presence.worker_state().spares == ready)  # used ones are replaced
        spares = {p.pid for p in psutil.Process(state.pid).children()} - {running.pid}
        job = until(submit("deaf", "training", seconds=1), lambda j: j.state == "running")
        os.kill(int(state.pid or 0), signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in spares - {job.pid}))
        assert alive(int(job.pid or 0))  # a job outlives its supervisor, a spare does not
        assert until(job).state == "succeeded"  # and writes its end itself


def test_a_job_is_handed_to_a_spare_that_is_still_loading(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_SPARES", "1")
    monkeypatch.setenv("TOY_PRELOAD", "1.5")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        eventually(lambda: presence.worker_state().spares.get("short") == "loading")
        job = until(submit("echo"))
        assert job.result
        assert (job.result["warm"], job.attempt) == (True, 1)


def test_a_job_discarded_while_its_spare_loads_is_cancelled(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 8, starting."""
    monkeypatch.setenv("TOY_SPARES", "1")
    monkeypatch.setenv("TOY_PRELOAD", "30")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        eventually(lambda: presence.worker_state().spares.get("training") == "loading")
        job = until(submit("echo", "training"), lambda j: j.state == "starting" and j.pid)
        moment = time.monotonic()
        queue.cancel(database, "me", job.id)
        assert until(job).state == "cancelled"
        assert time.monotonic() - moment < 1.0
        eventually(lambda: not alive(int(job.pid or 0)), 3)


def test_a_spare_that_dies_is_not_needed(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_SPARES", "1")
    monkeypatch.setenv("TOY_PRELOAD", "nonsense")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        job = until(submit("echo"))
        assert job.state == "succeeded"
        log = home() / "logs" / "spare-short.log"
        eventually(lambda: log.exists() and "nonsense" in log.read_text())
        assert until(submit("echo")).state == "succeeded"


def test_looking_whether_there_is_a_supervisor_keeps_none_from_starting() -> None:
    with lock(home() / "worker.lock", shared=True) as looking:
        assert not presence.worker_state().alive
        threading.Timer(0.2, looking.release).start()
        held = presence.supervisor_lock()
    assert held is not None
    held.release()


def test_code_has_a_stamp() -> None:
    assert presence.code_stamp() == presence.code_stamp()
    assert len(presence.code_stamp()) == 16


def test_a_process_is_known_by_its_start_not_by_its_number() -> None:
    began = identity.started(os.getpid())
    assert identity.same(os.getpid(), began)
    assert not identity.same(os.getpid(), (began or 0) + 1)
    assert not identity.same(os.getpid(), None)
    assert identity.started(2**22 + 1) is None
    assert not identity.signal_group(1, identity.started(1), signal.SIGTERM)
    assert identity.signal_name(9) == "SIGKILL"
    assert len(identity.boot_id()) > 10
