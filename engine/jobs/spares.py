"""Warm spares: processes that have loaded what is slow and wait for one job each, one per lane."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

from engine.jobs.job import LANES, Job
from engine.jobs.spawn import Child, child_of, environment
from engine.storage.home import folder

log = logging.getLogger(__name__)

MEMORY_MB = 1500
"""A training spare (TensorFlow, 0.7 GB) is kept only while more memory than this is available."""

PAUSE = 30.0
"""Seconds before another try, after a spare died or memory was short."""


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
        return child_of(job, self._process)

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


class Spares:
    """The spares of a supervisor.

    Args:
        command: the program whose `spare` command becomes one.
        respawn: seconds before a used one is replaced.
        wanted: False to keep none.
    """

    def __init__(self, command: Sequence[str], respawn: float, wanted: bool = True) -> None:
        self._command, self._respawn, self._wanted = command, respawn, wanted
        self._spares: dict[str, Spare] = {}
        self._not_before: dict[str, float] = {}

    def give(self, job: Job) -> Child | None:
        """The job's process, out of the spare of its lane; None if there is none."""
        spare = self._spares.pop(job.lane, None)
        if spare is None:
            return None
        self._pause(job.lane, self._respawn)
        return spare.give(job)

    def keep(self, lane: str, *, running: int, waiting: int) -> None:
        """Have a spare for the lane, made when that takes no processor time from a job that runs there alone."""
        spare = self._spares.get(lane)
        if spare is not None:
            if spare.dead():
                log.warning("the spare process of the %s lane ended: see logs/spare-%s.log", lane, lane)
                spare.stop()
                del self._spares[lane]
                self._pause(lane, PAUSE)
            return
        if not self._wanted or time.monotonic() < self._not_before.get(lane, 0) or (running and not waiting):
            return
        if lane == "training" and psutil.virtual_memory().available < MEMORY_MB * 1_000_000:
            self._pause(lane, PAUSE)
            return
        self._spares[lane] = Spare(self._command, lane)

    def states(self) -> dict[str, str]:
        """Per lane "ready", "loading" or "none"."""
        found = {lane: self._spares.get(lane) for lane in LANES}
        return {lane: "none" if not s else "ready" if s.ready else "loading" for lane, s in found.items()}

    def stop(self) -> None:
        """End them all."""
        for spare in self._spares.values():
            spare.stop()
        self._spares.clear()

    def _pause(self, lane: str, seconds: float) -> None:
        self._not_before[lane] = time.monotonic() + seconds
