"""What the graphics cards of this machine do while a training goes on: seconds at work, memory, energy.

Stage 4 (training). The driver's own program is asked once a second; a machine without a card is not asked at all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.training.machine import card_figures, machine

_BETWEEN_LOOKS = 1.0


@dataclass
class Meter:
    """Sums over the cards that this process may use; None where the driver does not say."""

    seconds: float | None = None
    joules: float | None = None
    held: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    def look(self, elapsed: float) -> None:
        """Add what the cards did in the last `elapsed` seconds, taking them to have gone on as they are now."""
        rows = card_figures("utilization.gpu", "power.draw", "memory.used")
        busy = [_number(row[0]) for row in rows]
        watts = [_number(row[1]) for row in rows]
        used = [_number(row[2]) or 0.0 for row in rows]
        if rows and None not in busy:
            self.seconds = (self.seconds or 0.0) + elapsed * sum(share or 0.0 for share in busy) / 100
        if rows and None not in watts:
            self.joules = (self.joules or 0.0) + elapsed * sum(power or 0.0 for power in watts)
        self.first = self.first or used
        self.held = [max(most, now) for most, now in zip(self.held or used, used, strict=False)]

    def figures(self) -> dict[str, Any]:
        """`card_seconds`, `card_peak_bytes` (the largest rise on one card), `card_energy_wh`; what was not said is left out."""
        rise = max((most - begin for most, begin in zip(self.held, self.first, strict=False)), default=None)
        found = {
            "card_seconds": self.seconds, "card_peak_bytes": None if rise is None else int(rise * 2**20),
            "card_energy_wh": None if self.joules is None else self.joules / 3600,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


@contextmanager
def cards_measured() -> Iterator[dict[str, Any]]:
    """Measure the cards while what is inside goes on: the yielded mapping is filled at the end, and stays empty without a card."""
    found: dict[str, Any] = {}
    if not machine().cards:
        yield found
        return
    meter, over = Meter(), threading.Event()
    meter.look(0.0)

    def watch() -> None:
        last = time.monotonic()
        ended = False
        while not ended:
            ended = over.wait(_BETWEEN_LOOKS)
            now = time.monotonic()
            meter.look(now - last)
            last = now

    watcher = threading.Thread(target=watch, name="watch-cards", daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
        found.update(meter.figures())


def _number(text: str) -> float | None:
    """A figure of the driver; None for its "[N/A]"."""
    try:
        return float(text)
    except ValueError:
        return None
