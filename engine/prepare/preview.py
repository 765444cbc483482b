"""What cleaning would do, before anything is trained: rows changed and emptied, with samples.

Stage 2 (prepare). The steps run exactly as in training; this module only counts and quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from engine.prepare.steps import Cleaner
from engine.recipe import Step

QUOTE = 240
"""Longest quotation in characters: a sample shows the surroundings of the first change, not a whole book."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CleaningSample(_Plain):
    """One changed row, quoted around its first change; `…` marks what was left out."""

    row_id: int
    before: str
    after: str


class StepPreview(_Plain):
    """One step of the list, in its place. A switched-off step is skipped and changes nothing.

    `emptied` rows had content before the step and have none after it.
    """

    name: str
    enabled: bool
    changed: int
    emptied: int
    samples: tuple[CleaningSample, ...]


class CleaningPreview(_Plain):
    """All steps in order, and what they do together: first input against last output."""

    rows: int
    steps: tuple[StepPreview, ...]
    changed: int
    emptied: int
    samples: tuple[CleaningSample, ...]


def preview_cleaning(
    inputs: pd.Series[Any],
    parts: Sequence[Step],
    samples: int = 5,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> CleaningPreview:
    """How many rows each step changes and empties, with before/after samples.

    Args:
        inputs: model inputs as the modality reads them; the index holds row ids.
        parts: the steps of the recipe in their order, switched-off ones included.
        samples: quoted rows a step, drawn at random among the changed ones.
        seed: of that draw.
        progress: told the share done, 0 to 1, after each step.

    Raises:
        UnknownName, InvalidParameter, StepVersionUnknown, RegexTimeout: as `Cleaner`.
    """
    row_ids = inputs.index.to_numpy()
    first = inputs.tolist()
    before = first
    previews: list[StepPreview] = []
    for position, part in enumerate(parts):
        after = Cleaner([part])(before, row_ids.tolist())
        previews.append(
            StepPreview(
                name=part.name,
                enabled=part.enabled,
                **_compare(before, after, row_ids, samples, seed + position),
            )
        )
        before = after
        if progress:
            progress((position + 1) / len(parts))
    return CleaningPreview(
        rows=len(first), steps=tuple(previews), **_compare(first, before, row_ids, samples, seed + len(parts))
    )


def _compare(before: list[Any], after: list[Any], row_ids: Any, samples: int, seed: int) -> dict[str, Any]:
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    emptied = sum(_is_empty(after[at]) and not _is_empty(before[at]) for at in changed)
    chosen: list[int] = []
    if changed:
        chosen = (
            np.random.default_rng(seed).choice(changed, min(samples, len(changed)), replace=False).tolist()
        )
    quotes = [(int(row_ids[at]), *quoted(str(before[at]), str(after[at]))) for at in sorted(chosen)]
    return {
        "changed": len(changed),
        "emptied": emptied,
        "samples": tuple(CleaningSample(row_id=row, before=old, after=new) for row, old, new in quotes),
    }


def _is_empty(value: Any) -> bool:
    return not str(value).strip()


def quoted(before: str, after: str) -> tuple[str, str]:
    """Both texts around their first difference, `QUOTE` characters each at most."""
    if len(before) <= QUOTE and len(after) <= QUOTE:
        return before, after
    same = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    start = max(0, same - QUOTE // 4)
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    end = start + QUOTE - 2
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
