"""The one place that reads the wall clock for rows, so that a test can set it wrong."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC, for stamps; durations are measured by `time.monotonic`."""
    return datetime.now(UTC)
