"""A secret that is made once and kept in a file which only its user can read.

Stage 6a (packaging).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the file `path`; on the first call what `make` returns.

    Two processes that start together end with the same: the file appears whole or not at all.
    """
    while True:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            _write(path, make())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was faster: its secret counts
        os.link(partial, path)
    partial.unlink()
