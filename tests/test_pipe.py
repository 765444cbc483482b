"""The command line at the writing end of a real pipe whose reader goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.__main__ import PIPE_CLOSED

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", [("presets", "list"), ("--help",)])
def test_a_reader_that_goes_ends_a_listing_without_a_traceback(
    tmp_path: Path, command: Sequence[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # sooner than any `head` does, so that the outcome never depends on who is faster
    done = subprocess.run(
        [sys.executable, "-m", "engine", *command], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == (0 if command == ("--help",) else PIPE_CLOSED)


def test_the_first_line_comes_through_head() -> None:
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -m engine presets list | head -1; echo "${{PIPESTATUS[0]}}"'],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    first, status = done.stdout.splitlines()
    assert first.startswith("minilm-l6")
    assert int(status) in (0, PIPE_CLOSED), "0 where everything was written before the reader went"
    assert done.stderr == ""
