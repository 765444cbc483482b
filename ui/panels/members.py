"""Which finished runs a model that is made of others may take as its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.params import FieldSpec, part_text
from engine.recipe import Recipe
from ui.format import percent
from ui.panels.metrics import score_of
from ui.state import workspace
from ui.text import t


def offered(fields: Sequence[FieldSpec], project_id: str, recipe: Recipe) -> list[FieldSpec]:
    """The fields, those for parts with what the project's finished runs on the recipe's data and division were made of.

    Of several runs with the same settings the newest gives its name. A run of the recipe's own family is not offered. What
    the recipe names already stays on offer, by its family's title where there is no such run any more.
    """
    if not any(field.kind == "parts" for field in fields):
        return list(fields)
    ws = workspace()
    parts: dict[str, str] = {}
    for run in ws.runs.list(project_id, limit=1000):
        alike = run.version_id == recipe.data and run.recipe.split == recipe.split
        if run.state == "succeeded" and alike and run.family != recipe.family.name:
            found = score_of(run.metrics, recipe.evaluation.metric)
            label = f"{run.name} · {percent(found.value)}" if found else run.name
            parts.setdefault(part_text(run.recipe.family.model_dump(mode="json")), label)
    titles = ws.recipes.titles()

    def with_own(field: FieldSpec) -> FieldSpec:
        own = {part_text(part): t(titles[part["name"]]) for part in recipe.family.params.get(field.name, ())}
        return replace(field, offers={**parts, **{**own, **parts}})

    return [with_own(field) if field.kind == "parts" else field for field in fields]
