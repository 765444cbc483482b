"""The demo process's end of the inbox: many requests, one commit, and an answer only after the disk has it.

A writer thread gathers what has come meanwhile and commits it at once (group commit): two hundred requests of the same
moment cost a few waits for the disk instead of two hundred.
"""

from __future__ import annotations

import json
import logging
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
from engine.storage.inbox import (
    AT_ONCE,
    BUSY_SECONDS,
    FILE,
    budget_bytes,
    connect,
    translated,
    used_bytes,
)
from engine.storage.integrity import require_header

log = logging.getLogger(__name__)

RESERVE_MB = 16
"""Beyond the budget, for alerts and counts: the owner still learns why no feedback comes."""

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
    remedy = N_(
        "Start the studio, which takes over what waits and makes room; or delete demos, or set BENTU_INBOX_MB to more."
    )


class InboxShareSpent(InboxBudgetSpent):
    code = "INBOX_SHARE_SPENT"
    message = N_("This demo fills half of the inbox of {limit} MB, so no further feedback on it is taken.")


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
        self._budget = budget_bytes()
        self._shares = _Shares()
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
                room -= _size(task)
                found.append(self._keep(connection, task, room))
            connection.execute("COMMIT")
        except Exception as problem:  # the thread must live on, and nobody may wait for ever
            log.error("the inbox could not be written: %s", problem)
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            self._shares = _Shares()  # what it counted of this batch is not there
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
            return InboxBudgetSpent(limit=self._budget // 1_000_000)
        # below half of the budget nobody can have more than half of it, and nothing needs to be counted
        scarce = task.kind == "feedback" and room + _size(task) < self._budget // 2
        if scarce and not self._shares.allow(connection, task, self._budget // 2):
            return InboxShareSpent(limit=self._budget // 1_000_000)
        connection.execute(
            "INSERT INTO entry (demo, kind, key, payload, at) VALUES (?, ?, ?, ?, ?)",
            (*name, task.value, now().isoformat()),
        )
        self._shares.add(task)
        return None

    def _room(self, connection: sqlite3.Connection) -> int:
        """Bytes left in the budget."""
        return self._budget - used_bytes(connection)


class _Shares:
    """How much each demo has in the file: counted when it first matters, and again once the studio has deleted something."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] | None = None
        self._seen = -1

    def add(self, task: _Task) -> None:
        if self._sizes is not None:
            self._sizes[task.demo] = self._sizes.get(task.demo, 0) + _size(task)

    def allow(self, connection: sqlite3.Connection, task: _Task, most: int) -> bool:
        """Whether the demo fills less than `most` bytes.

        The entry that crosses the line is let in: who is refused fills half of the file, and above that the studio makes room.
        """
        if self._fits(task, most):
            return True
        version = connection.execute("PRAGMA data_version").fetchone()[0]  # changes with others' commits only
        if self._sizes is None or version != self._seen:
            self._sizes, self._seen = dict(connection.execute(_SIZES).fetchall()), version
        return self._fits(task, most)

    def _fits(self, task: _Task, most: int) -> bool:
        return self._sizes is not None and self._sizes.get(task.demo, 0) < most


_SIZES = """
SELECT demo, sum(length(payload) + 2 * (length(demo) + length(kind) + length(key)) + 40) FROM entry GROUP BY demo
"""


def _size(task: _Task) -> int:
    """Bytes that an entry takes, about: its text, and its names twice, in the table and in the index (as `_SIZES` counts)."""
    return len(task.value) + 2 * (len(task.demo) + len(task.kind or "") + len(task.key)) + 40
