"""Varied copies of train rows by the recipe's augmentations.

Stage 2 (prepare). Every copy depends on the recipe's seeds, the id of its row and its number alone, so that a run that
is resumed, or repeated on another machine, trains on the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.models.family import IntArray
from engine.params import read_params
from engine.prepare.augmentations import (
    Around,
    AugmentationParams,
    AugmentationStep,
    AugmentationUnavailable,
    AugmentationVersionUnknown,
    WrongTaskAugmentation,
    augmentations,
    unavailable,
)
from engine.prepare.copies import copies_of_rows
from engine.prepare.draw import Draw
from engine.prepare.lexicon import Lexicon
from engine.recipe import Augmentation

TRIES = 4
"""Draws for one copy before it is given up: a text of one word has few variants."""

REPORT_EVERY = 500
"""Rows between two looks at progress and at the wish to stop."""


@dataclass(frozen=True)
class Copies:
    """The copies in the order of their rows.

    Args:
        inputs: varied inputs.
        sources: position of the row that each was made of, shape (made,).
        asked: how many the recipe asked for; fewer were made where a row could not be varied, or where its variant is a
            text of validation.
    """

    inputs: list[Any]
    sources: IntArray
    asked: int


class Augmenter:
    """The switched-on augmentations of a recipe, ready to vary inputs.

    Args:
        spec: the recipe's part.
        task: of the recipe.
        ready: refuse a switched-on step that lacks what it needs; without it only names and values are checked.

    Raises:
        UnknownName, InvalidParameter, AugmentationVersionUnknown, WrongTaskAugmentation: the recipe asks for what this code
            does not know.
        AugmentationUnavailable: a switched-on step lacks what it needs, and `ready` is asked for.
    """

    def __init__(self, spec: Augmentation, task: str = "text-classification", *, ready: bool = True) -> None:
        self.spec = spec
        self._lexicons: Mapping[str, Lexicon] = {}
        self._steps: list[tuple[AugmentationStep, AugmentationParams]] = []
        for part in spec.steps:
            step = augmentations.get(part.name)
            if step.task != task:
                raise WrongTaskAugmentation(name=part.name, found=step.task, expected=task)
            if part.version != step.version:
                raise AugmentationVersionUnknown(name=part.name, found=part.version, known=step.version)
            params = read_params(step.Params, part.params, step.name)
            if part.enabled:
                if ready and (reason := unavailable(step, params)):
                    said = {"message": reason.message, "params": dict(reason.params)}
                    raise AugmentationUnavailable(name={"message": step.title}, reason=said)
                self._steps.append((step, params))

    def read(self, lexicons: Mapping[str, Lexicon]) -> None:
        """Take the lexicons that the steps read, by digest; needed before any row is varied."""
        self._lexicons = lexicons

    @property
    def able(self) -> bool:
        """Whether no switched-on step lacks what it needs."""
        return all(unavailable(step, params) is None for step, params in self._steps)

    @property
    def lexicons(self) -> set[str]:
        """Digests of the lexicons that the switched-on steps read."""
        return {
            digest for step, params in self._steps for digest in getattr(step, "lexicons", lambda _: ())(params) if digest
        }  # fmt: skip

    def vary(self, value: Any, draw: Draw, around: Around, every: bool = False) -> Any:
        """One variant: each step is used by its chance, all of them where none would be or with `every`."""
        used = [pair for pair in self._steps if draw.chance(pair[1].chance)]
        for step, params in self._steps if every or not used else used:
            varied = step.apply(value, params, draw, around)
            value = value if varied is None else varied
        return value

    def __call__(
        self, inputs: Sequence[Any], labels: IntArray, row_ids: IntArray, seed: int, *,
        key: Callable[[Any], Hashable] = str, avoid: Set[Hashable] = frozenset(), check: Callable[[float], None] | None = None,
    ) -> Copies:  # fmt: skip
        """Varied copies of train rows.

        Args:
            inputs: cleaned inputs of the train part.
            labels: their class codes from 0, shape (n,); a copy has the class of its row.
            row_ids: their row ids, shape (n,).
            seed: of the recipe.
            key: equal for inputs that count as the same.
            avoid: keys of validation inputs; a copy that became one of them is drawn anew. The sealed test part is not
                looked at, not even for this.
            check: told the share done, 0 to 1, now and then; may raise to stop.
        """
        copies = copies_of_rows(labels, row_ids, self.spec, seed)
        if not self._steps:
            return Copies([], np.zeros(0, dtype=np.int64), 0)
        around_class = self.surroundings(inputs, labels)
        made: list[Any] = []
        sources: list[int] = []
        for place, count in enumerate(copies.tolist()):
            if check and place % REPORT_EVERY == 0:
                check(place / len(inputs))
            if not count or not str(inputs[place]).strip():
                continue
            seen = {key(inputs[place])}
            around = around_class(int(labels[place]), place)
            for number in range(count):
                varied = self._copy(inputs[place], (seed, self.spec.seed, int(row_ids[place]), number), around, key, seen, avoid)  # fmt: skip
                if varied is not None:
                    made.append(varied)
                    sources.append(place)
        return Copies(made, np.array(sources, dtype=np.int64), int(copies.sum()))

    def _copy(
        self, value: Any, seeds: tuple[int, ...], around: Around, key: Callable[[Any], Hashable],
        seen: set[Hashable], avoid: Set[Hashable],
    ) -> Any | None:  # fmt: skip
        """A copy that is neither the row, nor another copy of it, nor a validation input; None after some draws."""
        for attempt in range(TRIES):
            varied = self.vary(value, Draw(*seeds, attempt), around, every=attempt > 0)
            name = key(varied)
            if name not in seen and name not in avoid and str(varied).strip():
                seen.add(name)
                return varied
        return None

    def surroundings(self, inputs: Sequence[Any], labels: IntArray) -> Callable[[int, int], Around]:
        """What a row may look at, by its class and its place among `inputs`: other rows of its class, and the lexicons."""
        members = [np.flatnonzero(labels == code) for code in range(int(labels.max(initial=-1)) + 1)]

        def around(label: int, place: int) -> Around:
            def peer(draw: Draw) -> Any | None:
                rows = members[label]
                if len(rows) < 2:
                    return None
                other = int(rows[draw.below(len(rows))])
                return (
                    inputs[other]
                    if other != place
                    else inputs[int(rows[(int(np.searchsorted(rows, other)) + 1) % len(rows)])]
                )

            return Around(peer, self._lexicons)

        return around
