"""Visits and answers counted in memory and written down at most once a second.

Stage 6b (serving). A process that is killed loses the counts of its last second, and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Literal

from engine.errors import BentuError

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0


class Tallies:
    """Counters by demo. Safe to share between threads; close them at the end.

    Args:
        keep: writes down the counts of a demo (`visits`, `answers`) since the last time.
    """

    def __init__(self, keep: Callable[[str, dict[str, int]], None]) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self._counts: dict[str, dict[str, int]] = {}
        self._some, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
        self._thread.start()

    def count(self, demo: str, what: Literal["visits", "answers"], by: int = 1) -> None:
        """Count something of a demo."""
        with self._lock:
            counts = self._counts.setdefault(demo, {"visits": 0, "answers": 0})
            counts[what] += by
        self._some.set()

    def close(self) -> None:
        """Write down what is left, and end."""
        self._end.set()
        self._some.set()
        self._thread.join()
        self._flush()

    def _run(self) -> None:
        while not self._end.is_set():
            self._some.wait()
            self._some.clear()
            self._end.wait(EVERY_SECONDS)
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            taken, self._counts = self._counts, {}
        for demo, counts in taken.items():
            try:
                self._keep(demo, counts)
            except BentuError as problem:  # the next second may have room for it
                log.warning("counts could not be written: %s", problem)
                self.count(demo, "visits", counts["visits"])
                self.count(demo, "answers", counts["answers"])
