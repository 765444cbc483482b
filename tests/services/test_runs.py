"""Runs: one a click, what each records, honest comparison, clear refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import BentuError, NotFound
from engine.evaluation.result import EvaluationResult
from engine.i18n import render_error
from engine.jobs.lease import claim
from engine.jobs.timing import Timing
from engine.recipe import Recipe, Split
from engine.services import evaluating
from engine.services.inline import run_job_here, run_waiting
from engine.services.recipes import FamilyUnsuitable
from engine.services.scored import NotComparable, RunNotFinished, SealedTest
from engine.services.training_rows import NothingToTrain
from engine.workspace import DatasetVersion, Workspace
from tests.services.running import trained

Importer = Callable[..., DatasetVersion]


@pytest.fixture
def version(imported: Importer) -> DatasetVersion:
    return imported(rows=300)


def test_a_double_click_makes_one_run(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    first = workspace.runs.submit(version.project_id, recipe, idempotency="click")
    second = workspace.runs.submit(version.project_id, recipe, idempotency="click")
    assert first.id == second.id
    assert workspace.runs.count(version.project_id) == 1


@pytest.mark.parametrize("parity_here", ["a process of its own, as outside of tests"], ids=[""])
def test_a_run_records_what_it_needs_to_be_believed(
    workspace: Workspace, version: DatasetVersion, parity_here: str
) -> None:
    run = trained(workspace, version, "tfidf_svm")
    assert run.state == "succeeded", run.error
    assert run.metrics is not None
    assert run.metrics["macro_f1"]["n"] == 30
    assert (
        run.metrics["macro_f1"]["low"] <= run.metrics["macro_f1"]["value"] <= run.metrics["macro_f1"]["high"]
    )
    assert run.metrics["baseline"]["accuracy"]["value"] == pytest.approx(0.6, abs=0.02)
    assert run.parity is not None
    assert run.parity["agreement"] >= 0.995
    assert run.environment is not None
    assert {"python", "packages", "processor", "memory_bytes", "revision"} <= set(run.environment)
    assert run.seconds > 0
    assert [e.payload["name"] for e in workspace.runs.events(run.id) if e.kind == "phase"][:4] == [
        "loading", "splitting", "cleaning", "training",
    ]  # fmt: skip


def test_comparison_is_paired_and_refuses_the_incomparable(
    workspace: Workspace, version: DatasetVersion
) -> None:
    base, better = trained(workspace, version), trained(workspace, version, "tfidf_svm")
    ids = [base.id, better.id]
    assert workspace.evaluations.comparison(ids, "validation", "macro_f1") is None
    workspace.evaluations.start_comparison(ids, "validation", "macro_f1")
    run_waiting(workspace.scope)
    found = workspace.evaluations.comparison(ids, "validation", "macro_f1")
    assert found is not None
    assert found[0].verdict == "better"
    assert found[0].n == 30
    assert better.metrics is not None
    assert found[0].second == pytest.approx(better.metrics["macro_f1"]["value"])
    with pytest.raises(NotComparable):
        workspace.evaluations.start_comparison([base.id], "validation", "macro_f1")
    with pytest.raises(SealedTest):
        workspace.evaluations.start_comparison(ids, "test", "macro_f1")
    other = trained(workspace, version, split=Split(seed=3))
    with pytest.raises(NotComparable):
        workspace.evaluations.start_comparison([base.id, other.id], "validation", "macro_f1")


def test_a_waiting_run_can_be_taken_out_and_shows_its_place(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    runs = [workspace.runs.submit(version.project_id, recipe) for _ in range(3)]
    assert [workspace.runs.get(r.id).position for r in runs] == [1, 2, 3]
    workspace.runs.discard(runs[0].id)
    assert workspace.runs.get(runs[0].id).state == "cancelled"
    assert [workspace.runs.get(r.id).position for r in runs[1:]] == [1, 2]
    with pytest.raises(RunNotFinished):
        workspace.evaluations.open_test(runs[1].id, "too early")


@pytest.mark.parametrize(
    "content",
    [
        "text,label\nonly one row,a\n", "text,label\n" + "".join(f"text number {i},same\n" for i in range(50)),
        "text,label\n" + "".join(f"text number {i},\n" for i in range(50)),
    ],
    ids=["one row", "one class", "no labels"],
)  # fmt: skip
def test_data_without_two_classes_can_be_looked_at_but_not_trained(
    workspace: Workspace, imported: Importer, content: str
) -> None:
    version = imported(content=content.encode(), roles={"text": "input", "label": "label"})
    assert workspace.datasets.profile(version.id) is not None
    assert workspace.recipes.draft(version.project_id) is not None
    cards = workspace.recipes.cards(version.project_id)
    assert cards
    recipe = workspace.recipes.draft(version.project_id)
    assert recipe is not None
    problem = outcome(workspace, version.project_id, recipe)
    assert problem is not None
    assert problem.remedy
    assert problem.code != "UNEXPECTED"


def outcome(workspace: Workspace, project_id: str, recipe: Recipe) -> BentuError | None:
    """Why a recipe does not train: refused at once, or failed in its job."""
    try:
        run = workspace.runs.submit(project_id, recipe)
    except BentuError as refused:
        return refused
    run_waiting(workspace.scope)
    return workspace.runs.get(run.id).error


def test_a_class_with_one_example_trains_and_is_never_in_two_parts(
    workspace: Workspace, imported: Importer
) -> None:
    rows = "".join(f"this is text number {i} of kind {i % 2},{'ab'[i % 2]}\n" for i in range(80))
    version = imported(
        content=f"text,label\n{rows}a single text,rare\n".encode(), roles={"text": "input", "label": "label"}
    )
    run = trained(workspace, version, "tfidf_svm")
    assert run.state == "succeeded", run.error
    view = workspace.splits.current(version.id)
    assert view is not None
    assert sum(counts.get("rare", 0) for counts in view.class_counts.values()) == 1
    assert view.class_counts["train"]["rare"] == 1


def test_error_of_an_empty_validation_part_is_a_sentence() -> None:
    error = NothingToTrain(train=3, validation=0, classes=1)
    assert "3 rows" in str(error)


def test_a_refusal_is_wholly_in_the_readers_language(workspace: Workspace, imported: Importer) -> None:
    rows = "".join(f"this is text number {i},same\n" for i in range(40))
    version = imported(content=f"text,label\n{rows}".encode(), roles={"text": "input", "label": "label"})
    recipe = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    with pytest.raises(FamilyUnsuitable) as caught:
        workspace.runs.submit(version.project_id, recipe)
    what, remedy = render_error(caught.value, "zh_CN")
    for sentence in (what, remedy):
        words = re.sub(r"TF-IDF|SVM", "", sentence)
        assert not re.search(r"[A-Za-z]{2,}", words), sentence


def test_a_deleted_run_is_not_found(workspace: Workspace, version: DatasetVersion) -> None:
    run = trained(workspace, version)
    workspace.runs.delete(run.id)
    for look in (workspace.runs.get, workspace.runs.delete, workspace.runs.resume):
        with pytest.raises(NotFound):
            look(run.id)


def test_data_of_another_project_are_not_found(workspace: Workspace, version: DatasetVersion) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    with pytest.raises(NotFound):
        workspace.runs.submit(workspace.projects.create("Another").id, recipe)


def test_a_run_discarded_at_the_last_moment_leaves_no_evaluation(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe)
    whole = evaluating.evaluate

    def discarded_meanwhile(**given: Any) -> EvaluationResult:
        workspace.runs.discard(run.id)
        return whole(**given)

    monkeypatch.setattr(evaluating, "evaluate", discarded_meanwhile)
    run_waiting(workspace.scope)
    ended = workspace.runs.get(run.id)
    assert (ended.state, ended.metrics) == ("cancelled", None)
    assert workspace.evaluations.get(run.id) is None


def test_what_waits_for_its_caller_is_not_taken_by_a_worker(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe, inline=True)
    assert claim(workspace.scope.engine, "training", Timing()) is None
    assert run_job_here(workspace.scope, run.job_id).state == "succeeded"


def test_a_missing_validation_result_is_not_called_sealed(
    workspace: Workspace, version: DatasetVersion
) -> None:
    recipe = workspace.recipes.choose(version.project_id, "majority", "quick")
    run = workspace.runs.submit(version.project_id, recipe)
    for look in (
        workspace.evaluations.predictions,
        lambda *a: workspace.evaluations.report(*a, "json", "en"),
    ):
        with pytest.raises(RunNotFinished):
            look(run.id, "validation")
