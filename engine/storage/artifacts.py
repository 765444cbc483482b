"""Content-addressed files: a digest names a file for ever, and a file that was written is whole.

Lies under BENTU_ARTIFACTS (default `artifacts/` in BENTU_HOME) as `sha256/ab/<digest>`. Rows keep files: any
digest that stands in a row, marked or inside JSON; `collect` removes the rest.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import JSON, Engine, Text, cast, select

from engine.storage import tables
from engine.storage.database import insert_new, read, write
from engine.storage.errors import ArtifactDamaged, ArtifactMissing, DiskFull, HomeNotWritable
from engine.storage.home import folder
from engine.storage.locks import lock
from engine.storage.sync import sync
from engine.storage.tables import new_id

log = logging.getLogger(__name__)

YOUNG_SECONDS = 3600.0
"""A younger file is never collected: its row may not be written yet."""

CHUNK = 1 << 20

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def root() -> Path:
    """The folder of the store, created if absent."""
    given = os.environ.get("BENTU_ARTIFACTS")
    if not given:
        return folder("artifacts")
    place = Path(given).expanduser().absolute()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise HomeNotWritable(path=str(place), problem=problem.strerror or str(problem)) from None
    return place


def put_bytes(data: bytes) -> str:
    """Store `data`; its SHA-256 in hex. The same content is stored once.

    Raises:
        DiskFull: nothing was written.
    """
    digest = hashlib.sha256(data).hexdigest()
    with _temporary() as (file, partial):
        file.write(data)
        _keep(file, partial, digest)
    return digest


def put_file(source: Path) -> str:
    """Store a copy of the file `source`; its SHA-256 in hex. Memory stays at a megabyte.

    Raises:
        DiskFull: nothing was written.
    """
    sha = hashlib.sha256()
    with source.open("rb") as original, _temporary() as (file, partial):
        while chunk := original.read(CHUNK):
            sha.update(chunk)
            file.write(chunk)
        _keep(file, partial, sha.hexdigest())
    return sha.hexdigest()


def path(digest: str) -> Path:
    """The file of `digest`, not checked (`read` checks); raises `ArtifactMissing`."""
    place = _place(digest)
    if not place.is_file():
        raise ArtifactMissing(digest=digest, path=str(root()))
    return place


def size(digests: Iterable[str]) -> int:
    """Bytes of these files together; one that is gone counts nothing, so that its rows can still be deleted."""
    return sum(place.stat().st_size for digest in set(digests) if (place := _place(digest)).is_file())


def read_bytes(digest: str) -> bytes:
    """The content of `digest`, verified.

    Raises:
        ArtifactMissing: the file is gone.
        ArtifactDamaged: its content is no longer what was stored.
    """
    data = path(digest).read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise ArtifactDamaged(digest=digest, path=str(root()))
    return data


def verify(digest: str) -> Path:
    """The file of `digest` after its content was checked; raises as `read_bytes`."""
    place = path(digest)
    if _digest_of(place) != digest:
        raise ArtifactDamaged(digest=digest, path=str(root()))
    return place


def discard(digest: str) -> None:
    """Remove a file at once: only for what no row names, and what is made anew where somebody had just begun to name it."""
    _place(digest).unlink(missing_ok=True)


def collect(engine: Engine, *, young: float = YOUNG_SECONDS) -> list[str]:
    """Remove files that no row uses, and left-over temporary files; none younger than `young` seconds.

    A store that another database wrote to is left alone.

    Returns:
        The digests removed.
    """
    if not belongs_to(engine):
        log.warning("the files under %s belong to another database: nothing is removed", root())
        return []
    limit = time.time() - young
    for partial in _temporary_folder().iterdir():
        if partial.stat().st_mtime < limit:
            partial.unlink(missing_ok=True)
    old = [f for f in (root() / "sha256").glob("??/*") if f.stat().st_mtime < limit]
    used = _used(engine)
    removed = []
    for file in old:
        if file.name in used:
            continue
        with lock(root() / ".lock"):
            if file.stat().st_mtime < limit:  # else it was put again meanwhile
                file.unlink()
                removed.append(file.name)
    return removed


def belongs_to(engine: Engine) -> bool:
    """Whether this database is the one the store was first collected for; an empty new one must not sweep an old store."""
    mark = root() / "database"
    with write(engine) as connection:
        insert_new(connection, tables.setting, {"owner": "", "key": "database", "value": new_id("db")})
        setting = tables.setting.c
        known = connection.scalar(select(setting.value).where(setting.owner == "", setting.key == "database"))
    if not mark.exists():
        mark.write_text(f"{known}\n", encoding="ascii")
    return mark.read_text(encoding="ascii").strip() == known


def _used(engine: Engine) -> set[str]:
    """Every digest that stands in a row: in a digest column or anywhere inside JSON."""
    used: set[str] = set()
    with read(engine) as connection:
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                if column.info.get("digest"):
                    used.update(connection.scalars(select(column).where(column.is_not(None)).distinct()))
                elif isinstance(column.type, JSON) and table is not tables.job_event:
                    for value in connection.scalars(select(cast(column, Text)).where(column.is_not(None))):
                        used.update(DIGEST.findall(value))
    return used


def stored_bytes() -> int:
    """Bytes of all files in the store (for the settings page)."""
    return sum(f.stat().st_size for f in (root() / "sha256").glob("??/*"))


def _place(digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise ArtifactMissing(digest=digest, path=str(root()))
    return root() / "sha256" / digest[:2] / digest


def _digest_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _temporary_folder() -> Path:
    place = root() / "tmp"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


@contextmanager
def _temporary() -> Iterator[tuple[IO[bytes], Path]]:
    """A file that is gone afterwards unless it was renamed; a full disk becomes `DiskFull`."""
    partial: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=_temporary_folder())
        partial = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file, partial
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=str(root())) from problem
        raise
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _keep(file: IO[bytes], partial: Path, digest: str) -> None:
    """Give the whole file its name, durably; a sound one that is there already only becomes young again."""
    file.flush()
    place = _place(digest)
    with lock(root() / ".lock", shared=True):
        if place.is_file() and _digest_of(place) == digest:
            os.utime(place)
            return
        os.fsync(file.fileno())
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.rename(place)
        for changed in (place.parent, place.parent.parent):
            sync(changed)
