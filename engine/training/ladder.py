"""From the smallest model to the largest, as far as it pays: which family is tried next, and which is recommended.

Stage 4 (training).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.models.family import Estimate

HOPELESS = 2
"""After so many networks from scratch in a row that are certainly worse than the best, heavier ones are not tried."""

ALIKE = 1.1
"""Models that are at most so many times as large as the smallest count as equally large."""

Skip = Literal["budget", "hopeless"]


@dataclass(frozen=True)
class Rung:
    """A family with the parameters it would be trained with, and what that costs."""

    family: str
    estimate: Estimate
    needs_tensorflow: bool
    pretrained: bool = False


@dataclass(frozen=True)
class Climbed:
    """What a rung brought: `behind` bounds by how much the best one so far is better (paired interval of the difference)."""

    family: str
    score: float
    size: int
    latency: float
    behind: tuple[float, float]


def order(rungs: Sequence[Rung]) -> list[Rung]:
    """Cheapest first; what was trained before on other texts comes last."""
    return sorted(rungs, key=lambda r: (r.pretrained, r.needs_tensorflow, r.estimate.seconds))


def skip(rung: Rung, climbed: Sequence[Climbed], scratch: Sequence[str], seconds_left: float) -> Skip | None:
    """Why a rung is not climbed, or None.

    Args:
        rung: the next one.
        climbed: those before, in order.
        scratch: names of the families that are networks trained from nothing.
        seconds_left: of the budget.
    """
    if rung.estimate.seconds > seconds_left:
        return "budget"
    last = [c for c in climbed if c.family in scratch][-HOPELESS:]
    worse = len(last) == HOPELESS and all(c.behind[0] > 0 for c in last)
    return "hopeless" if worse and rung.family in scratch else None


def recommended(climbed: Sequence[Climbed]) -> str | None:
    """The smallest model that the best one is not certainly better than, of about equal ones the best; None if none was trained."""
    inside = [c for c in climbed if c.behind[0] <= 0]
    if not inside:
        return None
    smallest = min(c.size for c in inside)
    alike = [c for c in inside if c.size <= ALIKE * smallest]
    return min(alike, key=lambda c: (-c.score, c.size, c.latency)).family
