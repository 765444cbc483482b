"""Which run answers in a demo: through the gate, back, and one of two who promote at once (case 56)."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, datetime

import pytest

from engine.data.edits import Drop
from engine.errors import BentuError
from engine.feedback.gate import CandidateWorse, TooFewCommonRows
from engine.i18n import LOCALES, render_error
from engine.packaging.bundle import open_bundle
from engine.services import publishing, splits
from engine.services.demo_errors import (
    AlreadyServing,
    ComparisonMissing,
    DemoChanged,
    NoFormerVersion,
)
from engine.services.inline import run_waiting
from engine.services.scored import NotComparable
from engine.workspace import Workspace, open_workspace
from tests.services.sharing import Made, add_feedback, bundle_of, published


def test_promoting_needs_the_comparison_and_stops_what_is_worse(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.again, title="a")
    with pytest.raises(ComparisonMissing):
        workspace.demos.promote(found.id, made.majority, found.serial)
    view = workspace.demos.gate(found.id, made.majority)
    assert (view.part, view.metric, view.difference) == ("validation", "macro_f1", None)
    workspace.demos.start_gate(found.id, made.majority)
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, made.majority)
    assert view.difference is not None
    assert view.difference.verdict == "worse"
    with pytest.raises(CandidateWorse) as caught:
        workspace.demos.promote(found.id, made.majority, found.serial)
    assert f"{view.difference.difference * 100:+.1f}" in render_error(caught.value, "zh_CN")[0]
    assert workspace.demos.get(found.id).serial == 1
    assert published(token).model.number == 1


def test_both_opened_are_compared_on_the_sealed_rows(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.majority, title="a")
    workspace.evaluations.open_test(made.majority, "to share")
    run_waiting(workspace.scope)
    assert workspace.demos.gate(found.id, made.svm).part == "validation"
    workspace.evaluations.open_test(made.svm, "to share")
    run_waiting(workspace.scope)
    assert workspace.demos.gate(found.id, made.svm).part == "test"
    with pytest.raises(ComparisonMissing):
        workspace.demos.promote(found.id, made.svm, found.serial)
    workspace.demos.start_gate(found.id, made.svm)
    run_waiting(workspace.scope)
    workspace.demos.promote(found.id, made.svm, found.serial)
    assert workspace.demos.history(found.id)[0].part == "test"


def test_a_run_on_a_version_made_of_corrections_takes_the_place_on_the_same_rows(
    made: Made, workspace: Workspace
) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    add_feedback(
        workspace, found, "accepted", label="complaint", text="cold soup and a rude waiter, my own words"
    )
    workspace.corrections.start_preview(made.version)
    run_waiting(workspace.scope)
    preview = workspace.corrections.preview(made.version)
    assert preview is not None
    job = workspace.corrections.start(made.version, preview.key)
    run_waiting(workspace.scope)
    child = str((workspace.jobs.get(job.id).result or {})["version_id"])
    again = workspace.corrections.retrain(made.svm, child)
    run_waiting(workspace.scope)
    suggested = {e["text"] for e in workspace.demos.suggest_examples(again.id)}
    assert suggested and not any("rude waiter" in text for text in suggested), (
        "a visitor's text is not for visitors"
    )
    workspace.demos.start_gate(found.id, again.id)
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, again.id)
    assert view.difference is not None
    assert view.difference.n == 24
    found = workspace.demos.promote(found.id, again.id, found.serial)
    assert published(token).model.number == 2
    circle = workspace.projects.circle(made.project)
    assert (circle.demos, circle.live, circle.accepted, circle.untrained, circle.runs_since) == (
        1,
        1,
        0,
        0,
        0,
    )


def test_what_heavy_edits_left_of_the_rows_lets_nothing_pass(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.svm, title="a")
    view = workspace.splits.current(made.version)
    assert view is not None
    parts = splits.assignment(workspace.scope, view.id)
    validation = parts.index[parts == "validation"].tolist()
    job = workspace.datasets.start_edit(made.version, [Drop(rows=tuple(validation[6:]))])
    run_waiting(workspace.scope)
    child = str((workspace.jobs.get(job.id).result or {})["version_id"])
    again = workspace.corrections.retrain(made.svm, child)
    run_waiting(workspace.scope)
    workspace.demos.start_gate(found.id, again.id)
    run_waiting(workspace.scope)
    gate = workspace.demos.gate(found.id, again.id)
    assert gate.difference is not None and gate.too_few
    assert (gate.difference.n, gate.difference.left_out) == (6, len(validation) - 6)
    with pytest.raises(TooFewCommonRows):
        workspace.demos.promote(found.id, again.id, found.serial)
    # the way on: the sealed rows are the same for both
    for run_id in (made.svm, again.id):
        workspace.evaluations.open_test(run_id, "to share")
    run_waiting(workspace.scope)
    workspace.demos.start_gate(found.id, again.id)
    run_waiting(workspace.scope)
    gate = workspace.demos.gate(found.id, again.id)
    assert gate.difference is not None
    assert (gate.part, gate.too_few, gate.difference.left_out) == ("test", False, 0)


def test_a_run_on_a_new_test_set_is_compared_on_the_validation_rows_of_both(
    made: Made, workspace: Workspace
) -> None:
    found, token = workspace.demos.publish(made.majority, title="a")
    workspace.evaluations.open_test(made.majority, "to share")
    run_waiting(workspace.scope)
    workspace.splits.start_new_test(made.version, "spring", 20)
    run_waiting(workspace.scope)
    draft = workspace.runs.get(made.svm).recipe
    new = workspace.splits.current(made.version)
    assert new is not None
    recipe = draft.model_copy(update={"split": new.spec})
    candidate = workspace.runs.submit(made.project, recipe)
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(candidate.id, "to share")
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, candidate.id)
    assert (view.part, view.same_test) == ("validation", False)
    with pytest.raises(NotComparable):
        workspace.evaluations.start_comparison([made.majority, candidate.id], "test", "macro_f1")
    workspace.demos.start_gate(found.id, candidate.id)
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, candidate.id)
    assert view.difference is not None
    assert (view.difference.n, view.difference.left_out, view.too_few) == (24, 0, False)
    workspace.demos.promote(found.id, candidate.id, found.serial)
    assert published(token).model.number == 2


def test_promote_and_back_with_what_let_it_pass(made: Made, workspace: Workspace) -> None:
    demos = workspace.demos
    found, token = demos.publish(made.majority, title="a")
    found = demos.promote(found.id, made.svm, found.serial)
    assert found.current is not None and found.former is not None
    assert (found.current.run_id, found.current.number, found.former.number) == (made.svm, 2, 1)
    said = published(token)
    assert said.former is not None
    assert (said.serial, said.model.number, said.former.number) == (2, 2, 1)
    with pytest.raises(AlreadyServing):
        demos.gate(found.id, made.svm)
    latest = demos.history(found.id)[0]
    assert latest.comparison is not None
    assert (latest.kind, latest.version_number, latest.former_number, latest.part) == (
        "promote",
        2,
        1,
        "validation",
    )
    assert latest.comparison.verdict == "better"

    found = demos.promote(found.id, made.again, found.serial)
    found = demos.back(found.id, found.serial)
    assert found.current is not None and found.former is not None
    assert (found.current.number, found.former.number) == (2, 1), "back twice goes back twice, not to and fro"
    found = demos.back(found.id, found.serial)
    assert found.current is not None
    assert (found.current.number, found.former) == (1, None)
    assert (published(token).model.number, published(token).former, published(token).serial) == (1, None, 5)
    with pytest.raises(NoFormerVersion):
        demos.back(found.id, found.serial)
    found = demos.promote(found.id, made.svm, found.serial)
    assert found.current is not None
    assert found.current.number == 2, "the same run stays the same version"
    assert [v.number for v in demos.versions(found.id)] == [3, 2, 1]
    assert [p.kind for p in demos.history(found.id)] == [
        "promote",
        "back",
        "back",
        "promote",
        "promote",
        "publish",
    ]


def test_back_knows_its_way_when_the_clock_was_set_back(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = workspace.demos.publish(made.majority, title="a")
    from engine.services import promotions

    monkeypatch.setattr(promotions, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    assert found.former is not None
    found = workspace.demos.back(found.id, found.serial)
    assert found.current is not None
    assert found.current.run_id == made.majority


def test_one_goes_back_quickly_from_a_damaged_model(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.majority, title="a")
    former = bundle_of(published(token).model)
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    current = bundle_of(published(token).model)
    (current / "manifest.json").write_bytes(b"\0")
    shutil.rmtree(former)  # the way back must not depend on the demo's home being whole
    start = time.monotonic()
    found = workspace.demos.back(found.id, found.serial)
    assert time.monotonic() - start < 5
    said = published(token)
    open_bundle(bundle_of(said.model), trusted=publishing.signing_key().public, digest=said.model.bundle)
    assert found.current is not None
    assert found.current.number == said.model.number == 1


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(made: Made, workspace: Workspace) -> None:
    """Case 56."""
    found, token = workspace.demos.publish(made.majority, title="a")
    workspace.demos.start_gate(found.id, made.again)
    run_waiting(workspace.scope)
    gate = threading.Barrier(2)
    problems: list[BentuError] = []

    def owner(run_id: str) -> None:
        ws = open_workspace()
        gate.wait()
        try:
            ws.demos.promote(found.id, run_id, found.serial)
        except DemoChanged as problem:
            problems.append(problem)
        ws.scope.engine.dispose()

    threads = [threading.Thread(target=owner, args=(r,)) for r in (made.svm, made.again)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (problem,) = problems
    now_is = workspace.demos.get(found.id)
    assert now_is.current is not None
    assert now_is.serial == published(token).serial == 2
    for locale in LOCALES:
        what, remedy = render_error(problem, locale)
        assert now_is.current.run_name in what and "2" in what
        assert remedy
    assert len(workspace.demos.versions(found.id)) == 2, "the loser leaves no version behind"
    assert len(workspace.demos.history(found.id)) == 2
