"""Projects, drafts, samples and settings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from engine.errors import BentuError, NotFound
from engine.models.text.case_network import CaseNetworkParams
from engine.params import InvalidParameter
from engine.recipe import Step, read_recipe
from engine.registry import UnknownName
from engine.services.inline import run_waiting
from engine.services.projects import NameEmpty, ProjectBusy
from engine.services.recipes import OtherFamily
from engine.storage import artifacts
from engine.storage.database import write
from engine.storage.errors import LowSpace
from engine.storage.tables import job
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


def test_a_project_that_is_only_looked_at_can_be_deleted(workspace: Workspace, imported: Importer) -> None:
    version = imported()
    check = workspace.findings.start_deep(version.id)
    found = workspace.projects.deletion(version.project_id)
    assert (found.active_jobs, found.trainings) == (1, 0)
    workspace.projects.delete(version.project_id)
    assert check.id not in {job.id for job in workspace.jobs.active()}
    assert version.project_id not in {project.id for project in workspace.projects.list()}


def test_a_short_job_that_does_not_end_keeps_its_project(
    workspace: Workspace, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = imported()
    check = workspace.findings.start_deep(version.id)
    with write(workspace.scope.engine) as connection:
        connection.execute(update(job).where(job.c.id == check.id).values(state="running"))
    monkeypatch.setattr("engine.services.projects.CANCEL_SECONDS", 0.1)
    with pytest.raises(ProjectBusy):
        workspace.projects.delete(version.project_id)
    assert workspace.jobs.get(check.id).cancel == "discard"


def test_the_rail_follows_the_work(workspace: Workspace, imported: Importer) -> None:
    project = workspace.projects.create("rail")

    def states() -> dict[str, str]:
        return {s.name: s.state for s in workspace.projects.rail(project.id)}

    assert states() == {
        "data": "todo", "prepare": "blocked", "model": "blocked", "train": "blocked", "evaluate": "blocked", "share": "blocked",
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
    for change in (
        lambda: workspace.recipes.set_param(project, "C", 9.0, "nb_svm"),
        lambda: workspace.recipes.reset_param(project, "C", "nb_svm"),
    ):
        with pytest.raises(OtherFamily):
            change()
    workspace.recipes.reset_param(project, "C", "tfidf_svm")
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
    workspace.recipes.replace(
        project, workspace.recipes.read("data: x\nfamily: {name: case_network, params: {units: 8}}")
    )
    draft = workspace.recipes.draft(project)
    assert draft is not None
    family, dialled = draft.family, workspace.recipes.defaults(project, "case_network", "balanced")
    assert (family.params["units"], family.params["batch_size"]) == (8, CaseNetworkParams().batch_size)
    assert family.params.keys() == dialled.keys(), (
        "what a file leaves out is what it would train with, not the dial's"
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


def test_a_full_disk_does_not_keep_bentu_from_starting(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as nearly_full:
        nearly_full.setenv("BENTU_MIN_FREE_MB", "1000000000")
        with pytest.raises(LowSpace):
            workspace.projects.add_first_samples()
        assert workspace.projects.list() == [], "no sample without its import"
    workspace.projects.add_first_samples()
    assert len(workspace.projects.list()) == 2


def test_the_rail_counts_openings_of_deleted_runs(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=300)
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    gone, kept = (workspace.runs.submit(version.project_id, recipe) for _ in range(2))
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(gone.id, "x")
    run_waiting(workspace.scope)
    workspace.runs.delete(gone.id)
    assert workspace.runs.get(kept.id).openings == 1
    step = next(s for s in workspace.projects.rail(version.project_id) if s.name == "evaluate")
    assert step.params == {"n": 1}


def test_storage_counts_files_wherever_they_lie(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_ARTIFACTS", str(tmp_path / "elsewhere"))
    artifacts.put_bytes(b"x" * 1000)
    assert dict(workspace.settings.storage())["Datasets, models and results"] == 1000


def test_two_tabs_that_change_the_draft_at_once_keep_both_changes(
    workspace: Workspace, imported: Importer
) -> None:
    project = imported().project_id
    for seed in range(1, 11):
        together = threading.Barrier(2)

        def change(together: threading.Barrier, **fields: object) -> None:
            together.wait()
            workspace.recipes.update(project, **fields)

        dial = ("quick", "thorough")[seed % 2]
        tabs = [
            threading.Thread(target=change, args=(together,), kwargs=fields)
            for fields in ({"seed": seed}, {"dial": dial})
        ]
        for tab in tabs:
            tab.start()
        for tab in tabs:
            tab.join()
        draft = workspace.recipes.draft(project)
        assert draft is not None
        assert (draft.seed, draft.dial) == (seed, dial)
