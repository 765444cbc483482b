"""What augmentations would do, before anything is trained: how many rows each can vary, with samples.

Stage 2 (prepare). The augmentations run exactly as in training, on some train rows; this module only counts and quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from engine.models.family import IntArray
from engine.prepare.augmenting import Augmenter
from engine.prepare.draw import Draw
from engine.prepare.lexicon import Lexicon
from engine.prepare.preview import quoted
from engine.recipe import Augmentation, Step

PREVIEW_ROWS = 400
"""Train rows that are varied for a preview, drawn at random."""

ROWS_FOR_MODEL = 32
"""The same where a foundation model is asked."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AugmentedSample(_Plain):
    """A train row and a copy of it, quoted around the first change; `…` marks what was left out."""

    row_id: int
    label: str
    before: str
    after: str


class AugmentationEffect(_Plain):
    """One step of the list by itself, or all together: on how many of the rows looked at it makes something new."""

    name: str
    enabled: bool
    varied: int
    samples: tuple[AugmentedSample, ...]


class AugmentationPreview(_Plain):
    """Each step in its place, and a copy as training makes it: some steps by their chance, in order."""

    rows: int
    steps: tuple[AugmentationEffect, ...]
    together: AugmentationEffect


def preview_augmentation(
    inputs: Sequence[Any], labels: IntArray, row_ids: IntArray, classes: Sequence[str], steps: Sequence[Step], *, task: str,
    lexicons: dict[str, Lexicon], samples: int = 5, seed: int = 0, progress: Callable[[float], None] | None = None,
) -> AugmentationPreview:  # fmt: skip
    """How many rows each augmentation can vary, with samples.

    Args:
        inputs: cleaned train inputs, at most about `PREVIEW_ROWS`.
        labels: their class codes, shape (n,).
        row_ids: their row ids, shape (n,).
        classes: the classes that the codes stand for.
        steps: the list of the recipe, switched-off ones included. One that lacks what it needs varies nothing.
        task: of the recipe.
        lexicons: by digest.
        samples: quoted rows a step.
        seed: of the draws.
        progress: told the share done after each step.
    """
    effects: list[AugmentationEffect] = []
    lists = [(step.name, step.enabled, (step,)) for step in steps] + [("", True, tuple(steps))]
    for place, (name, enabled, parts) in enumerate(lists):
        parts = tuple(part for part in parts if _able(part, task, lexicons))
        augmenter = Augmenter(Augmentation(steps=parts), task)
        augmenter.read(lexicons)
        found: list[tuple[int, Any]] = []
        if augmenter.spec.active:
            around = augmenter.surroundings(inputs, labels)
            copies = augmenter.vary(
                inputs, [Draw(seed, int(row), place) for row in row_ids],
                [around(int(label), at) for at, label in enumerate(labels)],
            )  # fmt: skip
            found = [(at, varied) for at, varied in enumerate(copies) if varied != inputs[at]]
        draw = Draw(seed, place)
        chosen = [found[i] for i in draw.some(len(found), min(1.0, samples / max(1, len(found))))][:samples]
        quotes = tuple(
            AugmentedSample(row_id=int(row_ids[at]), label=classes[int(labels[at])], before=old, after=new)
            for at, varied in chosen for old, new in (quoted(str(inputs[at]), str(varied)),)
        )  # fmt: skip
        effects.append(AugmentationEffect(name=name, enabled=enabled, varied=len(found), samples=quotes))
        if progress:
            progress((place + 1) / len(lists))
    return AugmentationPreview(rows=len(inputs), steps=tuple(effects[:-1]), together=effects[-1])


def _able(part: Step, task: str, lexicons: dict[str, Lexicon]) -> bool:
    """Whether the step can run here: with what it needs chosen, and its lexicons loaded."""
    lazy = Augmenter(Augmentation(steps=(part,)), task, ready=False)
    return lazy.able and lazy.lexicons <= set(lexicons)


def preview_places(count: int, seed: int = 0, most: int = PREVIEW_ROWS) -> IntArray:
    """Which of `count` train rows a preview looks at, at most `most`, ascending."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
