"""File locks that the system drops with the process that holds them (flock), so none is ever left behind."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType


class FileLock:
    """A held lock; `release` or the end of the process gives it back. Child processes do not inherit it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock(path: Path, *, shared: bool = False) -> FileLock:
    """The lock on `path`, waited for. Many may hold it `shared`, or one alone."""
    return FileLock(_take(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX))


def try_lock(path: Path, *, shared: bool = False) -> FileLock | None:
    """The lock on `path`, or None if another process holds it."""
    try:
        return FileLock(_take(path, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB))
    except BlockingIOError:
        return None


def _take(path: Path, operation: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
