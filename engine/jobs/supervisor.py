"""The supervisor: turns waiting rows into processes, and tends every process until it is gone.

Detached from the user interface and one per home. It keeps nothing that is not in the database: killed at any
moment, its successor finds the living processes by id, start and boot, and goes on.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine

from engine.errors import StorageError
from engine.jobs import identity, lease, presence
from engine.jobs.attempt import EXIT_HUNG
from engine.jobs.forkserver import ForkServers
from engine.jobs.job import LANES, Job
from engine.jobs.lease import Loss
from engine.jobs.presence import WorkerState
from engine.jobs.spawn import PROGRAM, Child, launch
from engine.jobs.timing import COMPUTES, Timing
from engine.jobs.upkeep import upkeep
from engine.storage.database import Watch, is_sqlite
from engine.storage.errors import LowSpace
from engine.storage.home import home, require_space

log = logging.getLogger(__name__)

SLOTS: Mapping[str, int] = {"training": 1, "short": 2}
"""Jobs at once, per lane; those of a group count as one."""

LONGER = 20
"""For so many times the lease a process may compute without renewing it."""


def supervise(
    engine: Engine,
    command: Sequence[str] = PROGRAM,
    *,
    stay: bool = False,
    **options: Any,
) -> bool:
    """Work until nobody needs it: no user interface is alive and no job waits or runs.

    Args:
        engine: a migrated database.
        command: the program whose `job` and `forkserver` commands become processes.
        stay: never leave by itself.
        **options: `timing` and `slots` of `Supervisor`.

    Returns:
        False if another supervisor works in this home already.
    """
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    while held := presence.supervisor_lock():
        with held:
            supervisor = Supervisor(engine, command, **options)
            supervisor.work(asked, stay)
        # an interface that came just now saw the lock held and trusts in us
        if asked.is_set() or not (presence.ui_alive() or supervisor.busy()):
            return True
    return False


class Supervisor:
    """The state of one supervisor: its processes, its fork servers, and what it saw of each lease."""

    def __init__(
        self, engine: Engine, command: Sequence[str] = PROGRAM, *, timing: Timing | None = None,
        slots: Mapping[str, int] = SLOTS,
    ) -> None:  # fmt: skip
        self._engine, self._command, self._slots = engine, command, slots
        self._timing = timing or Timing.from_environment()
        self._children: dict[str, Child] = {}
        self._servers = ForkServers(command, self._timing)
        self._leases: dict[str, tuple[Any, float, float, int]] = {}
        self._asked: dict[str, tuple[str, float, float]] = {}
        self._waiting: dict[str, int] = {}
        self._joining: dict[str, int] = {}
        self._oom = identity.oom_kills()
        self._low_space = False
        self._watch = Watch(engine)
        self._since = presence.moment()
        self._code = presence.code_stamp()

    def work(self, asked: threading.Event, stay: bool) -> None:
        """Tick until asked to leave or idle for long enough; its fork servers end with it, its jobs go on."""
        for job in lease.orphans(self._engine):
            self._adopt(job)
        needed = time.monotonic()
        told, tended = float("-inf"), needed - self._timing.upkeep + 60  # a start has better things to do
        try:
            while not asked.wait(self._timing.poll):
                try:
                    self.tick()
                except StorageError as problem:
                    log.warning("waiting for the database: %s", problem)
                    self._watch.forget()
                    self._leases.clear()  # while it did not answer us, nobody could renew
                moment = time.monotonic()
                if moment - told > self._timing.status:
                    told = moment
                    self._tell()
                    if stay or presence.ui_alive() or self.busy():
                        needed = moment
                if moment - tended > self._timing.upkeep:
                    tended = moment
                    threading.Thread(target=upkeep, args=(self._engine,), name="upkeep", daemon=True).start()
                if moment - needed > self._timing.idle:
                    return
        finally:
            self._servers.stop()
            self._watch.close()

    def busy(self) -> bool:
        """Whether anything runs or waits."""
        rows, waiting, _ = lease.overview(self._engine)
        return bool(rows or waiting or self._children)

    def tick(self) -> None:
        """Look once at everything."""
        quiet = not (self._waiting or self._leases or self._children)
        if quiet and not self._watch.changed():
            rows: list[Job] = []
        else:
            rows, self._waiting, self._joining = lease.overview(self._engine)
        for job in rows:
            self._tend(job)
        active = {job.id for job in rows}
        for child in [child for child in self._children.values() if child.job_id not in active]:
            self._bury(child)
        for known in (self._leases, self._asked):
            for job_id in known.keys() - active:
                del known[job_id]
        for lane in LANES:
            self._servers.keep(lane, running=self._count(lane), waiting=self._waiting.get(lane, 0))
            if not self._servers.loading(lane):
                self._start(lane)

    def _tend(self, job: Job) -> None:
        child = self._children.get(job.id) or self._adopt(job)
        if job.state == "lost":
            if child is not None and child.ours and not child.gone():
                child.end(0)  # one process at a time works on a job
                return
            self._children.pop(job.id, None)
            lease.settle(self._engine, job, self._timing)
        elif child is not None and child.gone():
            # zero rows changed: it wrote its end after we looked, and is buried at the next look
            lease.lose(self._engine, job, self._loss(job, child))
        elif child is None and job.pid is not None and self._rebooted(job):
            lease.lose(self._engine, job, Loss("reboot", "restart"))
        elif child is None and job.pid is not None and job.boot_id == identity.boot_id():
            lease.lose(self._engine, job, Loss("gone", "an unknown cause", job.log_tail(2000)))
        elif self._lapsed(job, child):
            loss = Loss("lapsed", "silence", job.log_tail(2000))
            lease.lose(self._engine, job, loss, within=self._timing.heartbeat)
            del self._leases[job.id]
        elif job.cancel:
            self._stop(job, child)

    def _adopt(self, job: Job) -> Child | None:
        """The process that a supervisor before us started, or a user inline, if it lives."""
        if (
            job.pid is None
            or job.boot_id != identity.boot_id()
            or not identity.same(job.pid, job.pid_started)
        ):
            return None
        child = Child(
            job.id, job.attempt, job.lane, job.slot, job.pid, job.pid_started, ours=job.executor == "local"
        )
        log.info("adopting the process %s of job %s", child.pid, child.job_id)
        self._children[job.id] = child
        return child

    def _rebooted(self, job: Job) -> bool:
        # with PostgreSQL another boot may be another machine: its lease decides
        return is_sqlite(self._engine) and job.boot_id != identity.boot_id()

    def _loss(self, job: Job, child: Child) -> Loss:
        tail = job.log_tail(2000)
        if child.code is None:
            return Loss("gone", "an unknown cause", tail)
        if child.code == EXIT_HUNG:
            return Loss("hung", "no progress", tail)
        if child.code < 0:
            before, self._oom = self._oom, identity.oom_kills()
            memory = child.code == -signal.SIGKILL and self._oom > before
            return Loss("memory" if memory else "signal", identity.signal_name(-child.code), tail)
        return Loss("exit", f"exit code {child.code}", tail)

    def _lapsed(self, job: Job, child: Child | None) -> bool:
        """Whether the lease stood still for too long, by our own clock: the time of day may be set.

        While its process computes, that may be several times as long: what converts a large network lets no other thread of it run.
        """
        moment = time.monotonic()
        until, since, before, longer = self._leases.get(job.id, (None, 0.0, 0.0, 0))
        if until != job.lease_until:
            worked = child.worked() if child is not None else 0.0
            self._leases[job.id] = (job.lease_until, moment, worked, 0)
            return False
        starting = job.state == "starting" and child is not None
        patience = self._timing.start if starting else self._timing.lease
        if moment - since <= patience:
            return False
        worked = child.worked() if child is not None else 0.0
        if worked - before > COMPUTES * patience and longer < LONGER:
            self._leases[job.id] = (until, moment, worked, longer + 1)
            return False
        return True

    def _stop(self, job: Job, child: Child | None) -> None:
        """See to it that a job that shall stop does; one that keeps the best may take as long as it computes."""
        how, moment = str(job.cancel), time.monotonic()
        patience = self._timing.discard if how == "discard" else self._timing.keep
        asked, since, before = self._asked.get(job.id, ("", moment, 0.0))
        if asked == how and moment - since <= patience:
            return
        worked = child.worked(with_children=True) if child is not None else 0.0
        if asked != how or (how == "keep" and worked - before > COMPUTES * patience):
            self._asked[job.id] = (how, moment, worked)
        elif lease.revoke(self._engine, job, self._timing):
            log.info("job %s did not stop by itself", job.id)
            if child is not None:
                child.end(self._timing.kill)

    def _bury(self, child: Child) -> None:
        """See the process of an ended job go, and clear up after it."""
        state = lease.state_of(self._engine, child.job_id)
        if child.ours and not child.gone():
            # one that wrote its end leaves by itself within moments; one that was revoked has been asked already
            if child.overdue(self._timing.kill) or child.asked is not None or state is None:
                child.end(self._timing.kill)
            return
        del self._children[child.job_id]
        if state is None:
            shutil.rmtree(home() / "jobs" / child.job_id, ignore_errors=True)
        elif child.ours and state in ("succeeded", "cancelled"):
            shutil.rmtree(home() / "jobs" / child.job_id / "work", ignore_errors=True)
        lease.forget_process(self._engine, child.job_id, child.attempt)

    def _count(self, lane: str) -> int:
        """Slots that are taken."""
        return len({child.group for child in self._children.values() if child.lane == lane and child.ours})

    def _start(self, lane: str) -> None:
        """Turn waiting jobs into processes while there are slots and space."""
        while self._waiting.get(lane):
            full = self._count(lane) >= self._slots[lane]
            if full and not self._joining.get(lane):
                return
            try:
                require_space()
            except LowSpace:
                self._low_space = True
                return
            self._low_space = False
            job = lease.claim(self._engine, lane, self._timing, joining=full)
            if job is None:
                return
            self._waiting[lane] -= 1
            if full:
                self._joining[lane] -= 1
            try:
                child = self._process(job)
            except OSError as problem:
                lease.lose(self._engine, job, Loss("spawn", str(problem)))
                return
            self._children[job.id] = child
            lease.note_process(self._engine, job.id, job.attempt, child.pid, child.began)

    def _process(self, job: Job) -> Child:
        if job.attempt > 1:  # whatever ended the first process, take the fork out of the question
            return launch(self._command, job)
        return self._servers.fork(job) or launch(self._command, job)

    def _tell(self) -> None:
        presence.write_status(
            WorkerState(
                pid=os.getpid(), pid_started=identity.started(os.getpid()), since=self._since, beat=presence.moment(),
                warm=self._servers.states(),
                running={lane: self._count(lane) for lane in LANES}, low_space=self._low_space, code=self._code,
            )
        )  # fmt: skip
