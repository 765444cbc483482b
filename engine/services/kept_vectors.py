"""What a frozen foundation model answered to the texts of a version, kept for every later training on it.

A result row names the file and goes with its version, dataset or project; the file lies among the artifacts, which notice
damage. Whatever goes wrong, a training only reads its texts once more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select, update

from engine.errors import N_, BentuError, StorageError, saying
from engine.models.family import Reporter
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.home import folder, require_space
from engine.storage.tables import dataset_version, new_id, result

RESULT = "vectors"
"""The kind of the rows. Whoever writes or deletes them takes its turn (`serialise`), so that none is left of a deleted version."""

MOST_MB = 2000
"""Megabytes (10^6 bytes) that an owner's vectors take at most; `BENTU_VECTORS_MB` overrides it, 0 keeps nothing."""


class KeptVectors:
    """The vectors of one version, as a training asks for them (`engine.models.family.VectorStore`).

    Args:
        scope: the owner.
        version_id: what the texts come from.
        report: is told why vectors could not be kept.
    """

    def __init__(self, scope: Scope, version_id: str, report: Reporter) -> None:
        self._scope, self._version_id, self._report = scope, version_id, report
        self._most = int(os.environ.get("BENTU_VECTORS_MB") or MOST_MB)

    def get(self, key: str) -> NDArray[np.float32] | None:
        """What was kept under `key`, now used most recently; None without it, or where its file is damaged or gone."""
        used = update(result).where(*self._mine(key)).values(created=now()).returning(result.c.artifact)
        try:
            with write(self._scope.engine) as connection:
                digest = connection.scalar(used)
            if digest is None:
                return None
            found: NDArray[np.float32] = np.load(artifacts.verify(digest), allow_pickle=False)
        except (StorageError, OSError):
            return None
        return found

    def put(self, key: str, vectors: NDArray[np.float32]) -> None:
        """Keep `vectors`, at the expense of those unused for longest; says so in the log where that cannot be."""
        size = -(-vectors.nbytes // 1_000_000)
        try:
            digest = None if size > self._most else _stored(vectors)
            self._enter(key, digest, vectors.nbytes)
        except (StorageError, OSError) as problem:
            self._not_kept(len(vectors), _words(problem))
        else:
            if digest is None:
                self._not_kept(len(vectors), saying(N_("they take {size:,} MB, and BENTU_VECTORS_MB allows {most:,} MB in all"), size=size, most=self._most))  # fmt: skip

    def _enter(self, key: str, digest: str | None, size: int) -> None:
        with write(self._scope.engine) as connection:
            serialise(connection, RESULT)
            connection.execute(result.delete().where(*self._mine(key)))
            there = select(dataset_version.c.id).where(
                dataset_version.c.id == self._version_id, dataset_version.c.owner == self._scope.owner
            )
            if digest is not None and connection.scalar(there) is not None:
                connection.execute(
                    insert(result).values(
                        owner=self._scope.owner, kind=RESULT, key=self._key(key), artifact=digest, value={"bytes": size},
                        created=now(),
                    )
                )  # fmt: skip
            unused = _make_room(connection, self._scope.owner, self._most * 1_000_000)
        for file in unused:
            artifacts.discard(file)

    def _key(self, key: str) -> str:
        return f"{self._version_id}:{key}"

    def _mine(self, key: str) -> tuple[Any, ...]:
        return result.c.owner == self._scope.owner, result.c.kind == RESULT, result.c.key == self._key(key)

    def _not_kept(self, count: int, reason: Any) -> None:
        message = N_("{n:,} text vectors are not kept for other trainings: {reason}")
        self._report("log", level="warning", message=message, params={"n": count, "reason": reason})


def kept_bytes(scope: Scope) -> int:
    """Bytes of all kept vectors of this installation."""
    with read(scope.engine) as connection:
        found = connection.scalars(select(result.c.artifact).where(result.c.kind == RESULT)).all()
    return artifacts.size(digest for digest in found if digest)


def _stored(vectors: NDArray[np.float32]) -> str:
    require_space(more=2 * vectors.nbytes)  # the store takes a copy
    target = folder("tmp") / f"{new_id('tmp')}.npy"
    try:
        np.save(target, vectors)
        return artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)


def _make_room(connection: Connection, owner: str, most: int) -> Sequence[str]:
    """Forget what was unused for longest until `most` bytes are left; the files that no row names any more."""
    mine = (result.c.owner == owner, result.c.kind == RESULT)
    total, gone = 0, []
    for row in connection.execute(
        select(result.c.key, result.c.artifact, result.c.value).where(*mine).order_by(result.c.created.desc())
    ).all():
        total += row.value["bytes"]
        if total > most:
            connection.execute(result.delete().where(*mine, result.c.key == row.key))
            gone.append(row.artifact)
    named = set(connection.scalars(select(result.c.artifact).where(result.c.artifact.in_(gone))))
    return [digest for digest in gone if digest not in named]


def _words(problem: StorageError | OSError) -> Any:
    if isinstance(problem, BentuError):
        return saying(problem.message, **problem.params)
    return problem.strerror or str(problem)
