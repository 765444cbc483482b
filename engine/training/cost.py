"""What a training cost: time, processor time, memory, and an estimate of the energy with its method.

Stage 4 (training).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.training.cards import cards_measured
from engine.training.machine import memory_in_use

WATTS_A_CORE = 12.0
"""Of a busy processor core of unknown make."""

WATTS_A_GIGABYTE = 0.3725
"""Of memory, for as long as it is held."""

METHOD = "Green Algorithms"
"""Lannelongue, Grealey and Inouye, "Green Algorithms: quantifying the carbon footprint of computation" (2021), equation 1,
with its default power draw of a core and of memory; without the cooling of a computing centre, and without accelerators,
whose own meters are read where they have one (`engine/training/cards.py`)."""

_BETWEEN_LOOKS = 0.2


@contextmanager
def measured() -> Iterator[dict[str, Any]]:
    """Measure what happens inside: the yielded mapping is filled at the end.

    Keys: `training_seconds`, `processor_seconds` (all threads of this process and of children that ended), `peak_memory_bytes` (looked at
    five times a second), `energy_wh` and `energy_method`; with a graphics card also what `cards_measured` says.
    """
    found: dict[str, Any] = {}
    peak, over = memory_in_use(), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(_BETWEEN_LOOKS):
            peak = max(peak, memory_in_use())

    watcher = threading.Thread(target=watch, name="watch-memory", daemon=True)
    started, spent = time.monotonic(), _processor_seconds()
    watcher.start()
    try:
        with cards_measured() as cards:
            yield found
    finally:
        over.set()
        watcher.join()
        seconds, processor = time.monotonic() - started, _processor_seconds() - spent
        peak = max(peak, memory_in_use())
        found.update(
            training_seconds=seconds, processor_seconds=processor, peak_memory_bytes=peak,
            energy_wh=energy(processor, seconds, peak), energy_method=METHOD, **cards,
        )  # fmt: skip


def energy(processor_seconds: float, seconds: float, memory_bytes: float) -> float:
    """Estimated watt-hours of busy cores and held memory, see `METHOD`."""
    return (processor_seconds * WATTS_A_CORE + seconds * memory_bytes / 1e9 * WATTS_A_GIGABYTE) / 3600


def _processor_seconds() -> float:
    if sys.platform == "win32":
        return time.process_time()
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
