"""A job as its row says it: plain data, and where its files lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Row

from engine.errors import BentuError, error_from_json
from engine.storage.home import home

State = Literal["queued", "starting", "running", "succeeded", "failed", "cancelled", "lost"]
Lane = Literal["short", "training"]
Stop = Literal["keep", "discard"]

ACTIVE: tuple[State, ...] = ("starting", "running")
"""A process works on it."""
GOING: tuple[State, ...] = ("queued", *ACTIVE, "lost")
"""It has not ended yet."""
TERMINAL: tuple[State, ...] = ("succeeded", "failed", "cancelled")
"""Nothing happens to it any more."""
LANES: tuple[Lane, ...] = ("short", "training")


@dataclass(frozen=True)
class Limit:
    """How many jobs of a lane one owner may have: running at once, and waiting."""

    running: int
    waiting: int


LIMITS: Mapping[str, Limit] = {"training": Limit(1, 20), "short": Limit(2, 200)}
ALONE: frozenset[str] = frozenset({"preset"})
"""Kinds of which one job is worked on at a time, whoever asked: a download waits for the network for long, and two would fill the short lane."""


@dataclass(frozen=True)
class Job:
    """One row of the job table. `seconds` is the time spent in all attempts, by a clock that nobody can set."""

    id: str
    owner: str
    project_id: str | None
    kind: str
    lane: Lane
    group_id: str | None
    spec: dict[str, Any]
    priority: int
    state: State
    phase: str | None
    attempt: int
    max_attempts: int
    lease_token: str | None
    lease_until: datetime | None
    cancel: Stop | None
    cancel_at: datetime | None
    executor: str
    pid: int | None
    pid_started: float | None
    boot_id: str | None
    folder: str
    idempotency: str | None
    error: dict[str, Any] | None
    result: dict[str, Any] | None
    seconds: float
    created: datetime
    queued_at: datetime
    started: datetime | None
    finished: datetime | None

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in GOING

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in TERMINAL

    @property
    def slot(self) -> str:
        """What takes a slot of the lane: its group, or itself."""
        return self.group_id or self.id

    @property
    def problem(self) -> BentuError | None:
        """Why it failed, ready to be rendered; None unless it did."""
        return error_from_json(self.error) if self.state == "failed" and self.error else None

    @property
    def log(self) -> Path:
        """What its processes printed, of all attempts."""
        return home() / self.folder / "log.txt"

    @property
    def work(self) -> Path:
        """Its private folder, which survives attempts (checkpoints)."""
        return home() / self.folder / "work"

    def log_tail(self, characters: int = 8000) -> str:
        """The end of the log; empty if there is none."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - characters))
                return file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""


_NAMES = tuple(field.name for field in fields(Job))


def job_of(row: Row[Any]) -> Job:
    """The job of a row with all the columns of the table."""
    values = row._mapping
    return Job(**{name: values[name] for name in _NAMES})
