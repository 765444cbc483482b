"""Varied copies of train rows by the recipe's augmentations.

Stage 2 (prepare). Every copy depends on the recipe's seeds, the id of its row and its number alone, so that a run that
is resumed, or repeated on another machine, trains on the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine.models.family import Facts, IntArray
from engine.params import read_params
from engine.prepare.augmentations import (
    Around,
    AugmentationParams,
    AugmentationStep,
    AugmentationUnavailable,
    AugmentationVersionUnknown,
    Many,
    ModelStep,
    RuleStep,
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

AT_ONCE = 125
"""Rows whose copies are made together: a foundation model reads many texts faster than one."""

REPORT_EVERY = 4 * AT_ONCE
"""Rows between two looks at progress and at the wish to stop, where no model is asked."""

_Drawn = tuple[int, int, int]
"""Which draw a variant comes from: the place of its row, the number of the copy, the attempt."""


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
        self._opened: dict[int, Many] = {}
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

    @property
    def asks_model(self) -> bool:
        """Whether a switched-on step asks a foundation model."""
        return any(isinstance(step, ModelStep) for step, _ in self._steps)

    def seconds(self, copies: int, facts: Facts) -> float:
        """Rough time in which the models that are asked vary so many copies; rules take next to none."""
        return sum(
            step.seconds(params, params.chance * copies, facts)
            for step, params in self._steps
            if isinstance(step, ModelStep) and unavailable(step, params) is None
        )

    def vary(
        self,
        values: Sequence[Any],
        draws: Sequence[Draw],
        arounds: Sequence[Around],
        every: Sequence[bool] = (),
    ) -> list[Any]:
        """A variant of each value: a step is used by its chance, all of them where none would be or `every` says so.

        Args:
            values: inputs.
            draws, arounds: one for each.
            every: for each, whether all steps are used; empty for none.
        """
        used = [[draw.chance(params.chance) for _, params in self._steps] for draw in draws]
        whole = [not any(some) or (bool(every) and every[at]) for at, some in enumerate(used)]
        now = list(values)
        for number in range(len(self._steps)):
            places = [at for at, some in enumerate(used) if whole[at] or some[number]]
            if places:
                found = self._step(
                    number, [now[at] for at in places], [draws[at] for at in places], [arounds[at] for at in places]
                )  # fmt: skip
                for at, varied in zip(places, found, strict=True):
                    now[at] = now[at] if varied is None else varied
        return now

    def _step(
        self, number: int, values: Sequence[Any], draws: Sequence[Draw], arounds: Sequence[Around]
    ) -> Sequence[Any | None]:
        step, params = self._steps[number]
        if isinstance(step, ModelStep):
            if number not in self._opened:
                self._opened[number] = step.opened(params)
            return self._opened[number](values, draws)
        rule = cast(RuleStep, step)
        return [rule.apply(*one) for one in zip(values, [params] * len(values), draws, arounds, strict=True)]

    def __call__(
        self, inputs: Sequence[Any], labels: IntArray, row_ids: IntArray, seed: int, *,
        key: Callable[[Any], Hashable] = str, avoid: Set[Hashable] = frozenset(), check: Callable[[float], None] | None = None,
        kept: Path | None = None,
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
            kept: a file where copies of text are kept as they are made, for the next attempt of the same work; only what a
                model makes takes long enough for that.
        """
        copies = copies_of_rows(labels, row_ids, self.spec, seed)
        if not self._steps:
            return Copies([], np.zeros(0, dtype=np.int64), 0)
        around_class = self.surroundings(inputs, labels)
        often = AT_ONCE if self.asks_model else REPORT_EVERY
        done = _finished(kept) if kept else []
        for number, start in enumerate(range(0, len(inputs), AT_ONCE)):
            if check and start % often == 0:
                check(start / len(inputs))
            if number < len(done):
                continue
            rows = [
                at
                for at in range(start, min(start + AT_ONCE, len(inputs)))
                if copies[at] and str(inputs[at]).strip()
            ]
            drawn: dict[_Drawn, Any] = {}
            wanted = [(at, number, 0) for at in rows for number in range(copies[at])]
            while wanted:
                draws = [Draw(seed, self.spec.seed, int(row_ids[at]), *of_row) for at, *of_row in wanted]
                arounds = [around_class(int(labels[at]), at) for at, _, _ in wanted]
                again = [attempt > 0 for _, _, attempt in wanted]
                found = self.vary([inputs[at] for at, _, _ in wanted], draws, arounds, again)
                drawn.update(zip(wanted, found, strict=True))
                taken = {at: _taken(drawn, at, int(copies[at]), inputs[at], key, avoid) for at in rows}
                wanted = [missing for _, missing in taken.values() if missing]
            done.append([(at, copy) for at in rows for copy in taken[at][0]])
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[-1]) + "\n")
        made = [one for block in done for one in block]
        return Copies(
            [copy for _, copy in made], np.array([at for at, _ in made], dtype=np.int64), int(copies.sum())
        )

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


def _taken(
    drawn: Mapping[_Drawn, Any],
    place: int,
    count: int,
    own: Any,
    key: Callable[[Any], Hashable],
    avoid: Set[Hashable],
) -> tuple[list[Any], _Drawn | None]:
    """Copies of a row that are neither the row, nor another copy of it, nor to avoid; and the first draw that is still to be made.

    A copy is given up after some attempts.
    """
    seen: set[Hashable] = {key(own)}
    taken: list[Any] = []
    for number in range(count):
        for attempt in range(TRIES):
            if (place, number, attempt) not in drawn:
                return taken, (place, number, attempt)
            varied = drawn[place, number, attempt]
            name = key(varied)
            if name not in seen and name not in avoid and str(varied).strip():
                seen.add(name)
                taken.append(varied)
                break
    return taken, None


def _finished(path: Path) -> list[list[tuple[int, Any]]]:
    """What an earlier attempt kept, line by line; a line that it was killed in is cut off."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [[(at, copy) for at, copy in json.loads(line)] for line in whole.splitlines()]
