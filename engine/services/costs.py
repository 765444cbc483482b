"""What a recipe costs before it starts: the rows that it learns from, time, memory and energy, and batches that fit into the memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.models.family import Estimate, Facts, Family
from engine.params import Params
from engine.prepare.augmenting import Augmenter
from engine.prepare.copies import planned_counts
from engine.recipe import Recipe
from engine.services import splits
from engine.services.found_rows import findings_of
from engine.services.scope import Scope
from engine.training.cost import METHOD, energy
from engine.training.machine import machine

SMALLEST_BATCH, MOST_GATHERED = 8, 64
"""As the fields of the networks are bounded."""


@dataclass(frozen=True)
class Load:
    """What a training on some data reads.

    Args:
        facts: of the train part, copies counted as rows.
        guessed: the most rows that join with a guessed label.
        copying: seconds in which models vary the copies.
    """

    facts: Facts
    guessed: int
    copying: float


def load_of(scope: Scope, recipe: Recipe, found: Facts) -> Load:
    """The load of `recipe` on a train part of which `found` is known."""
    rows, copying = found, 0.0
    if recipe.augment.active:
        divided = splits.current(scope, str(recipe.data))
        counts = list(divided.class_counts["train"].values()) if divided else [found.rows]
        rows = replace(found, rows=sum(planned_counts(counts, recipe.augment)))
        copying = Augmenter(recipe.augment, recipe.task, ready=False).seconds(rows.rows - found.rows, found)
    return Load(rows, guessed_rows(scope, recipe, rows), copying)


def guessed_rows(scope: Scope, recipe: Recipe, facts: Facts) -> int:
    """The most rows that get a guessed label."""
    guess = recipe.pseudo_labels
    free = unlabelled_rows(scope, str(recipe.data)) if guess.enabled else 0
    return min(free, round(guess.most * facts.rows))


def unlabelled_rows(scope: Scope, version_id: str) -> int:
    """Rows of a version that have no label, whichever part they stand in."""
    found = findings_of(scope, version_id)
    return next((finding.count for finding in found if finding.code == "unlabelled_rows"), 0)


def cost_of(family: Family, params: Params, load: Load) -> Estimate:
    """What a training costs on this machine; with guessed labels both trainings."""
    first = family.estimate(params, load.facts, machine())
    if not load.guessed:
        return replace(first, seconds=first.seconds + load.copying)
    second = family.estimate(params, replace(load.facts, rows=load.facts.rows + load.guessed), machine())
    return replace(second, seconds=first.seconds + second.seconds + load.copying)


@dataclass(frozen=True)
class Cost(Estimate):
    """An estimate with the energy: watt-hours, and the name of the method by which the cost after a run counts it too."""

    energy_wh: float
    energy_method: str


def with_energy(cost: Estimate) -> Cost:
    """The time of an estimate is that of busy cores, so it stands for the processor's time as well as for how long the memory is held."""
    spent = energy(cost.seconds, cost.seconds, cost.memory_bytes)
    return Cost(cost.parameters, cost.memory_bytes, cost.seconds, spent, METHOD)


@dataclass(frozen=True)
class TooLarge:
    """A training needs more memory than this machine has.

    Args:
        available: bytes that there are for it.
        smaller: the settings that learn the same way in batches that fit, gathered for an update; None where no such do.
    """

    available: int
    smaller: Mapping[str, Any] | None


def too_large(family: Family, params: Params, load: Load, at_once: int = 1) -> TooLarge | None:
    """By how much a training is too large for this machine's memory, or for its share where several go on at once, or None."""
    available, tried = machine().memory_bytes // at_once, params
    if cost_of(family, tried, load).memory_bytes <= available:
        return None
    while {"batch_size", "accumulate"} <= set(type(tried).model_fields):
        size, gathered = tried.batch_size // 2, tried.accumulate * 2  # type: ignore[attr-defined]
        if size < SMALLEST_BATCH or gathered > MOST_GATHERED:
            break
        tried = tried.model_copy(update={"batch_size": size, "accumulate": gathered})
        if cost_of(family, tried, load).memory_bytes <= available:
            return TooLarge(available, tried.model_dump(mode="json"))
    return TooLarge(available, None)
