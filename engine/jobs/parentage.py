"""Whose child a process is, as the kernel sees it: ending with a parent, and taking over orphans (Linux)."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def die_with_parent() -> None:
    """Let the kernel end this process with its parent (Linux; its own children are not bound by it)."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Within it, a descendant whose parent ends becomes a child of this process, which can wait for it then (Linux)."""
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    try:
        yield
    finally:
        _prctl(36, 0)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)
