"""Files on their way in: streamed to disk under a server-made id, looked at, then imported or discarded.

A file's own name is display data only. Uploads that nobody imports are removed after a day.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.data.readers import MAX_BYTES, FileTooLarge, check_readable
from engine.errors import NotFound
from engine.storage.errors import DiskFull
from engine.storage.home import folder
from engine.storage.tables import new_id

KEEP_SECONDS = 24 * 3600
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A staged file: `name` is what the person called it, `size` is in bytes."""

    id: str
    name: str
    size: int


def stage(source: BinaryIO | bytes, name: str) -> Upload:
    """Write a file under BENTU_HOME/uploads, refusing one above the limit before it fills the disk.

    A file that cannot be read as any kind (an archive, a document, a program ...) raises its `DataError` and is not kept.
    """
    sweep()
    upload_id = new_id("upl")
    place = folder("uploads") / upload_id
    place.mkdir()
    size = 0
    try:
        with (place / "content").open("wb") as out:
            if isinstance(source, bytes):
                size = len(source)
                _check_size(size)
                out.write(source)
            else:
                while chunk := source.read(_CHUNK):
                    size += len(chunk)
                    _check_size(size)
                    out.write(chunk)
        (place / "name.json").write_text(json.dumps({"name": name[:255], "size": size}), encoding="utf-8")
        check_readable(place / "content", name)
    except BaseException as problem:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=str(folder("uploads"))) from problem
        raise
    return Upload(upload_id, name[:255], size)


def find(upload_id: str) -> tuple[Path, Upload]:
    """The staged file and what is known of it; raises `NotFound`."""
    place = folder("uploads") / upload_id
    if not re.fullmatch(r"upl_[a-z0-9]+", upload_id) or not (place / "name.json").exists():
        raise NotFound(kind="upload", id=upload_id)
    known = json.loads((place / "name.json").read_text(encoding="utf-8"))
    return place / "content", Upload(upload_id, known["name"], known["size"])


def discard(upload_id: str) -> None:
    """Remove a staged file; one that is gone already is fine."""
    if re.fullmatch(r"upl_[a-z0-9]+", upload_id):
        shutil.rmtree(folder("uploads") / upload_id, ignore_errors=True)


def sweep(now: float | None = None) -> None:
    """Remove uploads that nobody imported within a day."""
    limit = (now or time.time()) - KEEP_SECONDS
    for place in folder("uploads").iterdir():
        with suppress(FileNotFoundError):  # another tab may sweep, or import it, meanwhile
            if place.stat().st_mtime < limit:
                shutil.rmtree(place, ignore_errors=True)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise FileTooLarge(size=f"{size / 1e6:.0f} MB", limit=f"{MAX_BYTES / 1e6:.0f} MB")
