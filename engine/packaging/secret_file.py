"""A secret that is made once and kept in a file which only its user can read.

Stage 6a (packaging).
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LEAST = 32
"""Bytes below which a file holds no secret: what a full disk or a power cut left of it."""


def kept_secret(path: Path, make: Callable[[], bytes], least: int = LEAST) -> bytes:
    """The content of the file `path`; on the first call what `make` returns.

    Two processes that start together end with the same: the file appears whole or not at all.

    Args:
        least: a file with fewer bytes is made anew; 0 leaves whatever is there.
    """
    while True:
        try:
            kept = path.read_bytes()
        except FileNotFoundError:
            _write(path, make())
            continue
        if len(kept) >= least:
            return kept
        _mend(path, make(), least)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = _partial(path, content)
    with suppress(FileExistsError):  # another process was faster: its secret counts
        os.link(partial, path)
    partial.unlink()


def _mend(path: Path, content: bytes, least: int) -> None:
    """Replace a file that is too short, unless another process has done so while this one waited for its turn."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.stat().st_size < least:
            _partial(path, content).replace(path)


def _partial(path: Path, content: bytes) -> Path:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return partial
