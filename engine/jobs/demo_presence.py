"""The demo process says that it is there, and ends when the studio that started it is gone.

A file lock says whether it lives, as the system drops it with the process; `server.json` says where it listens. The studio
holds the other end of its standard input, which the system closes with the studio, also after `kill -9`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import N_, saying
from engine.jobs import identity
from engine.jobs.demo_options import LEASH, DemoRefused, Listening
from engine.jobs.presence import code_stamp, moment
from engine.storage.locks import FileLock, try_lock

log = logging.getLogger(__name__)

LOCK, SELF = "server.lock", "server.json"
"""In the demo home: held by the process while it lives; what it says of itself."""

PATIENCE = 5.0
"""Seconds that the process may take to end after its studio is gone."""

LOOKING = 1.0
"""Seconds for which a start tries again: who only looks whether it lives holds the lock for a moment."""

MOST_SAID = 4096
"""Bytes of `server.json`. Whoever breaks into the process can write it, and the studio reads it."""


@dataclass(frozen=True)
class DemoServerState:
    """The demo process as it last described itself; `alive` is what its lock says now."""

    alive: bool = False
    pid: int | None = None
    pid_started: float | None = None
    address: str = ""
    port: int = 0
    started: str | None = None
    """When it started (ISO 8601, UTC)."""
    leashed: bool = False
    """Whether a studio started it; one that was started by hand stays when the studio ends."""
    code: str = ""
    """Which code it runs (`presence.code_stamp`)."""


def demo_server_state(home: Path) -> DemoServerState:
    """Whether a demo process serves the home, and what it said of itself."""
    return replace(_said(home), alive=held(home))


def held(home: Path) -> bool:
    """Whether a demo process of this home lives."""
    try:
        free = try_lock(home / LOCK, shared=True)
    except PermissionError:  # another user's, who shares less than the folder: it is there if it listens
        said = _said(home)
        return _listens(said.address, said.port)
    if free is not None:
        free.release()
    return free is None


@contextmanager
def present(home: Path, where: Listening) -> Iterator[None]:
    """Be the demo process of `home`: the only one, known to the studio, and gone with it if it was started by one.

    Raises:
        DemoRefused: another one serves this home.
    """
    (home / LOCK).touch(mode=0o660)  # what the umask leaves of it: a studio of another user may look
    lock = _only(home / LOCK)
    if lock is None:
        raise DemoRefused(problem=saying(N_("another one serves {home} already"), home=str(home)))
    leashed = bool(os.environ.get(LEASH))
    with lock:
        state = DemoServerState(
            alive=True, pid=os.getpid(), pid_started=identity.started(os.getpid()), address=where.address,
            port=where.port, started=moment(), leashed=leashed, code=code_stamp(),
        )  # fmt: skip
        partial = home / "server.partial"
        partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
        partial.replace(home / SELF)
        if leashed:
            threading.Thread(target=_follow_the_studio, name="leash", daemon=True).start()
        yield


def _only(path: Path) -> FileLock | None:
    deadline = time.monotonic() + LOOKING
    while True:
        lock = try_lock(path)
        if lock is not None or time.monotonic() > deadline:
            return lock
        time.sleep(0.02)


def _said(home: Path) -> DemoServerState:
    """What `server.json` says, as far as each value is one that the process could have written."""
    try:
        said = json.loads(_read(home / SELF))
    except (OSError, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return DemoServerState()
    return DemoServerState(
        **{key: said[key] for key, fits in _FITTING.items() if key in said and fits(said[key])}
    )


def _read(path: Path) -> bytes:
    # a link or a pipe in its place must not lead elsewhere or hold up the studio
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return file.read(MOST_SAID)


def _number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


_FITTING: Mapping[str, Callable[[Any], bool]] = {
    "pid": lambda value: _number(value, 2, 2**31 - 1),
    "pid_started": lambda value: type(value) in (int, float),
    "address": lambda value: isinstance(value, str),
    "port": lambda value: _number(value, 0, 65535),
    "started": lambda value: isinstance(value, str),
    "leashed": lambda value: isinstance(value, bool),
    "code": lambda value: isinstance(value, str),
}


def _listens(address: str, port: int) -> bool:
    with suppress(OSError, ValueError), socket.create_connection((address, port), timeout=0.5):
        return True
    return False


def _follow_the_studio() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    log.warning("the studio is gone: ending")
    # what was acknowledged is on the disk: ending hard after a while loses nothing
    threading.Timer(PATIENCE, os._exit, [0]).start()
    os.kill(os.getpid(), signal.SIGTERM)
