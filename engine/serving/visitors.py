"""Who is asking, for limits and for weighing feedback, without keeping who it is.

Stage 6b (serving). A visitor is a hash of the network address under a random salt. The salt lasts for one day (UTC) and is then
deleted, so that afterwards nobody can tell whose hash it was, and hashes of two days do not meet.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from engine.packaging.secret_file import kept_secret

SALTS = "salts"
"""Folder of the salts in the demo's home; one file a day, and only today's."""


class Visitors:
    """Names visitors by their address. Safe to share between threads.

    Args:
        home: the demo's home.
        clock: the present moment.
    """

    def __init__(self, home: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = home / SALTS
        self._clock = clock
        self._lock = threading.Lock()
        self._day, self._salt = "", b""

    def name(self, address: str) -> str:
        """The visitor at a network address, for today: 16 hex digits."""
        day = self._clock().date().isoformat()
        with self._lock:
            if day != self._day:
                self._salt = kept_secret(self._folder / day, lambda: secrets.token_bytes(32))
                self._day = day
                for old in self._folder.iterdir():
                    if old.name != day:
                        old.unlink(missing_ok=True)
            salt = self._salt
        return hashlib.sha256(salt + _household(address).encode()).hexdigest()[:16]


def _household(address: str) -> str:
    """What counts as one visitor: an IPv4 address, or the /64 that an IPv6 connection usually has to itself."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped is not None:
                return str(parsed.ipv4_mapped)
            return str(ipaddress.ip_network((parsed, 64), strict=False))
        return str(parsed)
    return address
