"""Projects, drafts, samples and settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import BentuError, NotFound
from engine.params import InvalidParameter
from engine.recipe import Step, read_recipe
from engine.registry import UnknownName
from engine.services.inline import run_waiting
from engine.services.projects import NameEmpty, ProjectBusy
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


@pytest.mark.parametrize(
    "name",
    [
        "<b>x</b>",
        "![](http://x/p.png)",
        "$a$ :red[x]",
        "项目 \u202e evil",
        "'; DROP TABLE project; --",
        "🙂" * 50,
    ],
)
def test_a_name_may_hold_anything(workspace: Workspace, name: str) -> None:
    project = workspace.projects.create(name)
    assert workspace.projects.get(project.id).name == name.strip()[:200]
    assert workspace.projects.rename(project.id, name + "!").name.endswith("!")


def test_an_empty_name_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NameEmpty):
        workspace.projects.create("  \n ")


def test_the_first_start_adds_the_samples_once(workspace: Workspace) -> None:
    workspace.projects.add_first_samples()
    workspace.projects.add_first_samples()
    projects = workspace.projects.list()
    assert len(projects) == 2
    assert all(p.sample for p in projects)
    run_waiting(workspace.scope)
    chinese = next(p for p in workspace.projects.list() if "示例" in p.name)
    version = workspace.datasets.list(chinese.id)[0].versions[0]
    assert version.rows == 10_000
    assert version.synthetic
    profile = workspace.datasets.profile(version.id)
    assert profile is not None
    assert {c.label: c.count for c in profile.classes} == {"0": 6000, "1": 4000}
    for project in projects:
        workspace.projects.delete(project.id)
    workspace.projects.add_first_samples()
    assert workspace.projects.list() == []


def test_deletion_says_what_goes_and_a_busy_project_stays(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe)
    with pytest.raises(ProjectBusy):
        workspace.projects.delete(version.project_id)
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(run.id, "x")
    run_waiting(workspace.scope)
    found = workspace.projects.deletion(version.project_id)
    assert (found.datasets, found.versions, found.runs, found.openings, found.active_jobs) == (1, 1, 1, 1, 0)
    assert found.bytes > 0
    workspace.projects.delete(version.project_id)
    with pytest.raises(NotFound):
        workspace.runs.get(run.id)


def test_the_rail_follows_the_work(workspace: Workspace, imported: Importer) -> None:
    project = workspace.projects.create("rail")

    def states() -> dict[str, str]:
        return {s.name: s.state for s in workspace.projects.rail(project.id)}

    assert states() == {
        "data": "todo", "prepare": "blocked", "model": "blocked", "train": "blocked", "evaluate": "blocked", "share": "later",
    }  # fmt: skip
    assert workspace.projects.next_action(project.id)[0] == "data"
    version = imported(project=project.id)
    assert states()["data"] == "done"
    assert workspace.projects.next_action(project.id)[0] == "prepare"
    draft = workspace.recipes.draft(project.id)
    assert draft is not None
    workspace.splits.start(version.id, draft.split)
    run_waiting(workspace.scope)
    assert states()["prepare"] == "done"
    workspace.runs.submit(project.id, draft)
    assert states()["train"] == "active"
    run_waiting(workspace.scope)
    assert states()["train"] == "done"
    assert workspace.projects.next_action(project.id)[0] == "evaluate"


def test_the_draft_keeps_changes_and_refuses_wrong_ones(workspace: Workspace, imported: Importer) -> None:
    project = imported().project_id
    workspace.recipes.choose(project, "tfidf_svm", "balanced")
    workspace.recipes.set_param(project, "C", 2.5)
    draft = workspace.recipes.draft(project)
    assert draft is not None
    assert draft.family.params["C"] == 2.5
    with pytest.raises(InvalidParameter):
        workspace.recipes.set_param(project, "C", -1)
    with pytest.raises(InvalidParameter):
        workspace.recipes.set_param(project, "no_such", 1)
    workspace.recipes.reset_param(project, "C")
    draft = workspace.recipes.draft(project)
    assert draft is not None
    assert draft.family.params == workspace.recipes.defaults(project, "tfidf_svm", "balanced")
    broken = workspace.recipes.update(project, clean=[Step(name="no_such_step")])
    with pytest.raises(UnknownName):
        workspace.runs.submit(project, broken)


def test_a_recipe_survives_its_file(workspace: Workspace, imported: Importer) -> None:
    project = imported().project_id
    recipe = workspace.recipes.choose(project, "tfidf_logreg", "thorough")
    again = workspace.recipes.read(workspace.recipes.yaml(recipe))
    assert again == recipe
    assert (
        workspace.recipes.replace(project, again.model_copy(update={"data": "ver_elsewhere"})).data
        == recipe.data
    )


@pytest.mark.parametrize(
    "text", ["", "- a", "family: 3", "{{{", "format: 99\n", "data: x\nfamily: {name: nope}\nextra: 1"]
)
def test_what_is_no_recipe_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BentuError) as caught:
        read_recipe(text)
    assert caught.value.remedy


def test_settings_and_storage(workspace: Workspace) -> None:
    workspace.settings.set("language", "zh_CN")
    assert workspace.settings.get("language") == "zh_CN"
    assert workspace.settings.get("nothing", 7) == 7
    assert all(size >= 0 for _, size in workspace.settings.storage())
    assert workspace.settings.free_bytes() > 0
    assert "bentu" in workspace.settings.versions()
