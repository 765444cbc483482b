"""Deciding about feedback: by revision, once, for two tabs, with undo, until it stands in a version."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from engine.errors import error_from_json
from engine.feedback.corrections import LabelUnknown
from engine.feedback.queues import ClassMissing, FeedbackChanged, FeedbackUsed, NothingToUndo
from engine.i18n import render_error
from engine.services.inbox import Inbox
from engine.services.scope import Scope
from engine.storage.database import write
from engine.storage.tables import dataset_version, feedback
from engine.workspace import Workspace
from tests.feedback_rows import add_feedback, make_demo, make_project, said


@pytest.fixture
def item(workspace: Workspace) -> str:
    """Feedback that waits for a decision."""
    project = make_project(workspace.scope.engine)
    return add_feedback(
        workspace.scope.engine, make_demo(workspace.scope.engine, project), project, [said()]
    )[0]


def test_a_decision_moves_an_item_and_is_remembered(workspace: Workspace, item: str) -> None:
    decided = workspace.inbox.decide(item, "accepted", "complaint", 0)
    assert (decided.state, decided.label, decided.revision) == ("accepted", "complaint", 1)
    assert workspace.inbox.counts(decided.project_id) == {
        "pending": 0, "draft": 0, "accepted": 1, "rejected": 0, "later": 0,
    }  # fmt: skip
    assert workspace.inbox.ready(decided.project_id) == 1
    (change,) = workspace.inbox.history(item)
    assert (change.state, change.label, change.applied, change.revision) == ("accepted", "complaint", True, 1)


def test_accepting_needs_one_of_the_classes(workspace: Workspace, item: str) -> None:
    assert workspace.inbox.classes(item) == ("complaint", "praise", "question")
    with pytest.raises(ClassMissing):
        workspace.inbox.decide(item, "accepted", None, 0)
    with pytest.raises(LabelUnknown):
        workspace.inbox.decide(item, "accepted", "Complaint", 0)
    with pytest.raises(ValueError, match="no queue"):
        workspace.inbox.decide(item, "deleted", None, 0)
    assert workspace.inbox.get(item).revision == 0
    assert workspace.inbox.history(item) == []


def test_of_two_tabs_the_second_is_told_and_both_values_are_kept(workspace: Workspace, item: str) -> None:
    """Case 53 of the operations reference."""
    workspace.inbox.decide(item, "accepted", "complaint", 0)
    with pytest.raises(FeedbackChanged) as caught:
        workspace.inbox.decide(item, "rejected", "question", 0)
    assert caught.value.params["state"] == "accepted"
    assert caught.value.params["label"] == "complaint"
    assert (workspace.inbox.get(item).state, workspace.inbox.get(item).label) == ("accepted", "complaint")
    kept = [(c.state, c.label, c.applied) for c in workspace.inbox.history(item)]
    assert kept == [("accepted", "complaint", True), ("rejected", "question", False)]
    anyway = workspace.inbox.decide(item, "rejected", "question", workspace.inbox.get(item).revision)
    assert (anyway.state, anyway.label, anyway.revision) == ("rejected", "question", 2)
    back = workspace.inbox.undo(item)
    assert (back.state, back.label) == ("accepted", "complaint")


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_the_refusal_names_when_and_what(workspace: Workspace, item: str, locale: str) -> None:
    first = workspace.inbox.decide(item, "accepted", "complaint", 0)
    with pytest.raises(FeedbackChanged) as caught:
        workspace.inbox.decide(item, "later", None, 0)
    what, remedy = render_error(error_from_json(json.loads(json.dumps(caught.value.to_json()))), locale)
    assert first.updated.isoformat(timespec="seconds") in what
    assert ("accepted" if locale == "en" else "采纳") in what
    assert remedy


def test_the_same_decision_twice_is_one(workspace: Workspace, item: str) -> None:
    """A key that was pressed twice, or a tab that sent its click again after the connection dropped."""
    first = workspace.inbox.decide(item, "accepted", "complaint", 0)
    again = workspace.inbox.decide(item, "accepted", "complaint", 0)
    assert again == first
    assert len(workspace.inbox.history(item)) == 1


def test_two_decisions_in_the_same_moment_leave_one_winner(workspace: Workspace, item: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def attempt(state: str) -> str:
        try:
            return workspace.inbox.decide(item, state, None, 0).state
        except FeedbackChanged:
            return "told"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, ["rejected", "later", "draft", "rejected"]))
    winner = workspace.inbox.get(item).state
    assert winner in found
    assert set(found) - {winner} == {"told"}
    assert {c.state for c in workspace.inbox.history(item)} == {"rejected", "later", "draft"}


def test_undo_goes_back_step_by_step_also_in_another_session(workspace: Workspace, item: str) -> None:
    inbox = workspace.inbox
    inbox.decide(item, "accepted", "complaint", 0)
    inbox.decide(item, "rejected", None, 1)
    inbox.decide(item, "accepted", "complaint", 2)
    fresh = Inbox(Scope("local", workspace.scope.engine))
    assert fresh.latest(inbox.get(item).project_id) == inbox.get(item)
    seen = [(i.state, i.label) for i in (fresh.undo(item), fresh.undo(item), fresh.undo(item))]
    assert seen == [("rejected", None), ("accepted", "complaint"), ("pending", None)]
    with pytest.raises(NothingToUndo):
        fresh.undo(item)
    assert fresh.latest(inbox.get(item).project_id) is None
    assert len(fresh.history(item)) == 6, "an undo takes nothing out of the history"
    again = inbox.decide(item, "later", None, inbox.get(item).revision)
    assert fresh.undo(item, again.revision).state == "pending"


def test_undo_of_what_another_tab_changed_since_is_refused(workspace: Workspace, item: str) -> None:
    mine = workspace.inbox.decide(item, "accepted", "complaint", 0)
    workspace.inbox.decide(item, "later", None, 1)
    with pytest.raises(FeedbackChanged):
        workspace.inbox.undo(item, mine.revision)
    assert workspace.inbox.get(item).state == "later"


def test_what_stands_in_a_version_stays(workspace: Workspace, item: str) -> None:
    decided = workspace.inbox.decide(item, "accepted", "complaint", 0)
    with write(workspace.scope.engine) as connection:
        version = connection.scalar(select(dataset_version.c.id))
        connection.execute(update(feedback).where(feedback.c.id == item).values(dataset_version_id=version))
    used = workspace.inbox.get(item)
    assert (used.state, used.dataset_version) == ("accepted", "reviews v1")
    for act in (
        lambda: workspace.inbox.undo(item), lambda: workspace.inbox.decide(item, "rejected", None, decided.revision),
    ):  # fmt: skip
        with pytest.raises(FeedbackUsed, match="reviews v1"):
            act()
    assert workspace.inbox.latest(used.project_id) is None
    assert workspace.inbox.ready(used.project_id) == 0
    assert workspace.inbox.counts(used.project_id)["accepted"] == 1
