"""The rungs of a ladder: the families that fit the data, each with the values of the dial and what it costs here."""

from __future__ import annotations

from typing import Any

from engine.models.family import Facts, families
from engine.params import read_params
from engine.recipe import Recipe
from engine.services.costs import Load, cost_of
from engine.training.ladder import Rung, order
from engine.training.machine import machine


def rungs(recipe: Recipe, facts: Facts, load: Load) -> list[Rung]:
    """The families that fit the data, cheapest first, each with the values of the dial."""
    here, found = machine(), []
    for family in families:
        if (
            family.task != recipe.task
            or not getattr(family, "ladder", True)
            or family.unsuitable(facts, here)
        ):
            continue
        params = read_params(family.Params, dialled(recipe, family.name, facts), family.name)
        found.append(
            Rung(family.name, cost_of(family, params, load), family.needs_tensorflow, getattr(family, "pretrained", False))
        )  # fmt: skip
    return order(found)


def dialled(recipe: Recipe, name: str, facts: Facts) -> dict[str, Any]:
    """The parameters with which a family stands in the ladder."""
    return families.get(name).defaults(recipe.dial or "balanced", facts, machine()).model_dump(mode="json")
