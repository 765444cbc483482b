"""One operating system process per job, through exec: cold, or out of a warm spare. Never by a bare fork."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import engine
from engine.jobs import identity
from engine.jobs.job import Job
from engine.storage.home import folder, home

PROGRAM = (sys.executable, "-m", "engine")


def environment() -> dict[str, str]:
    """The environment of our processes: this Bentu is found from any directory, and its home is the same one."""
    roots = [str(Path(engine.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, roots)), "BENTU_HOME": str(home())}


@dataclass
class Child:
    """The process of one attempt: started here, or by a supervisor before this one (`process` is None then)."""

    job_id: str
    attempt: int
    lane: str
    pid: int
    began: float | None
    process: subprocess.Popen[bytes] | None = None
    ours: bool = True
    """False for a process that belongs to a user (inline): it is watched and never signalled."""
    asked: float | None = None
    """When SIGTERM was sent (monotonic)."""
    since: float | None = None
    """When its job was first seen to have ended (monotonic)."""
    code: int | None = None
    """Exit code, negative for a signal; None while it lives, and for an adopted one for ever."""

    def gone(self) -> bool:
        """Whether the process has ended; what it left in its group is ended too."""
        if self.process is None:
            return not identity.same(self.pid, self.began)
        if self.code is None:
            if hasattr(os, "waitid"):
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    return False
                # not reaped yet: the id is still ours, and so is the group
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
            self.code = self.process.poll()
        return self.code is not None

    def overdue(self, patience: float) -> bool:
        """Whether it still lives `patience` seconds after this was first asked: its job has ended."""
        self.since = self.since or time.monotonic()
        return time.monotonic() - self.since > patience

    def end(self, patience: float) -> None:
        """Ask the group to end; from `patience` seconds after that, make it."""
        if not self.ours:
            return
        moment = time.monotonic()
        if self.asked is None:
            self.asked = moment
            identity.signal_group(self.pid, self.began, signal.SIGTERM)
        if moment - self.asked >= patience:
            identity.signal_group(self.pid, self.began, signal.SIGKILL)


def launch(command: Sequence[str], job: Job) -> Child:
    """Start a cold process for a claimed job; what it prints goes to the job's log."""
    job.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            [*command, "job", job.id, "--attempt", str(job.attempt)], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True, env=environment(),
        )  # fmt: skip
    return _child(job, process)


def _child(job: Job, process: subprocess.Popen[bytes]) -> Child:
    return Child(job.id, job.attempt, job.lane, process.pid, identity.started(process.pid), process)


class Spare:
    """A process that has loaded what its lane needs and waits for one job."""

    def __init__(self, command: Sequence[str], lane: str) -> None:
        self.lane = lane
        self._ready = False
        with (folder("logs") / f"spare-{lane}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "spare", "--lane", lane], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True, env=environment(),
            )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether it has loaded everything."""
        output = self._process.stdout
        if not self._ready and output is not None and select.select([output], [], [], 0)[0]:
            self._ready = os.read(output.fileno(), 64).startswith(b"ready")
        return self._ready

    def dead(self) -> bool:
        """Whether it ended by itself, which it should not."""
        return self._process.poll() is not None

    def give(self, job: Job) -> Child | None:
        """Hand it the job (it may still be loading and will take it then); None if it is dead."""
        assert self._process.stdin is not None
        order = json.dumps({"job": job.id, "attempt": job.attempt}).encode() + b"\n"
        try:
            self._process.stdin.write(order)
            self._process.stdin.flush()
        except BrokenPipeError:
            self.stop()
            return None
        self._close()
        return _child(job, self._process)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._close()
        self._process.wait()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
