"""Runs and evaluations: one run a click, the sealed test, honest comparison, clear refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from engine.errors import BentuError, NotFound
from engine.evaluation.result import EvaluationResult
from engine.i18n import render_error
from engine.jobs.lease import claim
from engine.jobs.timing import Timing
from engine.recipe import Recipe, Split
from engine.samples import SAMPLE_ROLES
from engine.services import evaluating
from engine.services.inline import run_job_here, run_waiting
from engine.services.recipes import FamilyUnsuitable
from engine.services.scored import NotComparable, RunNotFinished, SealedTest
from engine.services.splits import SplitOpened
from engine.services.training_rows import NothingToTrain
from engine.storage.database import write
from engine.storage.errors import LowSpace
from engine.storage.tables import opened_rows
from engine.workspace import DatasetVersion, Run, Workspace

Importer = Callable[..., DatasetVersion]


@pytest.fixture
def version(imported: Importer) -> DatasetVersion:
    return imported(rows=300)


def trained(workspace: Workspace, version: DatasetVersion, family: str, **changes: object) -> Run:
    recipe = workspace.recipes.choose(version.project_id, family, "quick")
    run = workspace.runs.submit(version.project_id, recipe.model_copy(update=changes))
    run_waiting(workspace.scope)
    return workspace.runs.get(run.id)


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


def test_the_test_part_is_sealed_until_it_is_opened(workspace: Workspace, version: DatasetVersion) -> None:
    run = trained(workspace, version, "tfidf_svm")
    assert workspace.evaluations.get(run.id, "test") is None
    for look in (
        lambda: workspace.evaluations.predictions(run.id, "test"),
        lambda: workspace.evaluations.export_predictions(run.id, "test", False),
        lambda: workspace.evaluations.report(run.id, "test", "json", "en"),
    ):
        with pytest.raises(SealedTest):
            look()
    assert run.openings == 0
    workspace.evaluations.open_test(run.id, "chosen on validation")
    workspace.evaluations.open_test(run.id, "a second click")
    run_waiting(workspace.scope)
    found = workspace.evaluations.get(run.id, "test")
    assert found is not None
    assert isinstance(found.result, EvaluationResult)
    assert workspace.runs.get(run.id).openings == 1
    assert [o.reason for o in workspace.evaluations.openings(str(run.split_id))] == ["chosen on validation"]

    other = trained(workspace, version, "majority")
    workspace.evaluations.open_test(other.id, "again")
    assert workspace.runs.get(run.id).openings == 2
    workspace.runs.delete(other.id)
    assert workspace.runs.get(run.id).openings == 2, "deleting a run does not erase that somebody looked"


def test_an_opened_split_is_frozen(workspace: Workspace, version: DatasetVersion) -> None:
    run = trained(workspace, version, "majority")
    workspace.evaluations.open_test(run.id, "x")
    run_waiting(workspace.scope)
    with pytest.raises(SplitOpened):
        workspace.splits.start(version.id, Split(seed=5))
    with pytest.raises(SplitOpened):
        workspace.runs.submit(version.project_id, run.recipe.model_copy(update={"split": Split(seed=5)}))


def test_comparison_is_paired_and_refuses_the_incomparable(
    workspace: Workspace, version: DatasetVersion
) -> None:
    base, better = trained(workspace, version, "majority"), trained(workspace, version, "tfidf_svm")
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
    other = trained(workspace, version, "majority", split=Split(seed=3))
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


def test_a_run_is_tested_on_its_own_split_whatever_was_drawn_since(
    workspace: Workspace, version: DatasetVersion
) -> None:
    first = trained(workspace, version, "majority")
    workspace.splits.start(version.id, Split(seed=5))
    run_waiting(workspace.scope)
    redrawn = workspace.splits.current(version.id)
    assert redrawn is not None
    assert redrawn.id != first.split_id
    workspace.evaluations.open_test(first.id, "the older split")
    run_waiting(workspace.scope)
    assert workspace.evaluations.get(first.id, "test") is not None
    now_current = workspace.splits.current(version.id)
    assert now_current is not None
    assert now_current.id == redrawn.id, "looking at a run divides nothing anew"
    # rows that somebody saw in one test part may lie in the other split's too
    assert now_current.openings == 1
    with pytest.raises(SplitOpened):
        workspace.splits.start(version.id, Split(seed=6))


def test_the_same_split_drawn_again_keeps_its_openings(workspace: Workspace, version: DatasetVersion) -> None:
    first = trained(workspace, version, "majority")
    trained(workspace, version, "majority", split=Split(seed=5))
    workspace.evaluations.open_test(first.id, "before it is drawn again")
    again = trained(workspace, version, "majority")
    assert again.state == "succeeded", again.error
    assert again.split_id == first.split_id
    assert again.openings == 1


def test_openings_count_for_every_version_of_the_same_rows(
    workspace: Workspace, imported: Importer, version: DatasetVersion
) -> None:
    project, roles = version.project_id, {**SAMPLE_ROLES, "region": "ignore"}
    again = imported(rows=300, project=project, roles=roles, name="the same, other roles")
    other = imported(rows=290, project=project, name="fewer rows")
    assert again.id != version.id
    runs = {name: trained(workspace, v, "majority", data=v.id) for name, v in (("first", version), ("again", again), ("other", other))}  # fmt: skip
    workspace.evaluations.open_test(runs["first"].id, "a look at the first")
    run_waiting(workspace.scope)
    seen = {name: workspace.runs.get(run.id) for name, run in runs.items()}
    assert [(r.openings, r.openings_elsewhere) for r in seen.values()] == [(1, 0), (1, 1), (0, 0)]
    assert [(o.version, o.reason) for o in workspace.evaluations.openings(str(seen["again"].split_id))] == [
        ("reviews v1", "a look at the first")
    ]
    view = workspace.splits.current(again.id)
    assert view is not None
    assert (view.openings, view.elsewhere, view.frozen) == (1, 1, False)
    workspace.splits.start(
        again.id, Split(seed=5)
    )  # other test rows: the freeze is of the lineage that was opened
    with pytest.raises(SplitOpened):
        workspace.splits.start(version.id, Split(seed=5))
    workspace.evaluations.open_test(seen["again"].id, "and at the second")
    run_waiting(workspace.scope)
    report = workspace.evaluations.report(seen["again"].id, "test", "html", "en").decode()
    assert "Openings of this test part so far: 2." in report
    assert "In 1 of them the same rows were divided for another dataset version" in report
    assert workspace.runs.get(runs["first"].id).openings == 2


def test_openings_are_remembered_beyond_the_data(
    workspace: Workspace, imported: Importer, version: DatasetVersion
) -> None:
    first = trained(workspace, version, "majority")
    for _ in range(2):  # the second one only evaluates again
        workspace.evaluations.open_test(first.id, "a first look")
    run_waiting(workspace.scope)
    elsewhere = imported(rows=300)
    run = trained(workspace, elsewhere, "majority", data=elsewhere.id)
    assert elsewhere.project_id != version.project_id
    assert (run.openings, run.openings_elsewhere) == (1, 1)
    log = workspace.evaluations.openings(str(run.split_id))
    assert [(o.run_name, o.version, o.reason, o.other_project) for o in log] == [
        (first.name, "reviews v1", "a first look", True)
    ]
    assert workspace.evaluations.openings(str(first.split_id))[0].other_project is False

    workspace.evaluations.open_test(run.id, "a second look")
    run_waiting(workspace.scope)
    assert workspace.runs.get(first.id).openings == 2
    workspace.runs.delete(first.id)
    assert workspace.datasets.deletion(version.dataset_id).openings == 1
    workspace.datasets.delete(version.dataset_id)
    again = imported(rows=300, project=version.project_id)
    assert workspace.splits.current(again.id) is None
    new = trained(workspace, again, "majority", data=again.id)
    assert (new.openings, new.openings_elsewhere) == (2, 2)
    view = workspace.splits.current(again.id)
    assert view is not None and not view.frozen, "the freeze is of the lineage that was opened"
    assert [(o.version, o.reason, o.other_project) for o in workspace.evaluations.openings(view.id)] == [
        (None, "a first look", False), ("reviews v1", "a second look", True),
    ]  # fmt: skip

    workspace.projects.delete(elsewhere.project_id)
    assert [o.version for o in workspace.evaluations.openings(view.id)] == [None, None]
    workspace.evaluations.open_test(new.id, "a third look")
    assert workspace.runs.get(new.id).openings == 3
    other = imported(rows=290, project=version.project_id, name="other rows")
    assert trained(workspace, other, "majority", data=other.id).openings == 0
    with write(workspace.scope.engine) as connection:
        connection.execute(update(opened_rows).values(owner="somebody else"))
    assert workspace.runs.get(new.id).openings == 1, "what another owner opened is not told"


def test_a_deleted_run_is_not_found(workspace: Workspace, version: DatasetVersion) -> None:
    run = trained(workspace, version, "majority")
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


def test_a_full_queue_does_not_count_as_an_opening(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(workspace, version, "majority")
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1000000000")
    with pytest.raises(LowSpace):
        workspace.evaluations.open_test(run.id, "no room")
    assert workspace.runs.get(run.id).openings == 0


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
