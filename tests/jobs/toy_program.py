"""Plays `python -m engine` for the tests of the jobs: the same commands, with small work functions.

Run as `python toy_program.py worker | job ID --attempt N | forkserver --lane L | inline ID`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.jobs import process, supervisor
from engine.jobs.context import JobContext
from engine.storage import artifacts
from engine.storage.database import insert_new, open_database, write
from engine.storage.migrations import migrate
from engine.storage.tables import setting

COMMAND = (sys.executable, __file__)


class BadRow(DataError):
    code = "TOY_BAD_ROW"
    message = "Row {row} is bad."
    remedy = "Correct it."


def echo(context: JobContext, spec: dict[str, Any]) -> dict[str, Any]:
    """Says what it was given and where it ran."""
    return {"said": spec, "pid": os.getpid(), "nice": os.nice(0), "warm": "preloaded" in sys.modules}


def steps(context: JobContext, spec: dict[str, Any]) -> dict[str, Any]:
    """A toy training: a recurrence whose loss depends on every step, a checkpoint after each, two generations."""
    position, loss = 0, 1.0
    for generation in ("now.json", "before.json"):
        try:
            saved = json.loads((context.folder / generation).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
        position, loss = saved["position"], saved["loss"]
        break
    context.report("phase", name="fit", resumed_at=position)
    stopped = False
    while position < spec["steps"]:
        if spec.get("spin"):
            time.sleep(spec["spin"])
        position += 1
        loss = loss * 0.9 + 0.01 * position
        _checkpoint(context.folder, {"position": position, "loss": loss})
        context.report("epoch", epoch=position, loss=loss)
        if spec.get("kill_at") == position and context.attempt == 1:
            (context.folder / "now.json").write_text('{"position":')  # a write that was cut off
            os.kill(os.getpid(), signal.SIGKILL)
        wanted = context.stop()
        if wanted:
            stopped = True
            break
    context.check()
    context.report("phase", name="save")
    artifacts.put_bytes(json.dumps({"loss": loss}).encode())
    time.sleep(spec.get("saving", 0))
    return {"loss": loss, "steps": position, "stopped": stopped}


def expected_loss(steps: int) -> float:
    """The loss of an uninterrupted toy training."""
    loss = 1.0
    for position in range(1, steps + 1):
        loss = loss * 0.9 + 0.01 * position
    return loss


def _checkpoint(folder: Path, state: dict[str, Any]) -> None:
    partial, now, before = (folder / name for name in ("partial.json", "now.json", "before.json"))
    with partial.open("w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    if now.exists():
        now.replace(before)
    partial.replace(now)


def crash(context: JobContext, spec: dict[str, Any]) -> None:
    """Dies as spec says: by a signal, or by leaving."""
    print("about to crash", flush=True)
    if spec.get("until", 99) < context.attempt:
        return
    if "exit" in spec:
        os._exit(spec["exit"])
    os.kill(os.getpid(), spec["signal"])


def deaf(context: JobContext, spec: dict[str, Any]) -> None:
    """Never asks whether to stop; may ignore SIGTERM too."""
    if spec.get("ignore"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    context.report("phase", name="deaf")
    time.sleep(spec.get("seconds", 60))


def hang(context: JobContext, spec: dict[str, Any]) -> None:
    """A deadlock: waits for what never comes."""
    threading.Event().wait()


def mute(context: JobContext, spec: dict[str, Any]) -> None:
    """Computes without a word, as who reads many texts with a large model; `apart` in a process of its own."""
    if spec.get("apart"):
        context.report("phase", name="apart")
        busy = f"import time; end = time.monotonic() + {spec['seconds']}\nwhile time.monotonic() < end: pass"
        subprocess.run([sys.executable, "-S", "-c", busy], check=True)
        return
    end = time.monotonic() + spec["seconds"]
    while time.monotonic() < end:
        sum(range(10_000))


def leak(context: JobContext, spec: dict[str, Any]) -> None:
    """Takes memory until there is none."""
    kept = []
    while True:
        kept.append(bytearray(20_000_000))


def fail(context: JobContext, spec: dict[str, Any]) -> None:
    if spec.get("expected"):
        raise BadRow(row=17)
    raise ValueError("nobody foresaw 42")


def fenced(context: JobContext, spec: dict[str, Any]) -> None:
    """Sleeps, then writes a row behind the fence, as a service writes what a run brought."""
    context.report("phase", name="sleeping")
    time.sleep(spec["seconds"])
    engine = open_database()
    with write(engine) as connection:
        context.fence(connection)
        insert_new(connection, setting, {"owner": "me", "key": spec["key"], "value": context.attempt})
    engine.dispose()


def family(context: JobContext, spec: dict[str, Any]) -> None:
    """Has a process of its own, as a library with workers does."""
    child = subprocess.Popen(["sleep", "60"])
    context.report("phase", name=f"child {child.pid}")
    child.wait()


WORK = {f.__name__: f for f in (echo, steps, crash, deaf, hang, mute, leak, fail, fenced, family)}


def preload() -> None:
    time.sleep(float(os.environ.get("TOY_PRELOAD", "0")))
    sys.modules["preloaded"] = sys


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("id", nargs="?")
    parser.add_argument("--attempt", type=int)
    parser.add_argument("--lane")
    given = parser.parse_args()
    if given.command == "job":
        process.main(open_database, given.id, given.attempt, WORK)
    elif given.command == "forkserver":
        process.forkserver(open_database, given.lane, WORK, preload)
    elif given.command == "inline":
        process.inline(open_database(), "me", given.id, WORK)
    else:
        database = open_database()
        migrate(database)
        supervisor.supervise(database, COMMAND)
