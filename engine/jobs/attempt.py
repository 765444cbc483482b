"""One attempt of one job, seen from inside its process: the `JobContext` that work functions are given.

A thread renews the lease, reads the stop flag and writes new events, so that the work pays nothing for them.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from engine.errors import BentuError, StorageError
from engine.jobs import events, lease
from engine.jobs.errors import Cancelled, LeaseLost
from engine.jobs.job import Job, State, Stop
from engine.jobs.timing import COMPUTES, Timing
from engine.storage.clock import now
from engine.storage.database import write

log = logging.getLogger(__name__)

EXIT_HUNG = 75
EXIT_LEASE_LOST = 76
EXIT_UNWRITTEN = 77
"""The end of the job could not be written; it will be tried again."""

_MUTE = 24
"""For so many times `Timing.silence` a training may compute without a word (reading a large validation part): a loop without end must end."""


class Attempt:
    """Holds the lease of a job while the body of its `with` runs.

    Args:
        engine: the database.
        job: the job as `lease.take_over` gave it.
        timing: all durations.
        inline: the calling process is the user's own: never end it, raise instead.
    """

    def __init__(self, engine: Engine, job: Job, timing: Timing, *, inline: bool = False) -> None:
        self.job_id = job.id
        self.attempt = job.attempt
        self.folder: Path = job.work
        self._engine, self._timing, self._inline = engine, timing, inline
        self._token = str(job.lease_token)
        self._watched = job.lane == "training"
        self._lock = threading.RLock()
        self._entries: list[events.Event] = []
        self._seq = 0
        self._phase: str | None = None
        self._stop: Stop | None = job.cancel
        self._spent = job.seconds
        self._began = self._renewed = self._heard = self._watched_from = time.monotonic()
        self._worked, self._mute = time.process_time(), 0
        self._gone = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._pulse, name="pulse", daemon=True)

    def __enter__(self) -> Attempt:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self, kind: str, **payload: Any) -> None:
        """Append an event; written at most a pulse later, in order. A `phase` event needs `name`."""
        with self._lock:
            self._seq += 1
            self._entries.append(events.Event(self._seq, now(), kind, events.plain(payload)))
            if kind == "phase":
                self._phase = str(payload["name"])
            self._heard = time.monotonic()

    def stop(self) -> str | None:
        """ "keep", "discard" or None."""
        if time.monotonic() - self._renewed > self._timing.lease:
            self._guard(self._beat)  # this process slept: the job may be another's by now
        return "discard" if self._gone else self._stop

    def check(self) -> None:
        """Raise `Cancelled` if the user discarded the job, `LeaseLost` if another attempt owns it."""
        wanted = self.stop()
        if self._gone:
            raise LeaseLost(job_id=self.job_id)
        if wanted == "discard":
            raise Cancelled(job_id=self.job_id)

    def fence(self, connection: Connection) -> None:
        """Raise as `check` does, within a write transaction: its rows are written only by the attempt that owns the job."""
        wanted = lease.renew(connection, self.job_id, self._token, self._timing, self._seconds(), self._phase)
        if wanted == "discard":
            raise Cancelled(job_id=self.job_id)

    def finish(self, result: dict[str, Any] | None, error: BentuError | None, cancelled: bool) -> State:
        """Write the last events and the end of the job together; waits for a busy or full database.

        Returns:
            How it ended: a job that was discarded at the last moment is cancelled, whatever its work returned.

        Raises:
            LeaseLost: the job is another's; nothing was written.
            StorageError: it could not be written in time.
        """
        deadline = time.monotonic() + self._timing.finish
        while True:
            try:
                with self._lock, write(self._engine) as connection:
                    discarded = self._write(connection) == "discard"
                    state: State = (
                        "cancelled" if cancelled or discarded else "failed" if error else "succeeded"
                    )
                    lease.finish(
                        connection, self.job_id, self._token, state, seconds=self._seconds(), result=result, error=error
                    )  # fmt: skip
                    return state
            except StorageError as problem:
                if time.monotonic() > deadline:
                    raise
                log.warning("the end of the job waits: %s", problem)
                time.sleep(min(0.5, self._timing.finish / 10))

    def _write(self, connection: Connection) -> Stop | None:
        """Renew the lease and write what was reported so far."""
        seconds = self._seconds()
        stop = lease.renew(connection, self.job_id, self._token, self._timing, seconds, self._phase)
        events.append(connection, self.job_id, self.attempt, self._entries)
        return stop

    def _seconds(self) -> float:
        return self._spent + time.monotonic() - self._began

    def _beat(self) -> None:
        moment = time.monotonic()
        with self._lock:
            with write(self._engine) as connection:
                self._stop = self._write(connection)
            self._entries.clear()
            self._renewed = moment

    def _look(self) -> None:
        self._stop = lease.wanted(self._engine, self.job_id, self._token)

    def _pulse(self) -> None:
        while not self._over.wait(self._timing.pulse):
            moment = time.monotonic()
            if self._watched and self._hangs(moment):
                self._hung()
            due = self._entries or moment - self._renewed > self._timing.heartbeat
            self._guard(self._beat if due else self._look)

    def _guard(self, action: Any) -> None:
        try:
            action()
        except LeaseLost:
            self._lose()
        except StorageError as problem:
            log.warning("events wait: %s", problem)
        except MemoryError:
            log.warning("events wait: no memory")

    def _lose(self) -> None:
        self._gone = True
        if not self._inline and not self._over.is_set():
            log.error("the job %s belongs to another attempt: leaving", self.job_id)
            os._exit(EXIT_LEASE_LOST)  # no clean-up of this process may write anything

    def _hangs(self, moment: float) -> bool:
        """Whether nothing was reported for `silence` seconds, and nothing computed either by any thread but this one."""
        worked = time.process_time() - time.thread_time()
        if self._heard > self._watched_from:
            self._watched_from, self._worked, self._mute = self._heard, worked, 0
        if (quiet := moment - self._watched_from) <= self._timing.silence:
            return False
        if worked - self._worked < COMPUTES * quiet or self._mute >= _MUTE:
            return True
        self._watched_from, self._worked, self._mute = moment, worked, self._mute + 1
        return False

    def _hung(self) -> None:
        if self._inline:
            return
        # the hung thread may hold the lock of sys.stderr: write past it
        os.write(2, b"no event for %d s; every thread stands here:\n" % self._timing.silence)
        faulthandler.dump_traceback(file=2, all_threads=True)
        os._exit(EXIT_HUNG)
