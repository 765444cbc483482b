"""A column of sizes in a few numbers and a histogram.

Stage 1 (data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

_BINS = 40


class Plain(BaseModel):
    """Base of what a profile is made of: frozen, strict about names, JSON both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Histogram(Plain):
    """`counts[i]` values lie in `[edges[i], edges[i + 1])`; the last bin includes its end and all that is longer."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class Measure(Plain):
    """Sizes in `unit` (a message id): percentiles by nearest rank, mean, largest, and a histogram."""

    unit: str
    p5: float
    p50: float
    p95: float
    mean: float
    max: float
    histogram: Histogram


def measure(sizes: NDArray[Any], unit: str) -> Measure:
    """Measure `sizes` (any length, 0 included); the bins end at the 99th percentile so that a few long ones do not hide the rest."""
    if not len(sizes):
        return Measure(
            unit=unit, p5=0, p50=0, p95=0, mean=0, max=0, histogram=Histogram(edges=(0, 1), counts=(0,))
        )
    p5, p50, p95, p99 = np.percentile(sizes, (5, 50, 95, 99), method="nearest").tolist()
    top = max(float(p99), 1.0)
    step = max(1, int(np.ceil((top + 1) / _BINS)))
    edges = np.arange(0, top + 1 + step, step)
    counts, _ = np.histogram(np.minimum(sizes, edges[-1]), bins=edges)
    return Measure(
        unit=unit, p5=p5, p50=p50, p95=p95, mean=float(np.mean(sizes)), max=float(np.max(sizes)),
        histogram=Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist())),
    )  # fmt: skip
