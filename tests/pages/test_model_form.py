"""The form of the model page: dial, fields, seed, formulas, the recipe as a file, and what stands beside it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.workspace import Workspace
from tests.pages.model_steps import said, unfold
from tests.uploading import upload


def test_the_dial_fills_every_field(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = open_page("model", project=trained.project)
    at.button(key="family_choose_case_network").click().run()
    at.get_by_key("model_dial").set_value("thorough").run()
    assert not at.exception
    draft = workspace.recipes.draft(trained.project)
    assert draft.dial == "thorough"
    assert dict(draft.family.params) == workspace.recipes.defaults(
        trained.project, "case_network", "thorough"
    )
    assert at.slider(key="param_case_network_epochs").value == draft.family.params["epochs"]
    assert "training rows are few: small batches make more steps" in said(at)
    assert "For the score, even if it takes longer. Where your data" in said(at)


def test_a_changed_field_goes_into_the_recipe_is_marked_counted_and_reset(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("model", project=trained.project)
    before = at.select_slider(key="param_tfidf_svm_C").value
    at.select_slider(key="param_tfidf_svm_C").set_value(10.0).run()
    assert workspace.recipes.draft(trained.project).family.params["C"] == 10.0
    assert "changed" in at.select_slider(key="param_tfidf_svm_C").label
    assert "1 setting differs" in said(at)
    at.button(key="param_tfidf_svm_reset_C").click().run()
    assert workspace.recipes.draft(trained.project).family.params["C"] == before
    assert "as the dial sets them" in said(at)


def test_estimates_data_and_split_stand_beside_the_form(trained: Any, open_page: Any) -> None:
    page = said(open_page("model", project=trained.project))
    assert "of training" in page
    assert "of memory" in page
    assert "numbers to learn" in page
    assert "reviews v1 · 240 rows" in page.replace("\\", "")
    parts = re.search(r"(\d+) train, (\d+) validation, (\d+) test", page)
    assert parts is not None
    assert sum(map(int, parts.groups())) == 240


def test_the_network_shows_its_formulas_with_its_own_numbers(trained: Any, open_page: Any) -> None:
    at = open_page("model", project=trained.project)
    assert not at.get("latex")
    at.button(key="family_choose_case_network").click().run()
    formulas = [e.value for e in at.latex]
    assert formulas
    assert any("100" in f for f in formulas)


def test_the_recipe_is_shown_as_yaml_with_the_equal_command(trained: Any, open_page: Any) -> None:
    at = unfold(open_page("model", project=trained.project), "model_recipe")
    codes = [e.value for e in at.code]
    assert any("name: tfidf_svm" in c for c in codes)
    assert any("python -m engine run" in c for c in codes)


def test_an_uploaded_recipe_replaces_the_draft(trained: Any, open_page: Any, workspace: Workspace) -> None:
    recipe = workspace.recipes.choose(trained.project, "majority", "quick")
    text = workspace.recipes.yaml(recipe)
    workspace.recipes.choose(trained.project, "tfidf_svm", "balanced")
    at = unfold(open_page("model", project=trained.project), "model_recipe")
    upload(at, "recipe.yaml", text.encode(), key="model_recipe_upload")
    assert not at.exception
    assert not at.error
    assert workspace.recipes.draft(trained.project).family.name == "majority"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"family: [", "This is not a recipe"),
        (b"\xff\xfe\x00", "is not a recipe"),
        (b"data: x\nfamily: {name: nothing_like_it}\n", "There is no family called"),
        (b"data: x\nfamily: {name: tfidf_svm, params: {C: -1}}\n", "must be"),
    ],
)
def test_a_bad_recipe_file_is_refused_in_words(
    trained: Any, open_page: Any, workspace: Workspace, content: bytes, message: str
) -> None:
    before = workspace.recipes.draft(trained.project)
    at = unfold(open_page("model", project=trained.project), "model_recipe")
    upload(at, "<b>recipe</b>.yaml", content, key="model_recipe_upload")
    assert not at.exception
    assert message in at.error[0].value.replace("\\", "")
    assert workspace.recipes.draft(trained.project) == before


def test_a_draft_that_cannot_be_read_any_more_has_a_way_out(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    draft = workspace.recipes.draft(trained.project)
    broken = draft.family.model_copy(update={"params": {"no_such_field": 1}})
    workspace.recipes.update(trained.project, family=broken)
    at = open_page("model", project=trained.project)
    assert not at.exception
    assert "no_such_field" in at.error[0].value.replace("\\", "")
    at.button(key="model_reset").click().run()
    assert not at.exception
    assert not at.button(key="model_start").disabled


@pytest.mark.parametrize(("locale", "label"), [("en-US", "Seed"), ("zh-CN", "随机种子")])
def test_the_seed_is_set_beside_the_form_and_stays_when_the_dial_is_turned(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, label: str
) -> None:
    at = open_page("model", locale=locale, project=trained.project)
    field = at.number_input(key="model_seed")
    assert (field.value, field.label) == (0, label)
    field.set_value(7).run()
    assert not at.exception
    workspace.recipes.choose(trained.project, "tfidf_svm", "thorough")
    assert workspace.recipes.draft(trained.project).seed == 7  # type: ignore[union-attr]


def test_the_line_of_the_learning_rate_says_what_it_shows(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    workspace.recipes.choose(trained.project, "text_cnn", "quick")
    at = unfold(open_page("model", project=trained.project), "model_schedule")
    assert "cannot be foreseen" not in said(at)
    for name, value in {"decay": "linear", "warmup": 0.5, "epochs": 2, "learning_rate": 0.01}.items():
        workspace.recipes.set_param(trained.project, name, value)
    assert "0.01 at most, and 0.005 on the mean in the last of 2 epochs. It rises to that over the first 50.0 %." in said(at.run())  # fmt: skip
    workspace.recipes.set_param(trained.project, "decay", "plateau")
    at.run()
    assert not at.exception
    assert "cannot be foreseen" in said(at)
