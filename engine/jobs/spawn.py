"""One operating system process per job, through exec or out of a fork server; and the process while it lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil  # type: ignore[import-untyped]

import engine
from engine.jobs import identity
from engine.jobs.job import Job
from engine.storage.home import home

PROGRAM = (sys.executable, "-m", "engine")


def environment() -> dict[str, str]:
    """The environment of our processes: this Bentu is found from any directory, and its home is the same one."""
    roots = [str(Path(engine.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, roots)), "BENTU_HOME": str(home())}


class Ended(Protocol):
    """Something that knows how a child of this process ended: a `Popen`, or a `Forked`."""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it lives."""


@dataclass
class Forked:
    """A child of this process that something else started."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code, negative for a signal, or None while it lives."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


@dataclass
class Child:
    """The process of one attempt: started here, or by a supervisor before this one (`process` is None then)."""

    job_id: str
    attempt: int
    lane: str
    group: str
    """What shares one slot of the lane with it: its job's group, or the job itself."""
    pid: int
    began: float | None
    process: Ended | None = None
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

    def worked(self, with_children: bool = False) -> float:
        """Processor seconds of the process so far and of what it started and saw end, or also of what it started and waits for."""
        total = 0.0
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            total = float(sum(process.cpu_times()[:4]))
            for child in process.children(recursive=True) if with_children else ():
                with suppress(psutil.Error):
                    total += float(sum(child.cpu_times()[:4]))
        return total

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
    return Child(job.id, job.attempt, job.lane, job.slot, process.pid, identity.started(process.pid), process)


def forked(job: Job, pid: int) -> Child:
    """The job's process, forked just now and left to this process."""
    with suppress(psutil.NoSuchProcess):
        if psutil.Process(pid).ppid() == os.getpid():
            return Child(job.id, job.attempt, job.lane, job.slot, pid, identity.started(pid), Forked(pid))
    return Child(
        job.id, job.attempt, job.lane, job.slot, pid, identity.started(pid)
    )  # how it ended will not be known
