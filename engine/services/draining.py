"""From the demo process' inbox file into the database: every entry once, whoever dies in between.

What is in the file was written by a process that strangers talk to, so nothing in it is taken on trust: an entry that
does not read as what it claims to be is passed over and named in the log by its digest, never by its text. The cursor is kept for each
inbox file and moves in the transaction that writes the rows, so nothing is taken twice and nothing is left out
(`engine.services.inbox_cursor`). Entries of demos that are gone are erased; entries that are stored make room when it is scarce.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError, StatementError

from engine.errors import BentuError, StorageError
from engine.feedback.received import (
    AlertPayload,
    FeedbackPayload,
    TallyPayload,
    digest,
    fair_name,
    read_payload,
)
from engine.services.erasing import erase, erase_gone, owe, owed
from engine.services.inbox_cursor import Cursor, advance, cursor_of, rewound
from engine.storage.clock import now
from engine.storage.database import insert_new, read, serialise, write
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, Entry, inbox_id, make_room, next_id, read_entries
from engine.storage.tables import demo, demo_alert, feedback, new_id

log = logging.getLogger(__name__)

BATCH = 200
"""Entries of one transaction: the lock on the database is held for a few milliseconds at a time."""

UNREADABLE = (ValueError, TypeError, RecursionError)
"""What `read_entries` raises for what the writer of the inbox never wrote."""

SETTLED_SECONDS = 0.2
"""A file that was written to more recently may be written to again without its stamps showing it."""


def drain(engine: Engine, home: Path) -> int:
    """Take everything new out of the inbox file in `home`, for all owners; how many new pieces of feedback came.

    Raises:
        StorageError: the database does not take it at the moment. Nothing is lost: what was not taken waits in the file.
    """
    path = home / FILE
    name = inbox_id(path)
    if name is None:
        return 0
    rewound(engine, path, name)
    taken = 0
    while True:
        with read(engine) as connection:
            cursor = cursor_of(connection, name)
        try:
            entries = read_entries(path, cursor.id, BATCH)
        except UNREADABLE:  # one of them is not even JSON: up to it one by one, and then past it
            entries = _readable(path, cursor.id)
            if not entries:
                log.warning("the entry after %d of the inbox cannot be read and was passed over", cursor.id)
                _move(engine, name, next_id(path, cursor.id))
            else:
                taken += _step(engine, home, name, cursor, entries)
            continue
        if not entries:
            _clear(engine, home, cursor.id)
            return taken
        taken += _step(engine, home, name, cursor, entries)


def _step(engine: Engine, home: Path, name: str, cursor: Cursor, entries: Sequence[Entry]) -> int:
    """Take the entries that follow `cursor` and move it, in one transaction; how many pieces of feedback were new."""
    gone: set[str] = set()
    try:
        with write(engine, durable=True) as connection:
            serialise(connection, f"inbox:{name}")
            if cursor_of(connection, name).id != cursor.id:  # another process has taken these
                return 0
            taken = _take(connection, entries, gone, counted=cursor.counted)
            advance(connection, name, entries[-1].id, entries[-1])
    except (IntegrityError, DataError, StatementError, ValueError, OverflowError) as problem:
        if not _unstorable(problem):
            raise
        # One of the entries cannot be stored, or its demo was just deleted. One by one, so that it holds up no other.
        if len(entries) > 1:
            before = [cursor.id, *(e.id for e in entries[:-1])]
            return sum(
                _step(engine, home, name, Cursor(at, cursor.counted), [e])
                for at, e in zip(before, entries, strict=True)
            )
        log.warning("an entry cannot be stored: %s", type(problem).__name__)
        _passed_over(entries[0])
        _move(engine, name, entries[0].id)
        owe()
        return 0
    erase(home, sorted(gone))
    return taken


def _unstorable(problem: Exception) -> bool:
    """Whether it is the entry's fault. A deadlock, a lock or a lost connection is not, and the entry is tried again."""
    if isinstance(problem, StatementError) and not isinstance(problem, (IntegrityError, DataError)):
        return type(problem) is StatementError and isinstance(
            problem.orig, (ValueError, TypeError, OverflowError)
        )
    return True


def _clear(engine: Engine, home: Path, upto: int) -> None:
    """Erase what could not be erased before, and make room if it is scarce; that it failed is no reason not to drain."""
    try:
        if owed():
            erase_gone(engine, home)
        if made := make_room(home, upto):
            log.info(
                "%d entries that the database holds were removed from the inbox, which was half full", made
            )
    except (BentuError, OSError) as problem:
        log.warning("the inbox could not be tidied: %s", problem)


class Drain:
    """Drains when the file has changed since the last time; asking costs two `stat` calls. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self._seen: tuple[Any, ...] | None = None

    def __call__(self) -> int:
        """Take what is new, unless another thread is at it; how many new pieces of feedback came."""
        if not self._lock.acquire(blocking=False):
            return 0
        try:
            home = demo_home()
            mark, written = _mark(home)
            if mark == self._seen and not owed():
                return 0
            taken = drain(self._engine, home)
            self._seen = mark if time.time() - written > SETTLED_SECONDS else None
            return taken
        finally:
            self._lock.release()


def keep_draining(engine: Engine, interval: float = 2.0) -> Callable[[], None]:
    """Drain from a thread every `interval` seconds; returns what stops the thread.

    A failure is logged once and tried again: strangers go on writing to the file meanwhile.
    """
    over, take = threading.Event(), Drain(engine)

    def run() -> None:
        failed = ""
        while not over.wait(interval):
            try:
                if taken := take():
                    log.info("%d new pieces of feedback", taken)
                failed = ""
            except (StorageError, OSError) as problem:
                if str(problem) != failed:
                    log.warning("feedback waits in the demo's inbox: %s", problem)
                failed = str(problem)
            except Exception as problem:
                # A thread that has died would drain nothing any more. The message may hold a stranger's text: not for the log.
                if repr(type(problem)) != failed:
                    where = "".join(traceback.format_tb(problem.__traceback__))
                    log.error("feedback waits in the demo's inbox: %s\n%s", type(problem).__name__, where)
                failed = repr(type(problem))

    thread = threading.Thread(target=run, name="keep-draining", daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join()

    return stop


def _mark(home: Path) -> tuple[tuple[Any, ...], float]:
    """What changes when the inbox file is written to (its write-ahead log counts), and when that last was."""
    marks, latest = [], 0.0
    for path in (home / FILE, home / f"{FILE}-wal"):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        marks.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
        latest = max(latest, stat.st_mtime)
    return tuple(marks), latest


def _take(connection: Connection, entries: Sequence[Entry], gone: set[str], *, counted: int) -> int:
    """Write a batch; how many pieces of feedback were new.

    Args:
        gone: gets the names of demos that have no row.
        counted: up to this id, counts were added before.
    """
    named = {e.demo for e in entries if fair_name(e.demo)}
    query = select(demo.c.id, demo.c.owner, demo.c.project_id, demo.c.token_digest)
    found = connection.execute(query.where(or_(demo.c.id.in_(named), demo.c.token_digest.in_(named)))).all()
    demos = {row.id: row for row in found}
    by_link = {
        row.token_digest: row for row in found
    }  # an alert names the link where no demo can be believed
    visits, answers, lost = Counter[str](), Counter[str](), Counter[str]()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        payload = read_payload(entry.kind, entry.demo, entry.key, entry.payload)
        if payload is None:
            _passed_over(entry)
            continue
        row = demos.get(entry.demo) or (by_link.get(entry.demo) if entry.kind == "alert" else None)
        if row is None:
            lost[entry.kind] += 1
            if entry.demo not in by_link:  # there, it is another kind of entry under a link that lives
                gone.add(entry.demo)
            continue
        if isinstance(payload, TallyPayload):
            if entry.id <= counted:
                continue
            visits[row.id] += payload.visits
            answers[row.id] += payload.answers
        elif isinstance(payload, AlertPayload):
            alert = {"id": new_id("alr"), "owner": row.owner, "demo_id": row.id, "key": entry.key,
                     "error": payload.error.model_dump(), "at": entry.at}  # fmt: skip
            insert_new(connection, demo_alert, alert)
        elif isinstance(payload, FeedbackPayload):
            rows.setdefault((row.id, entry.key), _feedback_row(row, entry, payload))
    for demo_id in visits.keys() | answers.keys():
        connection.execute(
            update(demo).where(demo.c.id == demo_id)
            .values(visits=demo.c.visits + visits[demo_id], answers=demo.c.answers + answers[demo_id])
        )  # fmt: skip
    if lost:
        log.info("entries of demos that are gone were passed over: %s", dict(lost))
    return _insert_feedback(connection, rows)


def _insert_feedback(connection: Connection, rows: dict[tuple[str, str], dict[str, Any]]) -> int:
    """Insert what is not there yet; how many that was."""
    if not rows:
        return 0
    known = connection.execute(
        select(feedback.c.demo_id, feedback.c.key)
        .where(feedback.c.demo_id.in_({d for d, _ in rows}), feedback.c.key.in_({k for _, k in rows}))
    )  # fmt: skip
    there = {(row.demo_id, row.key) for row in known}
    new = [row for place, row in rows.items() if place not in there]
    if new:
        insert_new(connection, feedback, new)
    return len(new)


def _feedback_row(row: Any, entry: Entry, payload: FeedbackPayload) -> dict[str, Any]:
    return {
        "id": new_id("fbk"), "owner": row.owner, "project_id": row.project_id, "demo_id": row.id, "key": entry.key,
        **payload.model_dump(), "received": entry.at, "state": "pending", "label": None, "revision": 0,
        "updated": now(), "dataset_version_id": None,
    }  # fmt: skip


def _passed_over(entry: Entry) -> None:
    log.warning(
        "entry %s of the inbox is malformed and was passed over (sha256 %s)", entry.id, digest(entry.payload)
    )


def _readable(path: Path, cursor: int) -> list[Entry]:
    """The next entry, in a list; an empty one if it cannot be read."""
    try:
        return read_entries(path, cursor, 1)
    except UNREADABLE:
        return []


def _move(engine: Engine, name: str, to: int) -> None:
    with write(engine, durable=True) as connection:
        serialise(connection, f"inbox:{name}")
        if cursor_of(connection, name).id < to:
            advance(connection, name, to, None)
