"""A flood of visitors fills neither the disk with a log nor the process with too few open files."""

from __future__ import annotations

import logging
import resource
from pathlib import Path

import pytest

from engine.jobs import demo_bounds
from engine.jobs.demo_bounds import EACH_MINUTE, Damper, cut_log, damp_logs, open_many_files


def test_the_log_is_cut_and_whoever_appends_goes_on_at_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "demo.log"
    assert not cut_log(path)
    with path.open("ab", buffering=0) as log:
        log.write(b"old" + b"a" * 97)
        assert not cut_log(path, 100)
        log.write(b"last")
        assert cut_log(path, 100)
        log.write(b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "demo.log.1").read_bytes() == b"a" * 96 + b"last"
    assert len(list(tmp_path.glob("demo.log*"))) == 2


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((1024, 4096), 4096), ((1024, 1_000_000), 16_384), ((1024, -1), 16_384), ((20_000, 20_000), None)],
)
def test_open_files(limits: tuple[int, int], expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(demo_bounds.resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(demo_bounds.resource, "setrlimit", lambda _, pair: asked.append(pair))
    assert open_many_files() == (expected or limits[0])
    assert asked == ([(expected, limits[1])] if expected else [])
    assert resource.RLIM_INFINITY == -1


def record(message: str, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord("asyncio", logging.ERROR, "x.py", line, message, (), None)


def test_the_same_record_again_and_again_is_kept_back_and_counted() -> None:
    now = 0.0
    damper = Damper(lambda: now)
    assert sum(damper.filter(record("visitor")) for _ in range(500)) == EACH_MINUTE
    assert damper.filter(record("another place", 2))
    now = 61.0
    after = record("visitor")
    assert damper.filter(after)
    assert after.getMessage() == f"visitor (and {500 - EACH_MINUTE} more like it)"


def test_too_few_files_are_told_once_a_minute() -> None:
    damper = Damper(lambda: 0.0)
    told = [
        damper.filter(record("socket.accept() out of system resource\nsocket: <%d>", 3)) for _ in range(50)
    ]
    assert sum(told) == 1


def test_every_handler_is_damped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger("some.server"), "handlers", [handler])
    last = logging.Handler()
    monkeypatch.setattr(logging, "lastResort", last)
    monkeypatch.setattr(logging.root, "handlers", [])
    damp_logs()
    damp_logs()
    for each in (handler, last):
        assert sum(isinstance(found, Damper) for found in each.filters) == 1
