"""Files on their way in: streamed to disk under a server-made id, looked at, then imported or discarded.

A file's own name is display data only. Uploads that nobody imports are removed after a day.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.data.readers import MAX_BYTES, FileTooLarge, check_readable
from engine.errors import NotFound
from engine.storage.errors import DiskFull
from engine.storage.home import folder
from engine.storage.tables import new_id

KEEP_SECONDS = 24 * 3600
KEEP_HALF_SECONDS = 3600
"""Without a byte: one that is still coming in is written to all the time."""
_CHUNK = 1 << 20
_ID = r"upl_[a-z0-9]{1,64}"


@dataclass(frozen=True)
class Upload:
    """A staged file: `name` is what the person called it, `size` is in bytes."""

    id: str
    name: str
    size: int


class Incoming:
    """A file while it is written under BENTU_HOME/uploads, part by part; nobody finds it before `finish`.

    Args:
        name: What the person called it.
        owner: Whose it is.
        session: The tab that sends it and must `take` it; None for one that is found by its owner at once.
        limit: Largest size in bytes, never above `MAX_BYTES`.
        table: Whether only what can be read as a table is kept.
    """

    def __init__(
        self, name: str, owner: str, session: str | None = None, limit: int | None = None, table: bool = True
    ) -> None:
        self.size = 0
        self._name, self._owner, self._session, self._table = name[:255], owner, session, table
        self._limit = MAX_BYTES if limit is None else min(limit, MAX_BYTES)
        self._id = new_id("upl")
        self._place = folder("uploads") / self._id
        self._place.mkdir()
        self._out = (self._place / "content").open("wb")

    def write(self, part: bytes) -> None:
        """Add the next part; raises `FileTooLarge` before it writes a byte above the limit, `DiskFull`."""
        check_size(self.size + len(part), self._limit)
        with _full_disk_said():
            self._out.write(part)
        self.size += len(part)

    def finish(self) -> Upload:
        """Close the file and let it be found; one that cannot be read as any kind raises its `DataError`."""
        sweep()
        known = {"name": self._name, "size": self.size, "owner": self._owner, "session": self._session}
        with _full_disk_said():
            self._out.close()
            if self._table:
                check_readable(self._place / "content", self._name)
            _write_whole(self._place / "name.json", json.dumps(known))
        return Upload(self._id, self._name, self.size)

    def abandon(self) -> None:
        """Remove what came so far."""
        with suppress(OSError):  # what could not be written cannot be closed either
            self._out.close()
        shutil.rmtree(self._place, ignore_errors=True)


def stage(source: BinaryIO | bytes, name: str, owner: str = "local") -> Upload:
    """Write a file under BENTU_HOME/uploads, refusing one above the limit before it fills the disk.

    A file that cannot be read as any kind (an archive, a document, a program ...) raises its `DataError` and is not kept.
    """
    incoming = Incoming(name, owner)
    try:
        with _full_disk_said():
            if isinstance(source, bytes):
                incoming.write(source)
            else:
                while chunk := source.read(_CHUNK):
                    incoming.write(chunk)
        return incoming.finish()
    except BaseException:
        incoming.abandon()
        raise


def find(upload_id: str, owner: str | None = None) -> tuple[Path, Upload]:
    """The staged file and what is known of it; raises `NotFound`, also for one that the sending tab did not take yet."""
    place, known = _known(upload_id, owner)
    if known.get("session") is not None:
        raise NotFound(kind="upload", id=upload_id[:100])
    return place / "content", Upload(upload_id, known["name"], known["size"])


def take(upload_id: str, owner: str, session: str) -> Upload:
    """The file that this tab sent, from now on found by its owner; raises `NotFound` for that of another tab."""
    place, known = _known(upload_id, owner)
    if known.get("session") not in (None, session):
        raise NotFound(kind="upload", id=upload_id[:100])
    if known.get("session") is not None:
        _write_whole(place / "name.json", json.dumps({**known, "session": None}))
    return Upload(upload_id, known["name"], known["size"])


def withdraw(upload_id: str, owner: str, session: str) -> None:
    """Remove a file that this tab sent and did not take; raises `NotFound` for any other."""
    if _known(upload_id, owner)[1].get("session") != session:
        raise NotFound(kind="upload", id=upload_id[:100])
    discard(upload_id)


def discard(upload_id: str) -> None:
    """Remove a staged file; one that is gone already is fine."""
    if re.fullmatch(_ID, upload_id):
        shutil.rmtree(folder("uploads") / upload_id, ignore_errors=True)


def sweep(now: float | None = None) -> None:
    """Remove uploads that nobody imported within a day, and what a server that was killed left half-written."""
    at = now or time.time()
    for place in folder("uploads").iterdir():
        with suppress(FileNotFoundError):  # another tab may sweep, or import it, meanwhile
            whole = (place / "name.json").exists()
            written = place if whole or not (place / "content").exists() else place / "content"
            if written.stat().st_mtime < at - (KEEP_SECONDS if whole else KEEP_HALF_SECONDS):
                shutil.rmtree(place, ignore_errors=True)


def check_size(size: int, limit: int | None = None) -> None:
    """Raise `FileTooLarge` for a file of so many bytes."""
    most = MAX_BYTES if limit is None else min(limit, MAX_BYTES)
    if size > most:
        limit_words = f"{most // 2**20} MB" if most >= 2**20 else f"{most / 1e3:.0f} kB"
        raise FileTooLarge(size=f"{size / 1e6:,.1f} MB", limit=limit_words)


def _write_whole(path: Path, text: str) -> None:
    """Write a small file in one step: a reader sees the former one or this one, never half of it."""
    half = path.with_suffix(".part")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _known(upload_id: str, owner: str | None) -> tuple[Path, dict[str, Any]]:
    place = folder("uploads") / upload_id
    if not re.fullmatch(_ID, upload_id) or not (place / "name.json").exists():
        raise NotFound(kind="upload", id=upload_id[:100])
    known: dict[str, Any] = json.loads((place / "name.json").read_text(encoding="utf-8"))
    if owner is not None and known.get("owner", owner) != owner:
        raise NotFound(kind="upload", id=upload_id[:100])
    return place, known


@contextmanager
def _full_disk_said() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=str(folder("uploads"))) from problem
        raise
