"""How much may come in: at once, from one tab, and from one address.

A file is counted by the length that it announces, or, without one, by the bytes that came so far. What a cut upload did
not use is given back. Everything happens in the server's event loop, so there are no locks.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable

from engine.services.upload_errors import UploadsBusy, UploadsTooMany
from engine.serving.limits import Buckets, Rate

IN_FLIGHT = 1_000_000_000
"""Bytes of all files that are coming in at once."""

AT_ONCE_SESSION, AT_ONCE_ADDRESS = 32, 64
"""Files that come in at once from one tab, and from one address."""

FILES_SESSION, FILES_ADDRESS = Rate(300 / 3600, 300), Rate(1000 / 3600, 1000)
"""Files, for an hour's work at once and then steadily."""

BYTES_SESSION, BYTES_ADDRESS = Rate(5e9 / 3600, 5e9), Rate(20e9 / 3600, 20e9)
"""Bytes, likewise."""

SOON = 5
"""Seconds after which one who found the door busy tries again."""


class UploadBudget:
    """What all uploads of a process share.

    Args:
        clock: Seconds that only grow (a test brings its own).
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.in_flight = 0
        self.at_once: Counter[str] = Counter()
        self.files = (Buckets(FILES_SESSION), Buckets(FILES_ADDRESS))
        self.bytes = (Buckets(BYTES_SESSION), Buckets(BYTES_ADDRESS))

    def admit(self, session: str, address: str, length: int | None) -> Claim:
        """Let a file in that says it has `length` bytes (None: it does not say); raises `UploadsBusy`, `UploadsTooMany`."""
        names, most = (f"session {session}", f"address {address}"), (AT_ONCE_SESSION, AT_ONCE_ADDRESS)
        if any(self.at_once[name] >= limit for name, limit in zip(names, most, strict=True)):
            raise UploadsBusy(seconds=SOON)
        at = self.clock()
        wait = max(buckets.wait(name, at) for buckets, name in zip(self.files, names, strict=True))
        if wait > 0:
            raise UploadsTooMany(seconds=math.ceil(wait))
        claim = Claim(self, names)
        claim.grow(length or 0)
        for buckets, name in zip(self.files, names, strict=True):
            buckets.take(name, at)
        self.at_once.update(names)
        return claim


class Claim:
    """The part of the budget that one upload holds, until `release`."""

    def __init__(self, budget: UploadBudget, names: tuple[str, str]) -> None:
        self._budget, self._names = budget, names
        self._held = self._used = 0

    def used(self, size: int) -> None:
        """So many bytes have come in by now."""
        if size > self._held:
            self.grow(size)
        self._used = size

    def grow(self, size: int) -> None:
        """Hold `size` bytes; raises `UploadsBusy`, `UploadsTooMany` and holds what it held."""
        more, budget = size - self._held, self._budget
        if budget.in_flight + more > IN_FLIGHT:
            raise UploadsBusy(seconds=SOON)
        at = budget.clock()
        wait = max(b.wait(name, at, more) for b, name in zip(budget.bytes, self._names, strict=True))
        if wait > 0:
            raise UploadsTooMany(seconds=math.ceil(wait))
        self._take(more)

    def release(self) -> None:
        """The upload has ended, well or not."""
        self._budget.in_flight -= self._held
        for buckets, name in zip(self._budget.bytes, self._names, strict=True):
            buckets.take(
                name, self._budget.clock(), self._used - self._held
            )  # what did not come is given back
        self._held = 0
        self._budget.at_once.subtract(self._names)
        for name in self._names:
            if self._budget.at_once[name] <= 0:
                del self._budget.at_once[name]

    def _take(self, more: int) -> None:
        self._budget.in_flight += more
        self._held += more
        for buckets, name in zip(self._budget.bytes, self._names, strict=True):
            buckets.take(name, self._budget.clock(), more)
