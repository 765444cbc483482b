"""Augmentation on the prepare page: an ordered list with samples, the amount, the lexicon, and the trial with its verdict."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.i18n import translate
from engine.jobs.queue import list_jobs
from engine.models.preset_import import import_preset
from engine.models.presets import find
from engine.prepare.augmentations import lacking
from engine.recipe import Augmentation, Recipe, Step
from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.conftest import Once
from tests.models.tiny_presets import tiny_bert, with_head
from tests.pages.conftest import NOISY, OpenPage, import_text, texts

LOCALES = pytest.mark.parametrize("locale", ["en-US", "zh-CN"])


@pytest.fixture
def project(once: Once) -> str:
    """A project whose data are divided, with a fast family in the draft."""
    return str(once(_divided))


def _divided(ws: Workspace) -> str:
    made = ws.projects.create("mine").id
    version = import_text(ws, made, NOISY, "reviews", text="input", label="label", region="slice")
    recipe = ws.recipes.choose(made, "tfidf_svm", "quick")
    ws.splits.start(version.id, recipe.split)
    run_waiting(ws.scope)
    return made


def draft(workspace: Workspace, project: str) -> Recipe:
    found = workspace.recipes.draft(project)
    assert found is not None
    return found


def steps(workspace: Workspace, project: str) -> list[tuple[str, bool]]:
    return [(s.name, s.enabled) for s in draft(workspace, project).augment.steps]


def add(at: AppTest, *names: str) -> AppTest:
    for name in names:
        at.menu_button(key="augment_add").click(name).run()
    return at


@LOCALES
def test_without_steps_only_the_way_to_add_one_is_shown(
    open_page: OpenPage, project: str, locale: str
) -> None:
    at = open_page("prepare", locale=locale)
    assert not at.exception
    assert "augment_try" not in {b.key for b in at.button}
    assert "augment_factor" not in {s.key for s in at.slider}


@LOCALES
def test_every_augmentation_can_be_added_and_shows_its_form(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    able = [s for s in workspace.augmentations.steps() if lacking(s) is None]
    names = [s.name for s in able]
    workspace.recipes.update(
        project, augment=Augmentation(steps=tuple(Step(name=name) for name in names[:-1]))
    )
    at = open_page("prepare", locale=locale)
    titles = [translate(s.title, locale.replace("-", "_")) for s in able]
    assert at.menu_button(key="augment_add").options == titles
    add(at, names[-1])
    assert not at.exception
    assert steps(workspace, project) == [(name, True) for name in names]
    assert len([s for s in at.slider if (s.key or "").endswith("_share")]) == len(names)


def test_steps_are_ordered_switched_removed_and_taken_back(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = add(open_page("prepare"), "delete", "marks")
    at.button(key="augment_1_marks_up").click().run()
    assert steps(workspace, project) == [("marks", True), ("delete", True)]
    at.toggle(key="augment_0_marks_on").set_value(False).run()
    assert steps(workspace, project) == [("marks", False), ("delete", True)]
    at.button(key="augment_0_marks_remove").click().run()
    assert steps(workspace, project) == [("delete", True)]
    at.button(key="augment_back").click().run()
    assert steps(workspace, project) == [("marks", False), ("delete", True)]
    at.slider(key="augment_1_delete_share").set_value(0.3).run()
    assert draft(workspace, project).augment.steps[1].params["share"] == pytest.approx(0.3)
    assert not at.exception


@LOCALES
def test_copies_are_shown_with_signs_and_no_markup_of_the_texts(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = add(open_page("prepare", locale=locale), "delete")
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    table = at.table[0].value
    assert len(table) == 5
    before, after = list(table.iloc[:, 2]), list(table.iloc[:, 3])
    assert all(":red-background[~~" in text for text in before)
    assert not any(":green-background[" in text for text in after)
    assert not any("<b>" in text for text in before), "what the data say is text, not markup"


def test_the_sliders_are_saved_and_the_classes_counted(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    at = add(open_page("prepare"), "delete")
    at.slider(key="augment_factor").set_value(0.5).run()
    at.slider(key="augment_balance").set_value(100).run()
    spec = draft(workspace, project).augment
    assert (spec.factor, spec.balance) == (0.5, 1.0)
    growth = workspace.augmentations.growth(str(draft(workspace, project).data), spec)
    assert growth is not None and len({g.grown for g in growth}) == 1
    rows, grown = sum(g.rows for g in growth), sum(g.grown for g in growth)
    assert f"**{rows}** train rows + **{grown - rows}** copies" in texts(at)
    assert not at.exception


def test_undivided_data_are_divided_first(open_page: OpenPage, workspace: Workspace) -> None:
    made = workspace.projects.create("undivided").id
    import_text(workspace, made, NOISY, "reviews", text="input", label="label", region="slice")
    at = add(open_page("prepare", project=made), "delete")
    assert not at.exception
    assert "Divide the data first" in texts(at)


@LOCALES
def test_synonyms_ask_for_a_lexicon_and_take_the_chosen_one(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = add(open_page("prepare", locale=locale), "synonyms")
    assert not at.exception
    assert any("orange-badge" in m.value for m in at.markdown)
    staged = workspace.lexicons.stage(b"good,fine\nbad,poor\nfood,meal\n", "my *words*.txt")
    workspace.lexicons.start_import(project, staged.id)
    run_waiting(workspace.scope)
    at.run()
    (one,) = workspace.lexicons.list(project)
    at.selectbox(key="augment_0_synonyms_lexicon").set_value(one.digest).run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert draft(workspace, project).augment.steps[0].params["lexicon"] == one.digest
    assert any(":green-background[**" in text for text in at.table[0].value.iloc[:, 3])
    at.button(key="augment_0_synonyms_lexicon_delete").click().run()
    assert not at.exception
    assert workspace.lexicons.list(project) == []
    assert draft(workspace, project).augment.steps[0].params["lexicon"] == ""


def test_what_asks_a_model_is_greyed_until_there_is_one(
    open_page: OpenPage, workspace: Workspace, project: str, bentu_home: Path, tmp_path: Path
) -> None:
    at = open_page("prepare")
    assert "masked_words" not in at.menu_button(key="augment_add").options
    assert "presets import" in texts(at)
    import_preset(with_head(tiny_bert(tmp_path / "tiny")), bentu_home / "presets", "tiny")
    at = add(at.run(), "masked_words")
    assert not at.exception
    assert draft(workspace, project).augment.steps[0].params == {"preset": find("tiny").reference}
    assert at.selectbox(key="augment_0_masked_words_preset").value == find("tiny").reference
    (job,) = list_jobs(workspace.scope.engine, workspace.scope.owner, states=("queued",))
    assert job.lane == "training", "TensorFlow is for the lane of trainings"
    shutil.rmtree(bentu_home / "presets")
    at.run()
    assert not at.exception
    assert "“tiny” is not on this machine" in texts(at)


@LOCALES
def test_one_click_trains_with_and_without_and_says_what_came_of_it(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str
) -> None:
    at = add(open_page("prepare", locale=locale), "delete")
    at.button(key="augment_try").click().run()
    assert not at.exception
    assert workspace.runs.count(project) == 2
    assert "augment_try" not in {b.key for b in at.button}, "no second trial while one goes on"
    run_waiting(workspace.scope)
    at.run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    found = workspace.trials.find(draft(workspace, project))
    assert found is not None and found.result is not None
    assert found.result.n == workspace.runs.list(project)[0].metrics["macro_f1"]["n"]  # type: ignore[index]
    said = texts(at)
    assert any(sign in said for sign in ("▲ **", "▼ **", "○ **"))
    assert len(at.dataframe[-1].value) == 1
    at.button(key="augment_trial_open").click().run()
    assert not at.exception
    rows = found.pairs[0].augmented.environment["train_rows"]  # type: ignore[union-attr,index]
    note = "份增强副本" if locale == "zh-CN" else f"{rows} train rows + {rows} augmented copies"
    assert note in texts(at)


def test_a_trial_of_other_settings_is_not_shown(
    open_page: OpenPage, workspace: Workspace, project: str
) -> None:
    workspace.recipes.update(project, augment=Augmentation(steps=(Step(name="delete"),)))
    workspace.trials.start(project, draft(workspace, project))
    at = open_page("prepare", project=project)
    assert "augment_try" not in {b.key for b in at.button}
    at.slider(key="augment_factor").set_value(2.0).run()
    assert "augment_try" in {b.key for b in at.button}
    assert not at.exception


@LOCALES
def test_data_without_augmentations_say_so(
    open_page: OpenPage, workspace: Workspace, project: str, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.services.augmentations.Augmentations.steps", lambda self, task: [])
    at = open_page("prepare", locale=locale)
    assert not at.exception
    assert ("没有增强方法" if locale == "zh-CN" else "no augmentation for this kind of data") in texts(at)
    assert "augment_add" not in {m.key for m in at.menu_button}
