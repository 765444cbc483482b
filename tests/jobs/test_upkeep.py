from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from engine.jobs.job import Job
from engine.jobs.upkeep import sweep_folders, upkeep
from engine.storage import artifacts
from engine.storage.database import is_sqlite
from engine.storage.home import folder


def old_folder(name: str) -> Path:
    place = folder("jobs", name)
    (place / "log.txt").write_text("what it said")
    os.utime(place, (time.time() - 7200,) * 2)
    return place


def test_folders_of_deleted_jobs_are_swept(database: Engine, submit: Callable[..., Job]) -> None:
    kept, gone, young = old_folder(submit("echo").id), old_folder("job_gone"), folder("jobs", "job_young")
    assert sweep_folders(database) == ["job_gone"]
    assert (kept.exists(), gone.exists(), young.exists()) == (True, False, True)


def test_upkeep_copies_collects_and_sweeps(database: Engine, bentu_home: Path) -> None:
    gone = old_folder("job_gone")
    digest = artifacts.put_bytes(b"unused")
    os.utime(artifacts.path(digest), (time.time() - 7200,) * 2)
    upkeep(database)
    upkeep(database)
    assert not gone.exists()
    assert artifacts.stored_bytes() == 0
    assert len(list(bentu_home.glob("backups/*-daily.db"))) == (1 if is_sqlite(database) else 0)


def test_upkeep_waits_for_space(
    database: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = old_folder("job_gone")
    monkeypatch.setenv("BENTU_MIN_FREE_MB", str(10**12))
    upkeep(database)
    assert gone.exists()
    assert "LOW_SPACE" in caplog.text
