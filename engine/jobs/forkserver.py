"""Fork servers: one process a lane that has loaded what is slow and forks itself for every job (decision 0021).

A process that has run a TensorFlow operation must never fork, so a server only imports: its children do the work.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

from engine.jobs.job import LANES, Job
from engine.jobs.parentage import adopting_orphans
from engine.jobs.spawn import Child, environment, forked
from engine.jobs.timing import Timing
from engine.storage.home import folder

log = logging.getLogger(__name__)

MEMORY_MB = 1500
"""A server of the training lane (TensorFlow, 0.7 GB) is started only while more memory than this is available."""

PAUSE = 30.0
"""Seconds before another try, after a server died or memory was short."""

_ANSWER = 10.0
"""Seconds within which a server that is ready must have forked."""


class ForkServer:
    """A process that has loaded what its lane needs and forks one process for each job that it is told of."""

    def __init__(self, command: Sequence[str], lane: str) -> None:
        self._ready, self._since = False, time.monotonic()
        with (folder("logs") / f"forkserver-{lane}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "forkserver", "--lane", lane], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True, env=environment(),
            )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether it has loaded everything."""
        self._ready = self._ready or self._line(0) == b"ready\n"
        return self._ready

    def failed(self, patience: float) -> bool:
        """Whether it ended by itself, which it should not, or is not ready `patience` seconds after its start."""
        late = not self.ready and time.monotonic() - self._since > patience
        return late or self._process.poll() is not None

    def fork(self, job: Job) -> Child | None:
        """A process for the job; None if the server is dead or does not answer, and then it is ended."""
        assert self._process.stdin is not None
        order = json.dumps({"job": job.id, "attempt": job.attempt}).encode() + b"\n"
        with adopting_orphans(), suppress(BrokenPipeError):
            self._process.stdin.write(order)
            self._process.stdin.flush()
            if answer := self._line(_ANSWER):
                return forked(job, int(answer))
        self.stop()
        return None

    def stop(self) -> None:
        """End it; the jobs that it forked go on."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    def _line(self, patience: float) -> bytes:
        """What it says within so many seconds: a line, or nothing. Its lines are short: one comes whole."""
        output = self._process.stdout
        assert output is not None
        return os.read(output.fileno(), 64) if select.select([output], [], [], patience)[0] else b""


class ForkServers:
    """The fork servers of a supervisor, for the lanes that `BENTU_WARM` names (all without it: "short,training").

    There are none outside Linux, where loaded libraries may not survive a fork.

    Args:
        command: the program whose `forkserver` command becomes one.
        timing: how long one may take to load (`start`).
    """

    def __init__(self, command: Sequence[str], timing: Timing) -> None:
        self._command, self._patience = command, timing.start
        named = os.environ.get("BENTU_WARM", ",".join(LANES)) if sys.platform == "linux" else ""
        self._wanted = {lane.strip() for lane in named.split(",")}
        self._servers: dict[str, ForkServer] = {}
        self._not_before: dict[str, float] = {}

    def fork(self, job: Job) -> Child | None:
        """The job's process, forked by the server of its lane; None if there is none."""
        server = self._servers.get(job.lane)
        child = None if server is None else server.fork(job)
        if server is not None and child is None:
            self._drop(job.lane)
        return child

    def loading(self, lane: str) -> bool:
        """Whether the lane has a server that cannot fork yet: waiting for it is no slower than a cold start."""
        return self.states()[lane] == "loading"

    def keep(self, lane: str, *, running: int, waiting: int) -> None:
        """Have a server for the lane, started when that takes no processor time from a job that runs there alone."""
        server = self._servers.get(lane)
        if server is not None:
            if server.failed(self._patience):
                server.stop()
                self._drop(lane)
            return
        if (
            lane not in self._wanted
            or time.monotonic() < self._not_before.get(lane, 0)
            or (running and not waiting)
        ):
            return
        if lane == "training" and psutil.virtual_memory().available < MEMORY_MB * 1_000_000:
            self._not_before[lane] = time.monotonic() + PAUSE
            return
        self._servers[lane] = ForkServer(self._command, lane)

    def states(self) -> dict[str, str]:
        """Per lane "ready", "loading" or "none"."""
        found = {lane: self._servers.get(lane) for lane in LANES}
        return {lane: "none" if not s else "ready" if s.ready else "loading" for lane, s in found.items()}

    def stop(self) -> None:
        """End them all."""
        for server in self._servers.values():
            server.stop()
        self._servers.clear()

    def _drop(self, lane: str) -> None:
        log.warning("the fork server of the %s lane ended: see logs/forkserver-%s.log", lane, lane)
        del self._servers[lane]
        self._not_before[lane] = time.monotonic() + PAUSE
