"""Chance that can be repeated: the same draws for the same seed on every machine and every Python.

Stage 2 (prepare). Only `random()` of the Mersenne Twister is used: of the standard library's generator nothing else is
promised to stay the same from one Python to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws that depend on `parts` alone.

    Example:
        >>> Draw(0, 17, 1).below(1000) == Draw(0, 17, 1).below(1000)
        True
    """

    def __init__(self, *parts: int) -> None:
        text = ",".join(map(str, parts)).encode()
        self._random = Random(int.from_bytes(blake2b(text, digest_size=8).digest(), "big")).random

    def chance(self, share: float) -> bool:
        """True in `share` of all draws."""
        return self._random() < share

    def below(self, count: int) -> int:
        """A whole number from 0 to `count` - 1."""
        return min(int(self._random() * count), count - 1)

    def pick(self, values: Sequence[T]) -> T:
        """One of `values`, each as likely."""
        return values[self.below(len(values))]

    def weighted(self, weights: Sequence[float]) -> int:
        """A position, each as likely as its weight says."""
        left = self._random() * sum(weights)
        for place, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return place
        return len(weights) - 1

    def some(self, count: int, share: float) -> list[int]:
        """Distinct positions below `count`, ascending: about `share` of them, at least one; none of none."""
        wanted = min(count, max(1, round(count * share))) if count else 0
        if wanted * 2 > count:
            left = list(range(count))
            for place in range(wanted):
                other = place + self.below(count - place)
                left[place], left[other] = left[other], left[place]
            return sorted(left[:wanted])
        chosen: set[int] = set()
        while len(chosen) < wanted:
            chosen.add(self.below(count))
        return sorted(chosen)
