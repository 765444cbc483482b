"""What a supervisor does once an hour: copy the database, and remove files that no row needs any more."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from contextlib import suppress

from sqlalchemy import Engine, select

from engine.errors import StorageError
from engine.storage import artifacts, integrity
from engine.storage.database import is_sqlite, read, sqlite_path
from engine.storage.home import folder, require_space
from engine.storage.tables import job

log = logging.getLogger(__name__)


def upkeep(engine: Engine) -> None:
    """Back the database up once a day, collect unused artifacts, and sweep the folders of deleted jobs."""
    try:
        require_space()
        if is_sqlite(engine) and integrity.backup_due(sqlite_path(engine.url)):
            integrity.backup(sqlite_path(engine.url), "daily")
        artifacts.collect(engine)
        if artifacts.belongs_to(engine):
            sweep_folders(engine)
            sweep_half_written()
    except (StorageError, OSError, sqlite3.Error) as problem:
        log.warning("upkeep is put off: %s", problem)


def sweep_folders(engine: Engine, *, young: float = artifacts.YOUNG_SECONDS) -> list[str]:
    """Remove logs and checkpoints of jobs whose row was deleted (with their project); the ids of these jobs."""
    limit = time.time() - young
    old = {place.name: place for place in folder("jobs").iterdir() if place.stat().st_mtime < limit}
    with read(engine) as connection:
        known = set(connection.scalars(select(job.c.id)))
    gone = sorted(old.keys() - known)
    for name in gone:
        shutil.rmtree(old[name], ignore_errors=True)
    return gone


def sweep_half_written(*, young: float = artifacts.YOUNG_SECONDS) -> list[str]:
    """Remove what processes that were killed left half-written (an export, a version); the names of these files."""
    limit, gone = time.time() - young, []
    for place in folder("tmp").iterdir():
        with suppress(FileNotFoundError):  # its process ended well meanwhile
            if place.is_file() and place.stat().st_mtime < limit:
                place.unlink()
                gone.append(place.name)
    return sorted(gone)
