"""The model page draws every family that a project can use: its form, its learning rate and its formulas, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.models.family import families
from engine.models.preset_import import import_preset
from engine.workspace import Workspace
from tests.models.tiny_presets import tiny_bert
from ui.forms import visible

SAME = ("Dropout",)
"""Titles that both languages write alike."""
FORMULAS = ("Formulas of this model", "此模型的公式")
SET_BY = (
    "number_input", "slider", "select_slider", "selectbox", "multiselect", "toggle", "checkbox", "text_input", "text_area", "button_group",
)  # fmt: skip


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_field_of_every_family_can_be_set(
    trained: Any, open_page: Any, workspace: Workspace, bentu_home: Path, tmp_path: Path, locale: str
) -> None:
    import_preset(tiny_bert(tmp_path / "source"), bentu_home / "presets", "tiny", ["en"])
    usable = [card.name for card in workspace.recipes.cards(trained.project) if card.unsuitable is None]
    assert usable == [family.name for family in families]
    for name in usable:
        recipe = workspace.recipes.choose(trained.project, name, "balanced")
        at = open_page("model", locale=locale, project=trained.project)
        assert not at.exception, name
        dialled = workspace.recipes.settings(trained.project, name, "balanced")
        values = {field: one.value for field, one in dialled.items()} | dict(recipe.family.params)
        fields = {f.name: f for f in workspace.recipes.fields(name) if visible(f, values)}
        drawn = {str(element.key): element for kind in SET_BY for element in at.get(kind)}
        for field in fields.values():
            widget = drawn[f"param_{name}_{field.name}"]
            assert (field.title in widget.label) == (locale == "en-US" or field.title in SAME), field.title
        assert bool(workspace.recipes.schedule(recipe)) == ("learning_rate" in fields), name
        assert any(expander.label in FORMULAS for expander in at.expander) == bool(
            workspace.recipes.formulas(trained.project, recipe)
        )
