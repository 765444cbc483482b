"""What strangers send, on its way to the studio: an append-only file in the demo's home.

Only the demo process adds to it (`engine.storage.inbox_writer`). The studio reads it without writing and keeps its own
place in it. It deletes when a demo is deleted, because that is the strangers' and the owner's right, and when the file is
above half its budget: then what the database holds durably makes room for what comes.
"""

from __future__ import annotations

import json
import os
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


BUDGET_MB = 1000
"""Megabytes (10^6 bytes) that the file may fill before feedback is refused; `BENTU_INBOX_MB` overrides it."""

AT_ONCE = 500
"""Entries of one commit at most: the other process waits for the file no longer than that takes."""


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


def last_id(path: Path) -> int:
    """The highest id that the file ever gave, also if that entry was deleted: one that is lower than before is an older copy."""
    with _reading(path) as connection:
        if connection is None:
            return 0
        found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
    return 0 if found is None else int(found[0])


def next_id(path: Path, after_id: int) -> int:
    """The id of the next entry after `after_id`, which may be unreadable; `after_id` if there is none."""
    with _reading(path) as connection:
        found = (
            None
            if connection is None
            else connection.execute("SELECT min(id) FROM entry WHERE id > ?", (after_id,)).fetchone()[0]
        )
    return after_id if found is None else int(found)


def demos_in(path: Path) -> set[str]:
    """The names of all demos of which the file holds anything."""
    with _reading(path) as connection:
        if connection is None:
            return set()
        return {d for (d,) in connection.execute("SELECT DISTINCT demo FROM entry") if isinstance(d, str)}


def read_entries(path: Path, after_id: int, limit: int) -> list[Entry]:
    """The next entries after `after_id`, at most `limit`; an inbox that is not there yet is empty.

    Raises:
        DatabaseBusy, DatabaseDamaged, DatabaseUnreachable: nothing was read.
        ValueError, TypeError, RecursionError: one of them was not written by `engine.storage.inbox_writer`.
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


def make_room(home: Path, upto: int) -> int:
    """If the inbox is above half its budget, delete the entries up to the id `upto`; returns how many that were.

    Ids are never used again, so nobody's place in the file changes.
    """
    path = home / FILE
    with _reading(path) as connection:
        if connection is None or used_bytes(connection) <= budget_bytes() // 2:
            return 0
        if connection.execute("SELECT 1 FROM entry WHERE id <= ? LIMIT 1", (upto,)).fetchone() is None:
            return 0
    count = 0
    some = "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE id <= ? ORDER BY id LIMIT ?)"
    with translated(path), closing(connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        while deleted := connection.execute(some, (upto, AT_ONCE)).rowcount:
            count += deleted
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count


def budget_bytes() -> int:
    return int(os.environ.get("BENTU_INBOX_MB") or BUDGET_MB) * 1_000_000


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the file holds; pages that erasing freed count as free."""
    size, pages, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


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
