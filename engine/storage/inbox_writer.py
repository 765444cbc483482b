"""The demo process's end of the inbox: many requests, one commit, and an answer only after the disk has it.

A writer thread gathers what has come meanwhile and commits it at once (group commit): two hundred requests of the same
moment cost a few waits for the disk instead of two hundred.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import N_, StorageError
from engine.storage.clock import now
from engine.storage.database import sqlite_error
from engine.storage.errors import DatabaseUnreachable
from engine.storage.home import require_local, require_writable
from engine.storage.inbox import BUSY_SECONDS, FILE, connect, translated
from engine.storage.integrity import require_header

log = logging.getLogger(__name__)

BUDGET_MB = 1000
"""Megabytes (10^6 bytes) that the file may fill before feedback is refused; `BENTU_INBOX_MB` overrides it."""

RESERVE_MB = 16
"""Beyond that, for alerts and counts: the owner still learns why no feedback comes."""

AT_ONCE = 500
"""Entries of one commit at most."""

Kind = Literal["feedback", "tally", "alert"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, demo TEXT NOT NULL, key TEXT NOT NULL,
    payload TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (demo, kind, key));
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS entry_is_append_only BEFORE UPDATE ON entry
    BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
"""


class InboxBudgetSpent(StorageError):
    code = "INBOX_BUDGET_SPENT"
    message = N_("The inbox of the demos has reached {limit} MB, so no further feedback is taken.")
    remedy = N_("Delete demos that are no longer needed, or set BENTU_INBOX_MB to more.")


@dataclass(frozen=True)
class _Task:
    """What waits for the next commit: an entry, or with `kind` None a note in `meta`."""

    kind: Kind | None
    demo: str
    key: str
    value: str
    done: Future[str | None]


class Inbox:
    """The inbox in the folder `home`, made if it is not there. Safe to share between threads; close it at the end.

    Raises:
        HomeNotWritable, NetworkFilesystem, DatabaseDamaged, DiskFull: the file cannot be used.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        require_writable(home)
        require_local(self.path)
        require_header(self.path)
        self.path.touch(mode=0o660)  # what the umask leaves of it: a studio of another user erases here
        self._limit = int(os.environ.get("BENTU_INBOX_MB") or BUDGET_MB)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._closed = False
        self._gate = threading.Lock()
        with translated(self.path):
            connection = connect(self.path)
            connection.executescript(_SCHEMA)
            connection.execute(
                "INSERT INTO meta VALUES ('inbox', ?) ON CONFLICT DO NOTHING", (secrets.token_hex(16),)
            )
        self._thread = threading.Thread(target=self._run, args=(connection,), name="inbox", daemon=True)
        self._thread.start()

    def append(self, kind: Kind, demo: str, key: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """Keep an entry durably, once: None if it is new, else the payload that was kept under its key earlier.

        Raises:
            InboxBudgetSpent, DiskFull, DatabaseBusy, DatabaseUnreachable: nothing was kept; earlier entries are intact.
        """
        text = json.dumps(dict(payload), sort_keys=True, allow_nan=False)
        earlier = self._submit(kind, demo, key, text).result()
        return None if earlier is None else dict(json.loads(earlier))

    def post(
        self, kind: Kind, demo: str, key: str, payload: Mapping[str, Any], failed: Callable[[], None]
    ) -> None:
        """As `append`, but nobody waits; `failed` is called, in the writer's thread, if nothing could be kept."""
        text = json.dumps(dict(payload), sort_keys=True, allow_nan=False)
        done = self._submit(kind, demo, key, text)
        done.add_done_callback(lambda ended: failed() if ended.exception() else None)

    def remember(self, key: str, value: str) -> None:
        """Keep a note of the demo process itself; it is written soon, and nobody waits for it."""
        self._submit(None, "", key, value)

    def recall(self, prefix: str) -> dict[str, str]:
        """The notes whose key begins with `prefix`."""
        with translated(self.path), closing(connect(self.path)) as connection:
            notes = connection.execute("SELECT key, value FROM meta").fetchall()
        return {str(key): str(value) for key, value in notes if str(key).startswith(prefix)}

    def close(self) -> None:
        """Commit what waits, and close the file."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._tasks.put(None)
        self._thread.join()

    def _submit(self, kind: Kind | None, demo: str, key: str, value: str) -> Future[str | None]:
        done: Future[str | None] = Future()
        with self._gate:
            if not self._closed:
                self._tasks.put(_Task(kind, demo, key, value, done))
                return done
        done.set_exception(DatabaseUnreachable(problem="the process is ending"))
        return done

    def _run(self, connection: sqlite3.Connection) -> None:
        with closing(connection):
            ended = False
            while not ended:
                tasks = [self._tasks.get()]
                with suppress(queue.Empty):
                    while len(tasks) < AT_ONCE:
                        tasks.append(self._tasks.get_nowait())
                ended = None in tasks
                self._commit(connection, [task for task in tasks if task is not None])

    def _commit(self, connection: sqlite3.Connection, batch: list[_Task]) -> None:
        """Write the batch in one transaction, then answer each of its requests; a failure is every request's answer."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            room = self._room(connection)
            found: list[str | StorageError | None] = []
            for task in batch:
                room -= len(task.value)
                found.append(self._keep(connection, task, room))
            connection.execute("COMMIT")
        except Exception as problem:  # the thread must live on, and nobody may wait for ever
            log.error("the inbox could not be written: %s", problem)
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for task in batch:
                task.done.set_exception(sqlite_error(problem, self.path, BUSY_SECONDS) or problem)
            return
        for task, outcome in zip(batch, found, strict=True):
            if isinstance(outcome, StorageError):
                task.done.set_exception(outcome)
            else:
                task.done.set_result(outcome)

    def _keep(self, connection: sqlite3.Connection, task: _Task, room: int) -> str | StorageError | None:
        if task.kind is None:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (task.key, task.value))
            return None
        name = (task.demo, task.kind, task.key)
        same = "SELECT payload FROM entry WHERE demo = ? AND kind = ? AND key = ?"
        earlier = connection.execute(same, name).fetchone()
        if earlier is not None:
            return str(earlier[0])
        if room < (0 if task.kind == "feedback" else -RESERVE_MB * 1_000_000):
            return InboxBudgetSpent(limit=self._limit)
        connection.execute(
            "INSERT INTO entry (demo, kind, key, payload, at) VALUES (?, ?, ?, ?, ?)",
            (*name, task.value, now().isoformat()),
        )
        return None

    def _room(self, connection: sqlite3.Connection) -> int:
        """Bytes left in the budget; pages that erasing freed count as free."""
        size, pages, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
        return int(self._limit * 1_000_000 - size * (pages - free))
