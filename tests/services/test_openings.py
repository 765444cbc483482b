"""The sealed test part: opened by a run, counted for the same rows wherever they are divided, and remembered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from engine.evaluation.result import EvaluationResult
from engine.recipe import Split
from engine.samples import SAMPLE_ROLES
from engine.services.inline import run_waiting
from engine.services.scored import SealedTest
from engine.services.splits import SplitOpened
from engine.storage.database import write
from engine.storage.errors import LowSpace
from engine.storage.tables import opened_rows
from engine.workspace import DatasetVersion, Workspace
from tests.services.running import trained

Importer = Callable[..., DatasetVersion]


@pytest.fixture
def version(imported: Importer) -> DatasetVersion:
    return imported(rows=300)


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

    other = trained(workspace, version)
    workspace.evaluations.open_test(other.id, "again")
    assert workspace.runs.get(run.id).openings == 2
    workspace.runs.delete(other.id)
    assert workspace.runs.get(run.id).openings == 2, "deleting a run does not erase that somebody looked"


def test_an_opened_split_is_frozen(workspace: Workspace, version: DatasetVersion) -> None:
    run = trained(workspace, version)
    workspace.evaluations.open_test(run.id, "x")
    run_waiting(workspace.scope)
    with pytest.raises(SplitOpened):
        workspace.splits.start(version.id, Split(seed=5))
    with pytest.raises(SplitOpened):
        workspace.runs.submit(version.project_id, run.recipe.model_copy(update={"split": Split(seed=5)}))


def test_a_run_is_tested_on_its_own_split_whatever_was_drawn_since(
    workspace: Workspace, version: DatasetVersion
) -> None:
    first = trained(workspace, version)
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
    first = trained(workspace, version)
    trained(workspace, version, split=Split(seed=5))
    workspace.evaluations.open_test(first.id, "before it is drawn again")
    again = trained(workspace, version)
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
    runs = {name: trained(workspace, v) for name, v in (("first", version), ("again", again), ("other", other))}  # fmt: skip
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
    first = trained(workspace, version)
    for _ in range(2):  # the second one only evaluates again
        workspace.evaluations.open_test(first.id, "a first look")
    run_waiting(workspace.scope)
    elsewhere = imported(rows=300)
    run = trained(workspace, elsewhere)
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
    new = trained(workspace, again)
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
    assert trained(workspace, other).openings == 0
    with write(workspace.scope.engine) as connection:
        connection.execute(update(opened_rows).values(owner="somebody else"))
    assert workspace.runs.get(new.id).openings == 1, "what another owner opened is not told"


def test_a_full_queue_does_not_count_as_an_opening(
    workspace: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(workspace, version)
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1000000000")
    with pytest.raises(LowSpace):
        workspace.evaluations.open_test(run.id, "no room")
    assert workspace.runs.get(run.id).openings == 0
