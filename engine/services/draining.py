"""From the demo process' inbox file into the database: every entry once, whoever dies in between.

What is in the file was written by a process that strangers talk to, so nothing in it is taken on trust: an entry that
does not read as what it claims to be is passed over and named in the log by its digest, never by its text. The cursor is kept for each
inbox file and moves in the transaction that writes the rows, so nothing is taken twice and nothing is left out.
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

from sqlalchemy import Connection, Engine, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import StorageError
from engine.feedback.received import (
    AlertPayload,
    FeedbackPayload,
    TallyPayload,
    digest,
    fair_name,
    read_payload,
)
from engine.storage.clock import now
from engine.storage.database import insert_new, read, serialise, write
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, Entry, inbox_id, read_entries
from engine.storage.tables import demo, demo_alert, feedback, new_id, setting

log = logging.getLogger(__name__)

BATCH = 200
"""Entries of one transaction: the lock on the database is held for a few milliseconds at a time."""

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
    taken = 0
    while True:
        with read(engine) as connection:
            cursor = _cursor(connection, name)
        try:
            entries = read_entries(path, cursor, BATCH)
        except ValueError:  # one of them is not even JSON: up to it one by one, and then past it
            entries = _readable(path, cursor)
            if not entries:
                log.warning("the entry after %d of the inbox cannot be read and was passed over", cursor)
                _move(engine, name, cursor + 1)
            else:
                taken += _step(engine, name, cursor, entries)
            continue
        if not entries:
            return taken
        taken += _step(engine, name, cursor, entries)


def _step(engine: Engine, name: str, cursor: int, entries: Sequence[Entry]) -> int:
    """Take the entries that follow `cursor` and move it, in one transaction; how many pieces of feedback were new."""
    try:
        with write(engine, durable=True) as connection:
            serialise(connection, f"inbox:{name}")
            if _cursor(connection, name) != cursor:  # another process has taken these
                return 0
            taken = _take(connection, entries)
            _advance(connection, name, entries[-1].id)
            return taken
    except (SQLAlchemyError, ValueError) as problem:
        # Not that the database is away, which is a StorageError: one of the entries cannot be stored, or its demo was just
        # deleted. One by one, so that it holds up no other.
        if len(entries) > 1:
            before = [cursor, *(e.id for e in entries[:-1])]
            return sum(_step(engine, name, at, [e]) for at, e in zip(before, entries, strict=True))
        log.warning("an entry cannot be stored: %s", type(problem).__name__)
        _passed_over(entries[0])
        _move(engine, name, entries[0].id)
        return 0


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
            if mark == self._seen:
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


def _take(connection: Connection, entries: Sequence[Entry]) -> int:
    """Write a batch; how many pieces of feedback were new."""
    named = {e.demo for e in entries if fair_name(e.demo)}
    query = select(demo.c.id, demo.c.owner, demo.c.project_id, demo.c.token_digest)
    found = connection.execute(query.where(or_(demo.c.id.in_(named), demo.c.token_digest.in_(named)))).all()
    demos = {row.id: row for row in found}
    by_link = {
        row.token_digest: row for row in found
    }  # an alert names the link where no demo can be believed
    visits, answers, gone = Counter[str](), Counter[str](), Counter[str]()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        payload = read_payload(entry.kind, entry.demo, entry.key, entry.payload)
        if payload is None:
            _passed_over(entry)
            continue
        row = demos.get(entry.demo) or (by_link.get(entry.demo) if entry.kind == "alert" else None)
        if row is None:
            gone[entry.kind] += 1
            continue
        if isinstance(payload, TallyPayload):
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
    if gone:
        log.info("entries of demos that are gone were passed over: %s", dict(gone))
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


def _cursor(connection: Connection, name: str) -> int:
    value = connection.scalar(
        select(setting.c.value).where(setting.c.owner == "", setting.c.key == f"inbox:{name}")
    )
    return int(value or 0)


def _passed_over(entry: Entry) -> None:
    log.warning(
        "entry %s of the inbox is malformed and was passed over (sha256 %s)", entry.id, digest(entry.payload)
    )


def _readable(path: Path, cursor: int) -> list[Entry]:
    """The next entry, in a list; an empty one if it cannot be read."""
    try:
        return read_entries(path, cursor, 1)
    except ValueError:
        return []


def _move(engine: Engine, name: str, to: int) -> None:
    with write(engine, durable=True) as connection:
        serialise(connection, f"inbox:{name}")
        if _cursor(connection, name) < to:
            _advance(connection, name, to)


def _advance(connection: Connection, name: str, to: int) -> None:
    mine = (setting.c.owner == "", setting.c.key == f"inbox:{name}")
    if not connection.execute(update(setting).where(*mine).values(value=to)).rowcount:
        connection.execute(insert(setting).values(owner="", key=f"inbox:{name}", value=to))
