"""The model page: a family is chosen by its card, what it needs is said, and a run is started."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.i18n import translate
from engine.models.family import Machine
from engine.models.preset_import import import_preset
from engine.models.presets import find
from engine.params import part_text
from engine.services import costs
from engine.services.inline import run_waiting
from engine.services.recipes import FamilyUnsuitable
from engine.workspace import Workspace
from tests.models.tiny_presets import tiny_bert
from tests.pages.conftest import import_text
from tests.pages.model_steps import said

BOTTOM = 3
"""Where the elements at the foot of the window hang in AppTest's tree (`streamlit.proto.RootContainer_pb2`)."""


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_without_data_the_page_says_what_to_do_first(
    workspace: Workspace, open_page: Any, locale: str
) -> None:
    workspace.projects.create("empty")
    at = open_page("model", locale=locale)
    assert not at.exception
    assert at.button(key="model_to_data").proto.type == "primary"
    with pytest.raises(KeyError):
        at.button(key="model_start")


def test_a_foundation_model_says_how_to_get_one_and_is_chosen_once_it_is_here(
    trained: Any, open_page: Any, workspace: Workspace, bentu_home: Path, tmp_path: Path
) -> None:
    at = open_page("model", project=trained.project)
    assert at.button(key="family_choose_foundation").disabled
    assert "make minilm" in said(at)
    import_preset(tiny_bert(tmp_path / "source"), bentu_home / "presets", "tiny", ["zh", "en"])
    at.run()
    at.button(key="family_choose_foundation").click().run()
    assert not at.exception
    assert workspace.recipes.draft(trained.project).family.params["preset"] == find("tiny").reference
    assert at.selectbox(key="param_foundation_preset").value == find("tiny").reference
    assert not at.button(key="model_start").disabled
    with pytest.raises(KeyError):
        at.select_slider(key="param_foundation_rank")
    at.get_by_key("model_dial").set_value("balanced").run()
    assert at.select_slider(key="param_foundation_rank").value == 8
    (bentu_home / "presets/tiny").rename(bentu_home / "presets/other")
    at.run()
    assert at.button(key="model_start").disabled
    assert "“tiny” is not on this machine" in said(at)
    with pytest.raises(FamilyUnsuitable):
        workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project), name="never")
    shutil.rmtree(bentu_home / "presets")
    at.run()
    assert not at.exception
    assert at.button(key="model_start").disabled


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_with_data_there_are_cards_a_dial_a_form_and_one_primary_button(
    trained: Any, open_page: Any, locale: str
) -> None:
    at = open_page("model", locale=locale, project=trained.project)
    assert not at.exception
    assert at.get_by_key("model_dial").value == "quick"
    assert at.select_slider(key="param_tfidf_svm_C").value > 0
    primary = [b for b in at.button if b.proto.type == "primary"]
    assert [b.key for b in primary] == ["model_start"]
    assert not at.button(key="model_start").disabled


def test_a_family_is_chosen_by_its_card_and_says_so(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("model", project=trained.project)
    at.button(key="family_choose_tfidf_logreg").click().run()
    assert not at.exception
    assert workspace.recipes.draft(trained.project).family.name == "tfidf_logreg"
    with pytest.raises(KeyError):
        at.button(key="family_choose_tfidf_logreg")
    assert "Selected" in at.button(key="family_chosen_tfidf_logreg").label


def test_runs_are_numbered_within_their_family(trained: Any, open_page: Any, workspace: Workspace) -> None:
    for family, name in (
        ("majority", "Majority class 2"),
        ("tfidf_logreg", "TF-IDF + logistic regression 1"),
    ):
        workspace.recipes.choose(trained.project, family)
        open_page("model", project=trained.project).button(key="model_start").click().run()
        assert workspace.runs.list(trained.project)[0].name == name


def test_the_articles_network_tells_of_the_article_once_it_is_chosen(trained: Any, open_page: Any) -> None:
    at = open_page("model", project=trained.project)
    assert "人工智能大模型应用的本土化挑战" not in said(at)
    at.button(key="family_choose_case_network").click().run()
    assert "人工智能大模型应用的本土化挑战" in said(at)


def test_an_unsuitable_family_is_disabled_and_gives_its_reason(workspace: Workspace, open_page: Any) -> None:
    from engine.data.readers import ReadOptions

    project = workspace.projects.create("few")
    table = "text,label\n" + "".join(f"t{i},{'a' if i % 2 else 'b'}\n" for i in range(8))
    upload = workspace.datasets.stage(table.encode(), "few.csv")
    workspace.datasets.start_import(
        project.id, upload.id, "few", ReadOptions(), {"text": "input", "label": "label"}, "k"
    )
    run_waiting(workspace.scope)
    at = open_page("model", project=project.id)
    assert not at.exception
    assert at.button(key="family_choose_case_network").disabled
    assert "Not usable here" in said(at)
    assert at.button(key="model_start").disabled, "the default family needs more rows too"
    assert "Not ready" in said(at)


def test_a_stack_takes_over_what_finished_runs_were_made_of(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("model", project=trained.project)
    at.button(key="family_choose_stack").click().run()
    assert at.button(key="model_start").disabled
    assert "at least two finished runs" in said(at)
    members = at.multiselect(key="param_stack_members")
    assert [option.split(" · ")[0] for option in members.options] == ["tfidf_svm 2", "majority 1"]
    parts = [
        workspace.runs.get(run).recipe.family.model_dump(mode="json")
        for run in (trained.svm, trained.majority)
    ]
    members.set_value([part_text(part) for part in parts]).run()
    assert not at.exception
    assert workspace.recipes.draft(trained.project).family.params["members"] == parts
    at.get_by_key("model_dial").set_value("thorough").run()
    assert workspace.recipes.draft(trained.project).family.params["members"] == parts, "no matter of effort"
    at.button(key="model_start").click().run()
    run_waiting(workspace.scope)
    done = workspace.runs.list(trained.project)[0]
    assert (done.name, done.state) == ("Stack of finished runs 1", "succeeded"), done.error
    assert done.parity["agreement"] == 1
    workspace.runs.delete(trained.majority)
    at = open_page("model", project=trained.project)
    assert not at.exception
    members = at.multiselect(key="param_stack_members")
    assert members.value == [part_text(part) for part in parts]
    assert [option.split(" · ")[0] for option in members.options] == ["tfidf_svm 2", "Majority class"]


@pytest.fixture
def too_little(trained: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project whose draft needs one byte more than this machine has."""
    workspace.recipes.choose(trained.project, "transformer", "quick")
    recipe = workspace.recipes.set_param(trained.project, "batch_size", 1024)
    needed = workspace.recipes.estimate(trained.project, recipe).memory_bytes
    monkeypatch.setattr(costs, "machine", lambda: Machine(2, needed - 1))
    return str(trained.project)


@pytest.mark.parametrize(
    ("locale", "ready", "large"),
    [("en-US", "Ready", "Too large for the memory"), ("zh-CN", "就绪", "内存放不下")],
)
def test_nothing_says_ready_where_the_memory_is_too_small(
    too_little: str, open_page: Any, locale: str, ready: str, large: str
) -> None:
    at = open_page("model", locale=locale, project=too_little)
    assert large in said(at)
    assert ready not in said(at)
    assert at.button(key="model_start").proto.type == "secondary"
    assert not at.button(key="model_start").disabled, "it is an estimate"


def test_where_the_memory_is_too_small_smaller_batches_are_offered(
    too_little: str, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("model", project=too_little)
    at.button(key="readiness_batch").click().run()
    assert not at.exception
    params = workspace.recipes.draft(too_little).family.params
    assert (params["batch_size"], params["accumulate"]) == (512, 2)
    assert "Ready" in said(at)
    assert at.button(key="model_start").proto.type == "primary"
    with pytest.raises(KeyError):
        at.button(key="readiness_batch")


@pytest.mark.parametrize(("locale", "words"), [("en-US", "project"), ("zh-CN", "项目")])
def test_what_went_wrong_in_a_callback_stands_at_the_foot_of_the_window(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, words: str
) -> None:
    other = workspace.projects.create("Another")
    at = open_page("model", locale=locale, project=trained.project)
    workspace.projects.delete(trained.project)
    at.button(key="family_choose_case_network").click().run()
    assert not at.exception
    (error,) = at.error
    assert words in error.value
    assert len(at._tree.children[BOTTOM].get("error")) == 1, "in view, however far one has scrolled"
    at.query_params["project"] = other.id
    at.run()
    assert not at.error


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_language_that_a_foundation_model_has_not_read_is_said_where_the_texts_are_in_it(
    open_page: Any, workspace: Workspace, bentu_home: Path, tmp_path: Path, locale: str
) -> None:
    project = workspace.projects.create("English").id
    import_text(workspace, project, "text,label\n" + "".join(
        f"The {'good' if i % 2 else 'bad'} food of this restaurant came late again in week {i},{'praise' if i % 2 else 'complaint'}\n"
        for i in range(60)
    ))  # fmt: skip
    note = translate("Many of your texts are in a language that this foundation model has not read. For them choose another one or a linear model.", locale.replace("-", "_"))  # fmt: skip
    for name, languages in {"english": ["en", "pcm"], "chinese": ["zh"]}.items():
        import_preset(tiny_bert(tmp_path / name), bentu_home / "presets", name, languages)
        workspace.recipes.choose(project, "foundation", "quick")
        workspace.recipes.set_param(project, "preset", find(name).reference)
        at = open_page("model", locale=locale, project=project)
        assert not at.exception
        assert (note in said(at)) == (name == "chinese")


def test_start_makes_one_run_and_opens_the_train_page(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    first = open_page("model", project=trained.project)
    second = open_page("model", project=trained.project)
    first.button(key="model_start").click().run()
    assert not first.exception
    assert workspace.runs.count(trained.project) == 3
    second.button(key="model_start").click().run()
    assert workspace.runs.count(trained.project) == 3, "two tabs that started the same recipe made one run"
    assert first.title[0].value == "Train"
    newest = workspace.runs.list(trained.project)[0]
    assert newest.state == "queued"
    assert newest.id in first.query_params["run"]


def test_a_second_start_on_purpose_makes_a_second_run(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    for expected in (3, 4):
        open_page("model", project=trained.project).button(key="model_start").click().run()
        assert workspace.runs.count(trained.project) == expected
