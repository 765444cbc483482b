"""A real demo process over a home of its own, started with the command line that the studio uses."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.jobs.demo_options import command, environment, listening
from engine.packaging.signing import SigningKey
from engine.storage.inbox import FILE, read_entries
from tests.e2e.conftest import free_port, wait_until_healthy
from tests.published import TOKEN, studio_key


@dataclass
class DemoProcess:
    """`kill` ends it without a word, `start` starts it anew on the same port and home."""

    home: Path
    key: SigningKey
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def link(self, token: str = TOKEN) -> str:
        return f"{self.url}/?d={token}"

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as patch, self.log.open("ab") as log:
            patch.setenv("BENTU_DEMO_PORT", str(self.port))
            self.process = subprocess.Popen(
                command(listening()), env=environment(self.home, self.key.public), cwd=self.home,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_until_healthy(self.url, self.process, self.log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def feedback(self) -> list[Any]:
        """What strangers left, as the studio reads it."""
        return [e for e in read_entries(self.home / FILE, 0, 100_000) if e.kind == "feedback"]


@contextmanager
def demo_process(folder: Path) -> Iterator[DemoProcess]:
    """A demo process with nothing published yet."""
    home = folder / "demo"
    home.mkdir(mode=0o700)
    made = DemoProcess(home, studio_key(folder), free_port())
    made.start()
    try:
        yield made
    finally:
        made.kill()
    assert os.environ.get("BENTU_HOME") != str(home)
