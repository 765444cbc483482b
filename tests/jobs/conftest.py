"""A fresh database, quick timing, and a supervisor in the test's own process over real child processes."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import toy_program
from sqlalchemy import Engine, create_engine, make_url, text

from engine.jobs import queue
from engine.jobs.job import Job
from engine.jobs.supervisor import Supervisor
from engine.storage.database import open_database
from engine.storage.migrations import migrate

QUICK = {
    "lease": 3.0, "heartbeat": 0.3, "start": 20.0, "poll": 0.02, "pulse": 0.05, "discard": 0.4, "keep": 1.5,
    "kill": 0.4, "finish": 5.0, "silence": 60.0, "idle": 0.3, "respawn": 0.05, "status": 0.05,
}  # fmt: skip

Until = Callable[..., Job]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, bentu_home: Path) -> Callable[..., None]:
    """Short durations in this process and its children; call it to change single ones."""

    def change(**durations: float) -> None:
        monkeypatch.setenv("BENTU_TIMING", json.dumps(QUICK | durations))

    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1")
    change()
    return change


@pytest.fixture
def server_schema(monkeypatch: pytest.MonkeyPatch, bentu_home: Path) -> Iterator[None]:
    """With a server in BENTU_TEST_DATABASE_URL: an empty schema that the URL leads to, dropped afterwards."""
    server = os.environ.get("BENTU_TEST_DATABASE_URL")
    if not server:
        yield
        return
    schema = f"test_{secrets.token_hex(6)}"
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    monkeypatch.setenv("BENTU_DATABASE_URL", url.render_as_string(hide_password=False))
    yield
    with admin.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture
def database(server_schema: None) -> Iterator[Engine]:
    """A migrated, empty database."""
    engine = open_database()
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def submit(database: Engine) -> Callable[..., Job]:
    """Queue toy work of the owner "me"."""

    def put(kind: str, lane: str = "short", owner: str = "me", **spec: Any) -> Job:
        return queue.submit(database, owner, kind, spec, lane)  # type: ignore[arg-type]

    return put


@pytest.fixture
def until(database: Engine) -> Until:
    """Wait until a condition on the job holds (by default: it is over); the job as it is then."""

    def wait(job: Job, condition: Callable[[Job], object] = lambda j: j.over, seconds: float = 30) -> Job:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = queue.get(database, job.owner, job.id)
            if condition(job):
                return job
            time.sleep(0.01)
        raise AssertionError(f"waited {seconds} s in vain: {job}\n{job.log_tail()}")

    return wait


class Running:
    """A supervisor that works in a thread, and may be killed: its children live on and a successor finds them."""

    def __init__(self, engine: Engine, **options: Any) -> None:
        self.engine, self.options = engine, {"spares": False, "command": toy_program.COMMAND} | options
        self.pids: set[tuple[int, float | None]] = set()
        self.start()

    def start(self) -> None:
        self.supervisor = Supervisor(self.engine, **self.options)
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self.supervisor.work, args=(self._asked, True))
        self._thread.start()

    def leave(self) -> None:
        self._asked.set()
        self._thread.join()

    def children(self) -> list[Any]:
        return list(self.supervisor._children.values())


@pytest.fixture
def supervised(database: Engine) -> Iterator[Running]:
    """A supervisor of toy work; whatever it started is gone afterwards."""
    running = Running(database)
    yield running
    running.leave()
    for child in running.children():
        with suppress(ProcessLookupError, PermissionError):
            if child.ours:
                os.killpg(child.pid, signal.SIGKILL)
        if child.process is not None:
            child.process.wait()


def alive(pid: int) -> bool:
    """Whether the process lives (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
