"""How far an inbox file has been taken over, and whether the file is still the one that it was.

A file that was put back from an older copy gives ids a second time. It is recognised by its highest id, or by the entry
under the cursor, which is another one than then; it is then taken from its start. Feedback and alerts stay single by their
keys. Counts have no row of their own that would tell them apart, so those up to the highest id of that moment are skipped: a
visit counted too little is better than one counted twice.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from engine.storage.database import read, serialise, write
from engine.storage.inbox import Entry, last_id, read_entries
from engine.storage.tables import setting

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cursor:
    """The id of the last entry that was taken; up to `counted`, counts were added before the file was put back.

    `mark` is a digest of that entry's names, "" where it could not be read.
    """

    id: int
    counted: int = 0
    mark: str = ""


def cursor_of(connection: Connection, name: str) -> Cursor:
    """The cursor of the inbox `name`; former versions of Bentu wrote a bare number."""
    value = connection.scalar(
        select(setting.c.value).where(setting.c.owner == "", setting.c.key == f"inbox:{name}")
    )
    return Cursor(**value) if isinstance(value, dict) else Cursor(int(value or 0))


def advance(connection: Connection, name: str, to: int, last: Entry | None) -> None:
    """Move the cursor to the id `to`, which is that of the entry `last` where it could be read."""
    before = cursor_of(connection, name)
    _store(connection, name, Cursor(to, before.counted, _mark(last)))


def rewound(engine: Engine, path: Path, name: str) -> bool:
    """Put the cursor back to the start if the file is an older copy; whether it was."""
    with read(engine) as connection:
        cursor = cursor_of(connection, name)
    highest = last_id(path)  # after the cursor: it only grows
    if highest >= cursor.id and _unchanged(path, cursor):
        return False
    with write(engine, durable=True) as connection:
        serialise(connection, f"inbox:{name}")
        if cursor_of(connection, name) != cursor:
            return False
        _store(connection, name, Cursor(0, highest))
    log.warning("the inbox was put back from an older copy, and is read again from its start")
    return True


def _unchanged(path: Path, cursor: Cursor) -> bool:
    """Whether the entry under the cursor is the one that was taken; one that was deleted since may well have been."""
    if not cursor.mark:
        return True
    try:
        found = read_entries(path, cursor.id - 1, 1)
    except (ValueError, TypeError, RecursionError):
        return True
    return not found or found[0].id != cursor.id or _mark(found[0]) == cursor.mark


def _mark(entry: Entry | None) -> str:
    if entry is None:
        return ""
    names = repr((entry.kind, entry.demo, entry.key, entry.at))
    return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _store(connection: Connection, name: str, cursor: Cursor) -> None:
    value: dict[str, Any] = {"id": cursor.id, "counted": cursor.counted, "mark": cursor.mark}
    mine = (setting.c.owner == "", setting.c.key == f"inbox:{name}")
    if not connection.execute(update(setting).where(*mine).values(value=value)).rowcount:
        connection.execute(insert(setting).values(owner="", key=f"inbox:{name}", value=value))
