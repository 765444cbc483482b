"""The supervisor as a process of its own, its fork servers, and who starts and outlives whom."""

from __future__ import annotations

import json
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
READY = {"short": "ready", "training": "ready"}


@pytest.fixture(autouse=True)
def no_worker_left(bentu_home: Path) -> Iterator[None]:
    """End the supervisor of the test's home, and see that its fork servers end with it."""
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
        eventually(lambda: not alive(int(first.pid or 0)))


def test_a_fork_server_makes_every_job_start_at_once_and_ends_with_its_supervisor(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_WARM", "short,training")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        state = working()
        eventually(lambda: presence.worker_state().warm == READY)
        servers = {p.pid for p in psutil.Process(state.pid).children()}
        moment = time.monotonic()
        running = until(submit("deaf", "training", seconds=0.5), lambda j: j.state == "running")
        assert time.monotonic() - moment < 1.0
        assert os.getpgid(int(running.pid or 0)) == running.pid
        first, second = until(submit("echo", "training")), until(submit("echo", "training"))
        assert first.result and second.result and first.result["pid"] != second.result["pid"]
        assert first.result["warm"] and second.result["warm"]
        job = until(submit("deaf", "training", seconds=1), lambda j: j.state == "running")
        assert {p.pid for p in psutil.Process(state.pid).children()} == servers | {job.pid}  # and no zombies
        os.kill(int(state.pid or 0), signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in servers))
        assert alive(int(job.pid or 0))  # a job outlives its supervisor, a fork server does not
        assert until(job).state == "succeeded"  # and writes its end itself


def test_a_forked_job_that_dies_says_by_what_and_one_of_a_dead_server_goes_on(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_WARM", "short,training")
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        state = working()
        eventually(lambda: presence.worker_state().warm == READY)
        died = until(submit("crash", signal=int(signal.SIGSEGV)))
        assert died.state == "failed"
        assert "SIGSEGV" in json.dumps(died.error)
        job = until(submit("deaf", "training", seconds=1), lambda j: j.state == "running")
        for child in psutil.Process(state.pid).children():
            if child.pid != job.pid:
                child.kill()
        eventually(lambda: presence.worker_state().warm == {"short": "none", "training": "none"})
        assert until(submit("echo")).state == "succeeded"  # from a cold start
        assert until(job).state == "succeeded"


def test_a_job_waits_for_a_fork_server_that_is_still_loading(
    database: Engine, submit: Submit, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 8, starting: it may be discarded meanwhile."""
    monkeypatch.setenv("BENTU_WARM", "short,training")
    monkeypatch.setenv("TOY_PRELOAD", "1.5")
    with presence.hold_ui_lock():
        given, discarded = submit("echo"), submit("echo")
        presence.ensure_supervisor(WORKER)
        eventually(lambda: presence.worker_state().warm.get("short") == "loading")
        moment = time.monotonic()
        queue.cancel(database, "me", discarded.id)
        assert until(discarded).state == "cancelled"
        assert time.monotonic() - moment < 1.0
        job = until(given)
        assert job.result
        assert (job.result["warm"], job.attempt) == (True, 1)


@pytest.mark.parametrize(("start", "preload"), [(20, "nonsense"), (4, "60")])
def test_a_fork_server_that_dies_or_hangs_is_not_needed(
    database: Engine,
    submit: Submit,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    quick: Callable[..., None],
    start: int,
    preload: str,
) -> None:
    monkeypatch.setenv("BENTU_WARM", "short,training")
    monkeypatch.setenv("TOY_PRELOAD", preload)
    quick(start=start)
    with presence.hold_ui_lock():
        presence.ensure_supervisor(WORKER)
        job = until(submit("echo"))
        assert job.state == "succeeded"
        assert job.result
        assert not job.result["warm"]
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
