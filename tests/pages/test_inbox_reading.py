"""Reading in the inbox: what is shown of an item, hostile and hidden signs, its history, and the ways to the next one."""

from __future__ import annotations

import pytest

from engine.storage.home import demo_home
from engine.storage.inbox_writer import Inbox as Writer
from engine.workspace import Workspace
from tests.feedback_rows import add_feedback, make_demo, said
from tests.pages.conftest import OpenPage, texts
from tests.pages.inbox_steps import fill, place, press, shown

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
