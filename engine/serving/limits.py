"""How much and how often strangers may ask.

Stage 6b (serving). Token buckets (RFC 2697 calls them meters): a bucket holds `burst` tokens and gets `rate` new ones a second; each
request takes from every bucket that it falls under, or from none at all. Nothing is kept of a visitor but a hash and a number,
and of at most `MOST` visitors: a full bucket and none are the same.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.serving.errors import TooManyRequests

MAX_TEXT = 20_000
"""Characters of all inputs of one request together."""

MAX_COMMENT = 2_000
"""Characters of a comment."""

TOKEN_TEXT = 2_000
"""Characters that one token pays for: a text of the greatest length costs as much processor time as many short ones."""

MOST = 50_000
"""Buckets remembered of one kind; the longest unused is forgotten first."""


@dataclass(frozen=True)
class Rate:
    """`rate` requests a second in the long run, `burst` at once."""

    rate: float
    burst: float


PREDICTIONS_VISITOR, PREDICTIONS_DEMO = Rate(30 / 60, 20), Rate(10, 20)
FEEDBACK_VISITOR, FEEDBACK_DEMO = Rate(60 / 60, 60), Rate(100, 1000)

MISSES = 20
"""Wrong links that a visitor may try before being told to wait; a good link opens all the same."""

SHUT_SECONDS = 600.0


class Buckets:
    """The buckets of one kind, by name.

    Args:
        rate: what each of them holds.
        most: how many are remembered.
    """

    def __init__(self, rate: Rate, most: int = MOST) -> None:
        self._rate = rate
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, name: str, at: float, tokens: int = 1) -> float:
        """Seconds until the bucket has `tokens`; 0 if it has them now. More than it ever holds counts as a full bucket."""
        return max(0.0, (min(tokens, self._rate.burst) - self._level(name, at)) / self._rate.rate)

    def take(self, name: str, at: float, tokens: int = 1) -> None:
        """Take `tokens`."""
        self._levels[name] = (self._level(name, at) - tokens, at)
        self._levels.move_to_end(name)
        while len(self._levels) > self._most:
            self._levels.popitem(last=False)

    def _level(self, name: str, at: float) -> float:
        level, then = self._levels.get(name, (self._rate.burst, at))
        return min(self._rate.burst, level + max(0.0, at - then) * self._rate.rate)


class Limits:
    """The limits of a demo process. Safe to share between threads.

    Args:
        clock: seconds that only grow (a test brings its own).
        factor: every rate and burst is multiplied by it; `BENTU_DEMO_RATE`, 1 if not set. For a class of students
            behind one address, or a measurement.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, factor: float | None = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        by = factor if factor is not None else float(os.environ.get("BENTU_DEMO_RATE") or 1)
        self._predictions = _pair(PREDICTIONS_VISITOR, PREDICTIONS_DEMO, by)
        self._feedback = _pair(FEEDBACK_VISITOR, FEEDBACK_DEMO, by)
        self._misses = Buckets(Rate(MISSES * by / SHUT_SECONDS, MISSES * by))
        self._shut: OrderedDict[str, float] = OrderedDict()

    def predict(self, demo: str, visitor: str, characters: int = 0) -> None:
        """Count a prediction on so many characters; raises `TooManyRequests` and counts nothing where there were too many."""
        self._take(self._predictions, demo, visitor, max(1, math.ceil(characters / TOKEN_TEXT)))

    def feedback(self, demo: str, visitor: str) -> None:
        """Count a piece of feedback; raises `TooManyRequests` and counts nothing where there were too many."""
        self._take(self._feedback, demo, visitor)

    def admit(self, visitor: str) -> None:
        """Refuse a wrong link of a visitor who tried too many; raises `TooManyRequests`."""
        with self._lock:
            until, at = self._shut.get(visitor, 0.0), self._clock()
            if until <= at:
                self._shut.pop(visitor, None)
                return
        raise TooManyRequests(seconds=math.ceil(until - at))

    def missed(self, visitor: str) -> None:
        """Count a link that leads nowhere; after the twentieth in a row such are refused for ten minutes."""
        with self._lock:
            at = self._clock()
            self._misses.take(visitor, at)
            if self._misses.wait(visitor, at) > 0:
                self._shut[visitor] = at + SHUT_SECONDS
                self._shut.move_to_end(visitor)
                while len(self._shut) > MOST:
                    self._shut.popitem(last=False)

    def _take(self, pair: tuple[Buckets, Buckets], demo: str, visitor: str, tokens: int = 1) -> None:
        with self._lock:
            at, names = self._clock(), (visitor, demo)
            wait = max(buckets.wait(name, at, tokens) for buckets, name in zip(pair, names, strict=True))
            if wait <= 0:
                for buckets, name in zip(pair, names, strict=True):
                    buckets.take(name, at, tokens)
                return
        raise TooManyRequests(seconds=math.ceil(wait))


def _pair(visitor: Rate, demo: Rate, by: float) -> tuple[Buckets, Buckets]:
    return (
        Buckets(Rate(visitor.rate * by, visitor.burst * by)), Buckets(Rate(demo.rate * by, demo.burst * by)),
    )  # fmt: skip
