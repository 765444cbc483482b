"""Who is there: the one supervisor of this home, and the user interfaces that want it.

Both are told by file locks, which the system drops with the process. The supervisor is detached: it outlives
the interface that started it, and leaves when nobody needs it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import engine
from engine.errors import StorageError
from engine.jobs import identity
from engine.jobs.spawn import PROGRAM, environment
from engine.storage.clock import now
from engine.storage.home import folder, home
from engine.storage.locks import FileLock, lock, try_lock

log = logging.getLogger(__name__)

_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class WorkerState:
    """The supervisor as it last described itself; `alive` is what its lock says now."""

    alive: bool = False
    pid: int | None = None
    pid_started: float | None = None
    since: str | None = None
    beat: str | None = None
    """When it last wrote this (ISO 8601, UTC)."""
    warm: dict[str, str] = field(default_factory=dict)
    """Lane -> "ready", "loading" or "none": the state of its fork server."""
    running: dict[str, int] = field(default_factory=dict)
    """Lane -> processes."""
    low_space: bool = False
    """Whether it holds jobs back because the disk is nearly full."""
    code: str = ""
    """Which code it runs (`code_stamp`)."""


def worker_state() -> WorkerState:
    """Whether a supervisor works in this home, and what it said of itself."""
    try:
        said = json.loads(_status_path().read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        said = {}
    known = {key: value for key, value in said.items() if key in WorkerState.__dataclass_fields__}
    return WorkerState(**(known | {"alive": _held()}))


def write_status(state: WorkerState) -> None:
    """What the supervisor says of itself."""
    path = _status_path()
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
    partial.replace(path)


def supervisor_lock(patience: float = 1.0) -> FileLock | None:
    """The lock that makes a supervisor the only one of this home; None if there is one."""
    deadline = time.monotonic() + patience
    while True:
        held = try_lock(home() / "worker.lock")
        if held is not None or time.monotonic() > deadline:
            return held
        time.sleep(0.02)  # someone who only looks whether there is a supervisor holds it for a moment


def hold_ui_lock() -> FileLock:
    """Say that a user interface is alive, for as long as the lock is held; take it before `ensure_supervisor`."""
    return lock(home() / "ui.lock", shared=True)


def ui_alive() -> bool:
    """Whether a user interface holds its lock."""
    alone = try_lock(home() / "ui.lock")
    if alone is not None:
        alone.release()
    return alone is None


def ensure_supervisor(command: Sequence[str] = (*PROGRAM, "worker")) -> bool:
    """Start the supervisor, detached, unless one works already; True if one was started.

    One that runs older code is asked to leave first: its running jobs go on, and the new one adopts them.
    """
    _started[:] = [process for process in _started if process.poll() is None]
    if _held():
        state = worker_state()
        if not state.code or state.code == code_stamp() or state.pid is None:
            return False
        log.info("the supervisor %s runs older code: replacing it", state.pid)
        if not identity.same(state.pid, state.pid_started):
            return False
        os.kill(state.pid, signal.SIGTERM)
        lock(home() / "worker.lock").release()  # it leaves at once
    elif _started:
        return False  # ours is about to take the lock
    with (folder("logs") / "worker.log").open("ab") as output:
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env=environment(),
        )  # fmt: skip
    _started.append(process)
    return True


def keep_supervisor(
    command: Sequence[str] = (*PROGRAM, "worker"), interval: float = 2.0
) -> Callable[[], None]:
    """Start the supervisor and, from a thread, start it anew whenever it is gone; returns what stops the thread."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(interval):
            if not _held():
                try:
                    ensure_supervisor(command)
                except (OSError, StorageError) as problem:
                    log.warning("the supervisor cannot be started: %s", problem)

    ensure_supervisor(command)
    thread = threading.Thread(target=watch, name="keep-supervisor", daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join()

    return stop


def code_stamp() -> str:
    """Changes with any file of the engine, so that a supervisor of older code is recognised."""
    sha = hashlib.sha256()
    root = Path(engine.__file__).parent
    for path in sorted(root.rglob("*.py")):
        stat = path.stat()
        sha.update(f"{path.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return sha.hexdigest()[:16]


def moment() -> str:
    """This moment for the status file."""
    return now().isoformat(timespec="seconds")


def _held() -> bool:
    free = try_lock(home() / "worker.lock", shared=True)
    if free is not None:
        free.release()
    return free is None


def _status_path() -> Path:
    return home() / "worker.json"
