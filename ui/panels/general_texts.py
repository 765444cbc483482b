"""Which datasets of a project a model may read general texts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.params import FieldSpec
from engine.recipe import Recipe
from ui.state import workspace

FIELD = "general"


def with_datasets(fields: Sequence[FieldSpec], project_id: str, recipe: Recipe) -> list[FieldSpec]:
    """The fields, the one for general texts with the newest version of each dataset that the recipe does not learn from."""
    if not any(field.name == FIELD for field in fields):
        return list(fields)
    others = {
        one.versions[-1].id: one.versions[-1].label
        for one in workspace().datasets.list(project_id)
        if one.versions and recipe.data not in {version.id for version in one.versions}
    }
    return [replace(field, offers=others) if field.name == FIELD else field for field in fields]
