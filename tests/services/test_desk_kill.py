"""The demo process killed while strangers write: what they were told is kept is kept, once."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.serving.answers import Answers, load_or_make_secret
from engine.storage.inbox import FILE, read_entries
from tests.serving.studio import TEXT, TOKEN, Studio

CLIENTS, POSTS, KILLS = 50, 1000, 3


class Process:
    """The program, started again whenever it was killed."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self.address = str(folder / "socket")
        self._command = [
            sys.executable, str(Path(__file__).with_name("desk_program.py")), str(studio.home), studio.key.public, self.address,
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        Path(self.address).unlink(missing_ok=True)
        self._running = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())}
        )
        assert self._running.stdout is not None
        assert self._running.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self._running.send_signal(signal.SIGKILL)
        self._running.wait()
        assert self._running.stdout is not None
        self._running.stdout.close()


def post(address: str, said: dict[str, object]) -> tuple[bool, int]:
    """Send until an answer comes; whether it was a duplicate, and how often it had to be sent."""
    for attempt in range(1, 1000):
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(address)
                line.sendall(json.dumps(said).encode() + b"\n")
                answer = line.makefile().readline()
            if answer:
                return bool(json.loads(answer)["duplicate"]), attempt
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("no answer")


@pytest.mark.slow
def test_every_acknowledged_post_is_there_exactly_once(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "studio")
    studio.publish(studio.majority("a"))
    answers = Answers(load_or_make_secret(studio.home))
    process = Process(studio, tmp_path)
    told: list[tuple[int, bool, int]] = []

    def client(first: int) -> None:
        for k in range(first, POSTS, CLIENTS):
            said = {
                "token": TOKEN, "answer_id": answers.name("demo_1", TEXT, 1, "a", 0.75), "inputs": TEXT, "right": True,
                "correction": None, "comment": f"{k}", "visitor": f"v{first}", "locale": "en",
            }  # fmt: skip
            told.append((k, *post(process.address, said)))
            time.sleep(random.random() * 0.02)

    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(client, first) for first in range(CLIENTS)]
        for kill in range(1, KILLS + 1):
            while len(told) < kill * POSTS // (KILLS + 1):
                time.sleep(0.001)
            process.kill()
            at_death = {k for k, *_ in told}
            there = {e.payload["comment"] for e in read_entries(studio.home / FILE, 0, 2 * POSTS)}
            assert {f"{k}" for k in at_death} <= there
            process.start()
        for done in work:
            done.result()
    process.kill()
    kept = [e for e in read_entries(studio.home / FILE, 0, 2 * POSTS) if e.kind == "feedback"]
    assert sorted(int(e.payload["comment"]) for e in kept) == list(range(POSTS))
    assert sorted(k for k, *_ in told) == list(range(POSTS))
    assert all(attempts > 1 for _, duplicate, attempts in told if duplicate)
    assert any(attempts > 1 for *_, attempts in told)
