"""A fresh database, quick timing, and a supervisor in the test's own process over real child processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from engine.jobs import queue
from engine.jobs.job import Job
from engine.storage.database import open_database
from engine.storage.migrations import migrate
from tests.jobs.watching import Running, Until

QUICK = {
    "lease": 3.0, "heartbeat": 0.3, "start": 20.0, "poll": 0.02, "pulse": 0.05, "discard": 0.4, "keep": 1.5,
    "kill": 0.4, "finish": 5.0, "silence": 60.0, "idle": 0.3, "status": 0.05,
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, bentu_home: Path) -> Callable[..., None]:
    """Short durations in this process and its children; call it to change single ones."""

    def change(**durations: float) -> None:
        monkeypatch.setenv("BENTU_TIMING", json.dumps(QUICK | durations))

    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1")
    monkeypatch.setenv("BENTU_WARM", "")
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
def database(server_schema: None, empty_database: Path, bentu_home: Path) -> Iterator[Engine]:
    """A migrated, empty database."""
    if "BENTU_DATABASE_URL" not in os.environ:
        shutil.copy(empty_database, bentu_home / "bentu.db")
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
            time.sleep(0.02)
        raise AssertionError(f"waited {seconds} s in vain: {job}\n{job.log_tail()}")

    return wait


@pytest.fixture
def supervised(database: Engine) -> Iterator[Running]:
    """A supervisor of toy work; whatever it started is gone afterwards."""
    with Running(database) as running:
        yield running
