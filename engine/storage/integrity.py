"""Is the SQLite file sound, and which copy of it is the newest sound one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from engine.errors import StorageError
from engine.storage.clock import now
from engine.storage.errors import DatabaseDamaged, DatabaseDamagedNoCopy, DiskFull
from engine.storage.locks import lock

KEEP = 3
"""Copies kept of each reason."""

QUICK_CHECK_BYTES = 256_000_000
"""A larger file is checked by its header only when Bentu starts (a quick check reads all of it)."""


def require_header(path: Path) -> None:
    """Refuse a file that is plainly no SQLite database, or that was emptied; raises `DatabaseDamaged`.

    SQLite itself looks: a file that is opened and closed beside it takes the locks away that the process holds on it (POSIX), and
    whoever closes last then removes the write-ahead log under the hands of those that still write to it.
    """
    if not path.exists():
        return
    # a file of 0 bytes is how SQLite begins a new database, but not one that has copies
    if path.stat().st_size == 0 and any(_copies(path)):
        raise damaged(path, "it is empty")
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise damaged(path, "its beginning is overwritten") from error


def require_sound(path: Path) -> None:
    """Check every page of a database of ordinary size; raises `DatabaseDamaged`."""
    if path.exists() and path.stat().st_size <= QUICK_CHECK_BYTES:
        problem = fault(path)
        if problem:
            raise damaged(path, problem)


def fault(path: Path) -> str | None:
    """What `PRAGMA quick_check` finds wrong with the file, or None."""
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return None
        return str(error)
    return None if answer == "ok" else answer.splitlines()[-1]


def damaged(path: Path, problem: str) -> StorageError:
    """The error for a damaged database, with the newest sound copy if there is one."""
    copy = next((c for c in _copies(path) if c.stat().st_size and fault(c) is None), None)
    if copy is None:
        return DatabaseDamagedNoCopy(path=str(path), problem=problem)
    return DatabaseDamaged(path=str(path), problem=problem, backup=str(copy))


def backup(path: Path, reason: str) -> Path:
    """Copy the living database (SQLite's backup API), check the copy, and keep the last three of this reason.

    Args:
        path: the database file.
        reason: part of the copy's name, for example "daily".

    Returns:
        The copy, under `backups/` beside the database.
    """
    where = path.parent / "backups"
    where.mkdir(mode=0o700, exist_ok=True)
    with lock(where / ".lock"):
        for left in where.glob("*.partial"):
            left.unlink()
        copy = where / f"{path.stem}-{now():%Y%m%dT%H%M%S%f}-{reason}.db"
        partial = copy.with_suffix(".partial")
        with (
            closing(sqlite3.connect(path, timeout=10)) as source,
            closing(sqlite3.connect(partial)) as target,
        ):
            try:
                source.backup(target)  # in one go: a write by others would start it anew
            except sqlite3.OperationalError as error:
                raise DiskFull(path=str(where)) from error
        problem = fault(partial)
        if problem:
            raise damaged(path, problem)
        partial.rename(copy)
        for old in sorted(where.glob(f"{path.stem}-*-{reason}.db"), reverse=True)[KEEP:]:
            old.unlink()
    return copy


def backup_due(path: Path, age: timedelta = timedelta(days=1)) -> bool:
    """Whether the newest copy is older than `age` (or there is none)."""
    newest = next(_copies(path), None)
    return newest is None or now().timestamp() - newest.stat().st_mtime > age.total_seconds()


def _copies(path: Path) -> Iterator[Path]:
    """Copies of the database, newest first (the time stands in the name)."""
    yield from sorted((path.parent / "backups").glob(f"{path.stem}-*.db"), reverse=True)
