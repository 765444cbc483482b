"""What strangers send, on its way to the studio: an append-only file in the demo's home.

Only the demo process adds to it (`engine.storage.inbox_writer`). The studio reads it without writing and keeps its own
place in it; it deletes only when a demo is deleted, because that is the strangers' and the owner's right.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.storage.database import sqlite_error

FILE = "inbox.db"
"""Its name in the demo's home."""

BUSY_SECONDS = 10.0
"""How long one process waits for the other: the demo process commits, the studio erases."""


@dataclass(frozen=True)
class Entry:
    """One thing that a demo sent. `kind` is "feedback", "tally" or "alert"; `key` is unique among a demo's entries of one kind.

    Ids grow in the order of the commits and are never used again.
    """

    id: int
    kind: str
    demo: str
    key: str
    payload: Mapping[str, Any]
    at: datetime


def inbox_id(path: Path) -> str | None:
    """The random name of the inbox in the file `path`: one that was made anew has another. None where there is none yet."""
    with _reading(path) as connection:
        if connection is None:
            return None
        found = connection.execute("SELECT value FROM meta WHERE key = 'inbox'").fetchone()
    return None if found is None else str(found[0])


def read_entries(path: Path, after_id: int, limit: int) -> list[Entry]:
    """The next entries after `after_id`, at most `limit`; an inbox that is not there yet is empty.

    Raises:
        DatabaseBusy, DatabaseDamaged, DatabaseUnreachable: nothing was read.
    """
    wanted = "SELECT id, kind, demo, key, payload, at FROM entry WHERE id > ? ORDER BY id LIMIT ?"
    with _reading(path) as connection:
        rows = [] if connection is None else connection.execute(wanted, (after_id, limit)).fetchall()
    return [
        Entry(number, kind, demo, key, json.loads(payload), datetime.fromisoformat(at))
        for number, kind, demo, key, payload, at in rows
    ]


def forget_demo(home: Path, demo: str) -> int:
    """Erase all that strangers sent to a demo from the inbox in the demo's home; returns how many entries that were.

    What is erased is overwritten in the file, and the write-ahead log, which may hold a copy, is emptied.
    """
    path = home / FILE
    if not path.is_file():
        return 0
    with translated(path), closing(connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        count = connection.execute("DELETE FROM entry WHERE demo = ?", (demo,)).rowcount
        connection.execute("DELETE FROM meta WHERE key LIKE 'link:%' AND instr(value, ?)", (demo,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def connect(path: Path) -> sqlite3.Connection:
    """The file for writing: every commit waits until the disk has it."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what SQLite says about the file `path` into our errors."""
    try:
        yield
    except sqlite3.Error as problem:
        raise sqlite_error(problem, path, BUSY_SECONDS) or problem from problem


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that cannot write, or None where there is no file, or none that was set up, yet."""
    if not path.is_file() or path.stat().st_size == 0:
        yield None
        return
    address = f"{path.absolute().as_uri()}?mode=ro"
    with translated(path), closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('entry', 'meta')")
        yield connection if made.fetchone()[0] == 2 else None
