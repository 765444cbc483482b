"""The studio starts the process for strangers, keeps it alive and takes it along when it ends."""

from __future__ import annotations

import logging
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from engine.errors import N_, BentuError, JobError
from engine.jobs import identity
from engine.jobs.demo_bounds import cut_log
from engine.jobs.demo_options import LEASH, Listening, command, environment, listening
from engine.jobs.demo_presence import demo_server_state, held
from engine.jobs.presence import code_stamp
from engine.storage.home import folder

log = logging.getLogger(__name__)

INTERVAL = 1.0
PATIENCE = 4.0
"""Seconds between asking it to end and making it."""
LONGEST_PAUSE = 30.0


class DemoPortBusy(JobError):
    code = "DEMO_PORT_BUSY"
    message = N_("Port {port} on {address}, where demos should be served, is used by another program.")
    remedy = N_("Close that program, or set BENTU_DEMO_PORT to a free port and start Bentu again.")


class DemoEnds(JobError):
    code = "DEMO_ENDS"
    message = N_("The process for demos ended by itself (code {exit}); Bentu goes on trying to start it.")
    remedy = N_("The reason stands at the end of {log}.")


def demo_server_problem(home: Path) -> BentuError | None:
    """Why no demo process serves `home`, as far as this process can see; None if one does or is about to."""
    where = listening()
    if held(home) or port_free(where):
        return None
    return DemoPortBusy(port=where.port, address=where.address)


def port_free(where: Listening) -> bool:
    """Whether somebody could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in where.address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where.address, where.port))
        except OSError:
            return False
    return True


def keep_demo_server(
    home: Path, public_key: str, line: Sequence[str] | None = None, interval: float = INTERVAL
) -> Callable[[], None]:
    """Start the demo process from a thread and start it anew whenever it is gone; returns what ends both.

    One that somebody started by hand for this home is left alone; one that runs older code for another studio is
    replaced. A busy port is told in the log and waited for.

    Args:
        home: The demo home, which becomes the BENTU_HOME of the process.
        public_key: With what the studio signs.
        line: Another command line, for tests.
    """
    over = threading.Event()
    keeper = _Keeper(home, public_key, line, interval, over)
    thread = threading.Thread(target=keeper.run, name="keep-demo-server", daemon=True)
    thread.start()

    def stop() -> None:
        over.set()
        thread.join()
        keeper.end()

    return stop


class _Keeper:
    def __init__(
        self, home: Path, public_key: str, line: Sequence[str] | None, interval: float, over: threading.Event
    ) -> None:
        self._home, self._key, self._line = home, public_key, line
        self._interval, self._over = interval, over
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._failures = 0
        self._told = ""

    def run(self) -> None:
        with suppress(OSError, BentuError):
            self._replace_older()
        pause = 0.0
        while not self._over.wait(pause):
            try:
                pause = self._step()
            except (OSError, BentuError) as problem:
                self._tell(str(problem))
                pause = LONGEST_PAUSE / 3

    def end(self) -> None:
        """Ask the process to end, then make it."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._drop()

    def _step(self) -> float:
        """See to the process once; returns the seconds until the next time."""
        cut_log(self._log())
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return self._interval
            self._drop()
            quick = time.monotonic() - self._began < 10
            self._failures = self._failures + 1 if quick else 0
            self._tell(str(DemoEnds(exit=code, log=str(self._log()))))
            if self._failures > 1:  # something is wrong with it: do not burn the processor
                return min(2.0**self._failures, LONGEST_PAUSE)
        if held(self._home):
            return self._interval
        where = listening()
        if not port_free(where):
            self._tell(str(DemoPortBusy(port=where.port, address=where.address)))
            return self._interval
        self._start(where)
        return self._interval

    def _start(self, where: Listening) -> None:
        with self._log().open("ab") as output:
            self._process = subprocess.Popen(
                list(self._line or command(where)), stdin=subprocess.PIPE, stdout=output, stderr=output,
                start_new_session=True, env=environment(self._home, self._key) | {LEASH: "1"}, cwd=self._home,
            )  # fmt: skip
        self._began = time.monotonic()
        self._told = ""
        log.info("demos are served at %s", where.url)

    def _replace_older(self) -> None:
        state = demo_server_state(self._home)
        if not state.alive or not state.leashed or state.code == code_stamp() or state.pid is None:
            return
        with suppress(psutil.Error):
            process = psutil.Process(state.pid)
            if identity.same(state.pid, state.pid_started) and self._is_demo(process):
                log.info("the demo process %s runs older code: replacing it", state.pid)
                process.terminate()

    def _is_demo(self, process: psutil.Process) -> bool:
        """Whether it is a demo process of this home. `server.json` names it, and strangers may have got to write that."""
        line = self._line or command(listening())
        programs = {Path(part).name for part in line if part.endswith(".py")}
        if not programs & {Path(part).name for part in process.cmdline()}:
            return False
        try:
            own: Mapping[str, str] = process.environ()
        except (
            psutil.AccessDenied
        ):  # another user's: the command line must do, and the system decides who may end it
            return True
        return own.get("BENTU_MODE") == "demo" and own.get("BENTU_HOME") == str(self._home)

    def _drop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None

    def _log(self) -> Path:
        return folder("logs") / "demo.log"

    def _tell(self, problem: str) -> None:
        """Say it once, not at every look."""
        if problem != self._told:
            self._told = problem
            log.warning("%s", problem)
