"""What a work function sees of its job: report, ask for the stop, a folder of its own.

Services write work functions against this; `jobs/process.py` makes one in the job's process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection


class JobContext(Protocol):
    """One attempt of one job, seen from inside."""

    job_id: str
    attempt: int
    folder: Path
    """Private folder that survives attempts (checkpoints); removed when the job ends well or is discarded."""

    def report(self, kind: str, **payload: Any) -> None:
        """Append a job event (JSON-serialisable payload). `phase` events also set the job's phase; cheap, buffered."""
        ...

    def stop(self) -> str | None:
        """ "keep", "discard" or None; reads a flag that the heartbeat thread refreshes, so it costs nothing."""
        ...

    def check(self) -> None:
        """Raise `Cancelled` if the user discarded the job, `LeaseLost` if another attempt owns it; "keep" raises nothing."""
        ...

    def fence(self, connection: Connection) -> None:
        """Raise as `check` does, within a write transaction: only the attempt that owns the job writes its results."""
        ...
