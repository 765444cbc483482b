"""The state of a training on disk: it survives kill -9, a half-written file and a damaged one.

A generation is an npz file: written under a temporary name, flushed to the disk and renamed; the two newest are kept. Each
array carries a checksum (zip's CRC-32), so damage is noticed and the generation before it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import N_
from engine.models.family import Reporter

_KEPT = 2
_META = "meta"


@dataclass(frozen=True)
class Snapshot:
    """What `save` was given: named arrays and JSON-serialisable facts."""

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any]


class Checkpoints:
    """Generations of one training in one folder.

    Args:
        folder: private to the training; created if missing.
        fingerprint: says what is trained on what; generations of another training are never used.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self.damaged: list[str] = []
        """Files that `latest` had to pass over because they are damaged."""
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("*.tmp"):
            leftover.unlink()

    def save(self, number: int, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Write generation `number` durably, then drop all but it and the one before it.

        Later ones are damaged or of another training: they would stand before this training's own.
        """
        described = json.dumps({"fingerprint": self._fingerprint, **meta}).encode()
        target = self._folder / f"generation-{number:06d}.npz"
        temporary = target.with_suffix(".tmp")
        try:
            with temporary.open("wb") as file:
                np.savez(file, **{**arrays, _META: np.frombuffer(described, dtype=np.uint8)})  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)  # on a full disk half a file is in the way of everything else
            raise
        temporary.replace(target)
        _flush_folder(self._folder)
        found = self._generations()
        at = found.index(target)
        for other in (*found[:at], *found[at + _KEPT :]):
            other.unlink()

    def latest(self) -> Snapshot | None:
        """The newest generation that is whole and of this training, or None."""
        for path in self._generations():
            snapshot = self._read(path)
            if snapshot is not None:
                return snapshot
        return None

    def _generations(self) -> list[Path]:
        return sorted(self._folder.glob("generation-*.npz"), reverse=True)

    def _read(self, path: Path) -> Snapshot | None:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            meta = json.loads(arrays.pop(_META).tobytes())
        except MemoryError:
            raise
        except Exception:  # whatever damage makes the reader raise: of a wrong byte it says that it is encrypted, or of a later format
            self.damaged.append(path.name)
            return None
        return Snapshot(arrays, meta) if meta.pop("fingerprint") == self._fingerprint else None


@contextmanager
def spared(report: Reporter) -> Iterator[None]:
    """A full disk costs the checkpoint that is written inside, not the training: it is said to `report`."""
    try:
        yield
    except OSError as problem:
        report(
            "log", level="warning", message=N_("A checkpoint was not written: {problem}"), params={"problem": str(problem)}
        )  # fmt: skip


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
