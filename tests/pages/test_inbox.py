"""The inbox page: queues, one item after the other by keyboard, undo, two tabs, hostile texts, empty and done states."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from engine.storage.database import read, write
from engine.storage.home import demo_home
from engine.storage.inbox_writer import Inbox as Writer
from engine.storage.tables import dataset_version, feedback
from engine.workspace import Workspace
from tests.feedback_rows import CLASSES, add_feedback, make_demo, said
from tests.pages.conftest import OpenPage, texts

EVIL = [
    "<img src=x onerror=window.hacked=1>", "![p](http://evil.example/p.png)", "[a](javascript:alert(1))", "$\\def\\a{\\a\\a}\\a$",
    ":red[red] **bold** `code` # head", "ab\u202edc\u2066", "Z" + "\u0300" * 300,
]  # fmt: skip
"""Texts that strangers send and that no page may take for markup."""


@pytest.fixture
def project(workspace: Workspace) -> str:
    return workspace.projects.create("Reviews").id


@pytest.fixture
def demo(workspace: Workspace, project: str) -> str:
    return make_demo(workspace.scope.engine, project)


def fill(ws: Workspace, project: str, demo: str, count: int, **values: Any) -> list[str]:
    return add_feedback(
        ws.scope.engine, demo, project, [said(f"text number {i}", **values) for i in range(count)]
    )


def press(at: AppTest, name: str, item: str = "") -> AppTest:
    """Press a button of the page, as its key on the keyboard would."""
    return at.button(key=f"inbox_{name}_{item}" if item else f"inbox_{name}").click().run()


def shown(at: AppTest) -> str:
    """The texts of the open item."""
    return "\n".join(e.value for e in at.text)


def place(at: AppTest) -> str:
    return next(str(e.value) for e in at.markdown if " of " in str(e.value) or "共" in str(e.value)).strip(
        "*"
    )


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


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_item_is_shown_with_everything_that_is_known_of_it(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str, locale: str
) -> None:
    fill(workspace, project, demo, 12, comment="it was cold", locale="zh_CN", confidence=0.834)
    at = open_page("inbox", locale=locale, project=project)
    assert not at.exception
    assert not at.error
    assert shown(at) == "text number 0\nit was cold"
    page = texts(at)
    for part in ("83.4 %", "**praise**", "**complaint**", "Reviews", "简体中文"):
        assert part in page
    assert place(at) == ("1 of 12" if locale == "en-US" else "第1条，共12条")
    assert [b.proto.shortcut.lower() for b in at.button if b.proto.shortcut][-7:] == list("123axld")
    assert sum(b.proto.type == "primary" for b in at.button) == 1
    assert ":blue-badge[12]" in at.get("page_link")[7].proto.label


def test_new_feedback_is_taken_in_when_the_page_runs(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    writer = Writer(demo_home())
    writer.append("feedback", demo, "k", said("fresh from a stranger"))
    at = open_page("inbox", project=project)
    assert shown(at) == "fresh from a stranger"
    writer.append("feedback", demo, "l", said("another one"))
    assert "2" in str(at.run().get("button_group")[0].proto.options[0].content)
    writer.close()


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


def test_next_and_previous_go_around_and_the_list_turns_its_pages(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    fill(workspace, project, demo, 11)
    at = open_page("inbox", project=project)
    at = press(at, "previous")
    assert (shown(at), place(at)) == ("text number 10", "11 of 11")
    assert len([b for b in at.button if (b.key or "").startswith("inbox_open_")]) == 3, "the second page"
    at = press(at, "next")
    assert (shown(at), place(at)) == ("text number 0", "1 of 11")
    at = press(at, "open_4")
    assert (shown(at), place(at)) == ("text number 4", "5 of 11")
    at = press(at, "rejected", workspace.inbox.list(project, "pending")[0][4].id)
    assert (shown(at), place(at)) == ("text number 5", "5 of 10")


def test_filters_narrow_the_queue_and_can_be_cleared(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    other = make_demo(workspace.scope.engine, project, title="Other <b>", versions=2)
    fill(workspace, project, demo, 3, right=True, correction=None)
    fill(workspace, project, other, 2, model=2, comment="外卖")
    at = open_page("inbox", project=project)
    at.selectbox(key="inbox_demo").set_value(other).run()
    assert place(at) == "1 of 2"
    assert at.selectbox(key="inbox_model").options == ["Version 2"]
    at.selectbox(key="inbox_demo").set_value(None).run()
    at.toggle(key="inbox_wrong").set_value(True).run()
    assert place(at) == "1 of 2"
    at.text_input(key="inbox_search").set_value("number 1").run()
    assert (shown(at), place(at)) == ("text number 1\n外卖", "1 of 1")
    at.text_input(key="inbox_search").set_value("%").run()
    assert not at.exception
    assert "matches the filters" in at.info[0].value
    at = press(at, "clear")
    assert place(at) == "1 of 5"


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


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_hostile_texts_stay_text(
    workspace: Workspace, open_page: OpenPage, project: str, locale: str
) -> None:
    """Threats T8 and T10: what a stranger sends is shown as it is written, in every place where it appears."""
    demo = make_demo(
        workspace.scope.engine, project, title=EVIL[1], classes=(EVIL[0], EVIL[2], EVIL[5]), inputs=(EVIL[4],)
    )
    for text in EVIL:
        payload = said(
            inputs={EVIL[4]: text, EVIL[0]: text}, comment=text, answer=EVIL[0], correction=EVIL[2]
        )
        add_feedback(workspace.scope.engine, demo, project, [payload])
    at = open_page("inbox", locale=locale, project=project)
    for text in EVIL[:-1]:
        assert not at.exception
        assert [e.value for e in at.text] == [text] * 3
        at = press(at, "next")
    assert [e.value for e in at.text] == ["Z\u0300\u0300\u0300\u0300⟨+296⟩"] * 3, (
        "the rest is counted, not drawn"
    )
    marked = [
        str(e.value) for kind in ("markdown", "caption", "warning", "info", "toast") for e in at.get(kind)
    ]
    labels = [b.label for b in at.button]
    for said_there in (*marked, *labels):
        assert "<img" not in said_there.replace("\\<", "")
        assert "![p]" not in said_there
        assert "](javascript" not in said_there
        assert ":red[red]" not in said_there
        assert "\u202e" not in said_there


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_code_points_list_what_nobody_sees(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str, locale: str
) -> None:
    text = "pay\u202e\u200b me" + "\u0300" * 9 + "\u2066"
    add_feedback(workspace.scope.engine, demo, project, [said(text, comment="ok\u00ad"), said("plain")])
    at = open_page("inbox", locale=locale, project=project)
    assert ("9 hidden characters" if locale == "en-US" else "9个隐藏字符") in texts(at)
    at = press(at, "code_points")
    assert not at.exception
    signs = at.dataframe[0].value
    assert list(signs["code"]) == ["U+202E", "U+200B", "U+0300", "U+2066", "U+00AD"]
    assert list(signs["place"]) == [4, 5, 13, 18, 3]
    assert list(signs["times"]) == [1, 1, 5, 1, 1]
    assert signs["name"][0] == "RIGHT-TO-LEFT OVERRIDE"
    at = press(press(at, "next"), "code_points")
    assert not at.dataframe
    assert ("Nothing hidden" if locale == "en-US" else "没有隐藏内容") in texts(at)


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


def test_history_shows_what_was_decided_and_what_came_too_late(
    workspace: Workspace, open_page: OpenPage, project: str, demo: str
) -> None:
    (item,) = fill(workspace, project, demo, 1)
    workspace.inbox.decide(item, "draft", "complaint", 0)
    with pytest.raises(Exception, match="FEEDBACK_CHANGED"):
        workspace.inbox.decide(item, "later", None, 0)
    workspace.inbox.undo(item)
    at = open_page("inbox", project=project)
    at.session_state[f"inbox_history_{item}"] = True
    at.run()
    assert not at.exception
    changes = next(e.value for e in at.dataframe if "counts" in e.value)
    assert list(changes["what"]) == ["saved as a draft", "put off for later", "taken back"]
    assert list(changes["counts"]) == ["yes", "no, it came too late", "yes"]


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
