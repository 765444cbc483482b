"""Deciding in the inbox: proposals, drafts, undo, two tabs, what stands in a version, and what to do where nothing waits."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from engine.storage.database import read, write
from engine.storage.tables import dataset_version, feedback
from engine.workspace import Workspace
from tests.feedback_rows import CLASSES, make_demo
from tests.pages.conftest import OpenPage, texts
from tests.pages.inbox_steps import fill, place, press, shown


@pytest.fixture
def project(workspace: Workspace) -> str:
    return workspace.projects.create("Reviews").id


@pytest.fixture
def demo(workspace: Workspace, project: str) -> str:
    return make_demo(workspace.scope.engine, project)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_empty_inbox_says_how_feedback_arrives_and_leads_to_share(
    open_page: OpenPage, project: str, locale: str
) -> None:
    at = open_page("inbox", locale=locale, project=project)
    assert not at.exception
    assert ("by itself" if locale == "en-US" else "自动到来") in at.info[0].value
    at.button(key="inbox_to_share").click().run()
    assert not at.exception
    assert at.title[0].value == ("Share" if locale == "en-US" else "分享")


def test_the_visitors_correction_is_proposed_and_accepting_opens_the_next(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 3)
    at = press(open_page("inbox", project=project), "accepted", ids[0])
    assert not at.exception
    done = workspace.inbox.get(ids[0])
    assert (done.state, done.label) == ("accepted", "complaint")
    assert shown(at) == "text number 1"
    assert place(at) == "1 of 2"
    assert at.toast[0].value == "Accepted (class: **complaint**) · text number 0"
    at = press(at, "later", ids[1])
    at = press(at, "rejected", ids[2])
    assert not at.exception
    assert [workspace.inbox.get(i).state for i in ids] == ["accepted", "later", "rejected"]
    assert "All decided" in at.success[0].value
    assert "1 accepted correction waits" in at.success[0].value
    assert press(at, "go_later").button(key=f"inbox_accepted_{ids[1]}")


def test_what_was_right_proposes_the_models_answer_and_what_is_unknown_proposes_nothing(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    (right,) = fill(workspace, project, demo, 1, right=True, correction=None)
    (none,) = fill(workspace, project, demo, 1, correction=None)
    (strange,) = fill(workspace, project, demo, 1, correction="of an older model")
    at = press(open_page("inbox", project=project), "accepted", right)
    assert workspace.inbox.get(right).label == "praise"
    for item, digit in ((none, 3), (strange, 1)):
        assert at.button(key=f"inbox_accepted_{item}").disabled
        at = press(at, f"class_{digit}", item)
        at = press(at, "accepted", item)
        assert workspace.inbox.get(item).label == CLASSES[digit - 1]


def test_a_draft_keeps_the_class_that_was_chosen(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 2)
    at = press(open_page("inbox", project=project), "class_3", ids[0])
    at = press(at, "draft", ids[0])
    assert workspace.inbox.get(ids[0]).label == "question"
    at = open_page("inbox", project=project)
    view = at.session_state["inbox"]
    view.queue, view.item_id = "draft", None
    at.run()
    assert "**question**" in next(b.label for b in at.button if b.key == f"inbox_class_3_{ids[0]}")


def test_undo_takes_back_one_after_the_other_also_after_a_reload(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 3)
    at = open_page("inbox", project=project)
    assert at.button(key="inbox_undo").disabled
    at = press(at, "accepted", ids[0])
    at = press(at, "rejected", ids[1])
    at = press(at, "undo")
    assert shown(at) == "text number 1"
    assert at.toast[-1].value == "Undone · text number 1"
    at = press(open_page("inbox", project=project), "undo")
    assert shown(at) == "text number 0"
    assert workspace.inbox.counts(project)["pending"] == 3
    assert at.button(key="inbox_undo").disabled


def test_undo_after_the_last_one_brings_the_item_back(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 1)
    at = press(open_page("inbox", project=project), "accepted", ids[0])
    assert at.success
    assert shown(press(at, "undo")) == "text number 0"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_of_two_tabs_the_second_is_told_and_can_save_all_the_same(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str, locale: str
) -> None:
    ids = fill(workspace, project, demo, 3)
    first, second = (open_page("inbox", project=project, locale=locale) for _ in range(2))
    press(first, "accepted", ids[0])
    second = press(second, "rejected", ids[0])
    assert not second.exception
    assert workspace.inbox.get(ids[0]).state == "accepted"
    assert shown(second) == "text number 0", "it stays open"
    told = second.warning[0].value
    assert (
        "it was accepted (class: **complaint**)" if locale == "en-US" else "采纳（类别：**complaint**）"
    ) in told
    assert ("Your decision was: rejected" if locale == "en-US" else "您的决定是：驳回") in texts(second)
    assert [b.key for b in second.button if b.proto.type == "primary"] == ["inbox_save_anyway"]

    second = press(second, "save_anyway")
    assert workspace.inbox.get(ids[0]).state == "rejected"
    assert shown(second) == "text number 1"
    assert not second.warning
    assert [(c.state, c.applied) for c in workspace.inbox.history(ids[0])] == [
        ("accepted", True), ("rejected", False), ("rejected", True),
    ]  # fmt: skip


def test_the_second_tab_may_leave_it_as_it_is(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 2)
    first, second = (open_page("inbox", project=project) for _ in range(2))
    press(first, "accepted", ids[0])
    second = press(press(second, "rejected", ids[0]), "leave")
    assert shown(second) == "text number 1"
    assert workspace.inbox.get(ids[0]).state == "accepted"


def test_a_tab_that_looks_again_sees_that_its_item_was_decided_elsewhere(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 2)
    at = open_page("inbox", project=project)
    workspace.inbox.decide(ids[0], "accepted", "praise", 0)
    at = press(at, "class_3", ids[0])
    assert shown(at) == "text number 0"
    assert "it was accepted (class: **praise**)" in at.warning[0].value
    at = press(at, "accepted", ids[0])
    assert workspace.inbox.get(ids[0]).label == "question", "it was told, so its decision counts"


def test_a_second_press_means_the_item_that_was_on_the_screen(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 3)
    at = open_page("inbox", project=project)
    at.button(key=f"inbox_accepted_{ids[0]}").click()
    at.run()
    assert not [b for b in at.button if b.key == f"inbox_accepted_{ids[0]}"]
    assert [workspace.inbox.get(i).state for i in ids] == ["accepted", "pending", "pending"]


def test_what_stands_in_a_version_is_shown_as_such_and_cannot_be_changed(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 2)
    for item in ids:
        workspace.inbox.decide(item, "accepted", "complaint", 0)
    with read(workspace.scope.engine) as connection:
        version = connection.scalar(select(dataset_version.c.id))
    with write(workspace.scope.engine) as connection:
        connection.execute(update(feedback).where(feedback.c.id == ids[1]).values(dataset_version_id=version))
    at = open_page("inbox", project=project)
    at.session_state["inbox"].queue = "accepted"
    at.run()
    assert "**reviews v1**" in at.info[0].value
    assert not [b.key for b in at.button if (b.key or "").startswith(("inbox_accepted_", "inbox_class_"))]
    at = press(at, "next")
    assert at.button(key=f"inbox_rejected_{ids[0]}")
    at = press(at, "undo")
    assert workspace.inbox.get(ids[0]).state == "pending"


def test_more_classes_than_digits_are_chosen_from_a_list(
    workspace: Workspace, open_page: OpenPage, project: str
) -> None:
    classes = [f"class {i:02d}" for i in range(12)]
    demo = make_demo(workspace.scope.engine, project, classes=classes)
    (item,) = fill(workspace, project, demo, 1, answer="class 01", correction="class 02")
    at = open_page("inbox", project=project)
    assert at.selectbox(key=f"inbox_class_{item}").value == "class 02"
    at.selectbox(key=f"inbox_class_{item}").set_value("class 11").run()
    press(at, "accepted", item)
    assert workspace.inbox.get(item).label == "class 11"


def test_an_item_whose_demo_was_deleted_meanwhile_makes_room_for_the_next(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    ids = fill(workspace, project, demo, 2)
    at = open_page("inbox", project=project)
    with write(workspace.scope.engine) as connection:
        connection.execute(feedback.delete().where(feedback.c.id == ids[0]))
    at.run()
    assert not at.exception
    assert shown(at) == "text number 1"
    with write(workspace.scope.engine) as connection:
        connection.execute(feedback.delete())
    at = press(at, "accepted", ids[1])
    assert not at.exception
    assert "There is no feedback" in texts(at)


def test_classes_that_are_digits_have_their_own_key() -> None:
    from ui.panels.inbox_decision import digits

    assert digits(["0", "1"]) == ["0", "1"]
    assert digits(["10", "2"]) == ["1", "2"]
    assert digits(["negative", "neutral", "positive"]) == ["1", "2", "3"]
