"""How often and how long: every duration of the job machinery, in one place."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields

COMPUTES = 0.1
"""Share of a core; a process that takes less stands still."""


@dataclass(frozen=True)
class Timing:
    """Durations in seconds; `BENTU_TIMING` (JSON) overrides single ones."""

    lease: float = 30.0
    """A job whose process has not renewed its lease for so long is lost."""
    heartbeat: float = 5.0
    """How often a process renews its lease."""
    start: float = 120.0
    """How long a living process may take to begin, and a fork server to load."""
    poll: float = 0.15
    """How often the supervisor looks."""
    pulse: float = 0.2
    """How often a job's process reads its stop flag and writes its new events."""
    discard: float = 0.6
    """How long a discarded job may take to end by itself."""
    keep: float = 120.0
    """How long a job that shall stop and keep the best may do nothing: to save and package a large model takes it longer than that."""
    kill: float = 2.0
    """From SIGTERM to SIGKILL."""
    finish: float = 60.0
    """How long a process tries to write its end into a busy or full database."""
    silence: float = 1800.0
    """A training that reports nothing and computes nothing for so long is hung."""
    idle: float = 30.0
    """The supervisor leaves after so long without a browser session and without jobs."""
    status: float = 2.0
    """How often the supervisor writes its status."""
    upkeep: float = 3600.0
    """How often the supervisor looks whether a backup is due and collects unused files."""

    @classmethod
    def from_environment(cls) -> Timing:
        """The defaults with what `BENTU_TIMING` changes."""
        given = json.loads(os.environ.get("BENTU_TIMING") or "{}")
        known = {field.name for field in fields(cls)}
        return cls(**{name: float(value) for name, value in given.items() if name in known})
