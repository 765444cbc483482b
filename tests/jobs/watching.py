"""What the tests of the jobs watch processes with."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine

from engine.jobs import identity
from engine.jobs.job import Job
from engine.jobs.supervisor import Supervisor
from tests.jobs import toy_program

Until = Callable[..., Job]


class Running:
    """A supervisor that works in a thread, and may be killed: its children live on and a successor finds them."""

    def __init__(self, engine: Engine, **options: Any) -> None:
        self.engine, self.options = engine, {"command": toy_program.COMMAND} | options
        self.start()

    def start(self) -> None:
        self.supervisor = Supervisor(self.engine, **self.options)
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self.supervisor.work, args=(self._asked, True))
        self._thread.start()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process behind."""
        self.leave()
        for child in self.children():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

    def leave(self) -> None:
        self._asked.set()
        self._thread.join()

    def children(self) -> list[Any]:
        return list(self.supervisor._children.values())


def alive(pid: int) -> bool:
    """Whether the process lives (a zombie does not)."""
    return identity.started(pid) is not None


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
