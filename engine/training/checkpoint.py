"""The state of a training on disk: it survives kill -9, a half-written file and a damaged one.

A generation is an npz file: written under a temporary name, flushed to the disk and renamed; the two newest are kept. Each
array carries a checksum (zip's CRC-32), so damage is noticed and the generation before it is used.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        """Write generation `number` durably, then drop all but the two newest."""
        described = json.dumps({"fingerprint": self._fingerprint, **meta}).encode()
        target = self._folder / f"generation-{number:06d}.npz"
        temporary = target.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, **{**arrays, _META: np.frombuffer(described, dtype=np.uint8)})  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _flush_folder(self._folder)
        for old in self._generations()[_KEPT:]:
            old.unlink()

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
        except (zipfile.BadZipFile, ValueError, KeyError, EOFError):
            self.damaged.append(path.name)
            return None
        return Snapshot(arrays, meta) if meta.pop("fingerprint") == self._fingerprint else None


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
