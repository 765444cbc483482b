"""The inbox in a real browser: keyboard, the next opens by itself, undo, two tabs, a phone, hostile texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.storage.inbox_writer import Inbox as Writer
from engine.workspace import Workspace, open_workspace
from tests.e2e.conftest import Opener, Server, shot
from tests.e2e.test_journey import SLOW, no_failure, settle
from tests.feedback_rows import add_feedback, make_demo, said

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

EVIL = "<img src=x onerror=window.hacked=1> ![p](http://evil.example/p.png) [a](javascript:alert(1)) :red[r] $\\frac12$ http://evil.example"


@pytest.fixture
def ws(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The server's own home, opened beside it."""
    monkeypatch.setenv("BENTU_HOME", str(server.home))
    opened = open_workspace()
    yield opened
    opened.scope.engine.dispose()


def filled(ws: Workspace, count: int, name: str = "Inbox") -> tuple[str, list[str]]:
    """A project with feedback; its id and the items'."""
    project = ws.projects.create(name).id
    demo = make_demo(ws.scope.engine, project)
    return project, add_feedback(
        ws.scope.engine, demo, project, [said(f"text number {i}") for i in range(count)]
    )


def opens(page: Page, text: str) -> None:
    """Wait until the item with this text is the open one."""
    expect(page.locator(".st-key-inbox_texts")).to_contain_text(text)
    settle(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # a button that is still drawn hears no key


def states(ws: Workspace, items: list[str]) -> list[str]:
    return [ws.inbox.get(i).state for i in items]


def test_a_queue_is_worked_through_by_keyboard(server: Server, open_page: Opener, ws: Workspace) -> None:
    project, items = filled(ws, 5)
    page = open_page("inbox", project=project)
    opens(page, "text number 0")
    for key in ("A", "X", "L", "D", "J", "K", "1", "2", "3"):
        expect(
            page.locator("[data-testid=stMain] button kbd, [data-testid=stMain] button")
            .filter(has_text=re.compile(rf"{key}$"))
            .first
        ).to_be_visible()
    expect(page.locator(".st-key-inbox_way")).to_contain_text("1 of 5")
    page.keyboard.press("a")
    opens(page, "text number 1")
    expect(page.get_by_test_id("stToast")).to_contain_text("Accepted (class: complaint) · text number 0")
    expect(page.locator(".st-key-inbox_way")).to_contain_text("1 of 4")
    page.keyboard.press("3")
    expect(page.locator(".st-key-inbox_classes button").nth(2)).to_contain_text("radio_button_checked")
    settle(page)
    page.keyboard.press("a")
    opens(page, "text number 2")
    page.keyboard.press("x")
    opens(page, "text number 3")
    page.keyboard.press("u")
    opens(page, "text number 2")
    page.keyboard.press("l")
    opens(page, "text number 3")
    page.keyboard.press("d")
    opens(page, "text number 4")
    assert states(ws, items) == ["accepted", "accepted", "later", "draft", "pending"]
    assert [ws.inbox.get(i).label for i in items[:2]] == ["complaint", "question"]
    page.reload()
    opens(page, "text number 4")
    page.keyboard.press("u")  # of a tab that has decided nothing yet
    opens(page, "text number 3")
    assert states(ws, items)[3] == "pending"
    page.keyboard.press("a")
    opens(page, "text number 4")
    page.keyboard.press("a")
    expect(page.get_by_text("All decided")).to_be_visible()
    page.keyboard.press("u")
    opens(page, "text number 4")
    no_failure(page)


def test_letters_typed_into_a_field_decide_nothing_and_a_key_pressed_twice_decides_once(
    server: Server, open_page: Opener, ws: Workspace
) -> None:
    project, items = filled(ws, 4)
    page = open_page("inbox", project=project)
    opens(page, "text number 0")
    page.get_by_placeholder("Search in text and comment").click()
    page.keyboard.type("axld123u")
    settle(page)
    page.wait_for_timeout(500)
    assert states(ws, items) == ["pending"] * 4
    for _ in range(8):
        page.keyboard.press("Backspace")
    page.get_by_role("heading", name="Inbox").click()
    opens(page, "text number 0")
    page.keyboard.press("a")
    page.keyboard.press("a")  # faster than the next item can be read
    opens(page, "text number 1")
    page.wait_for_timeout(1000)
    assert states(ws, items) == ["accepted", "pending", "pending", "pending"]
    # a click on the list must leave the keys in force
    page.locator(".st-key-inbox_open_2 button").click()
    opens(page, "text number 3")
    page.keyboard.press("x")
    opens(page, "text number 1")
    assert states(ws, items) == ["accepted", "pending", "pending", "rejected"]


def test_two_tabs_on_one_item_lose_nothing(server: Server, open_page: Opener, ws: Workspace) -> None:
    project, items = filled(ws, 3)
    first, second = (open_page("inbox", project=project) for _ in range(2))
    opens(first, "text number 0")
    opens(second, "text number 0")
    first.keyboard.press("a")
    opens(first, "text number 1")
    second.keyboard.press("x")
    expect(second.get_by_text("Changed in the meantime")).to_contain_text(
        "it was accepted (class: complaint)"
    )
    expect(second.get_by_text("Your decision was: rejected")).to_be_visible()
    opens(second, "text number 0")
    shot(second, "inbox_two_tabs")
    assert states(ws, items) == ["accepted", "pending", "pending"]
    second.get_by_role("button", name="Save mine anyway").click()
    opens(second, "text number 1")
    assert states(ws, items) == ["rejected", "pending", "pending"]
    assert [(c.state, c.applied) for c in ws.inbox.history(items[0])] == [
        ("accepted", True), ("rejected", False), ("rejected", True),
    ]  # fmt: skip


@pytest.mark.parametrize(("locale", "theme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_on_a_phone_everything_is_reachable(
    server: Server, open_page: Opener, ws: Workspace, locale: str, theme: str
) -> None:
    project, items = filled(ws, 12)
    page = open_page("inbox", locale=locale, theme=theme, width=390, height=844, project=project)
    opens(page, "text number 0")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    shot(page, f"inbox_390_{locale}_{theme}")
    page.locator(".st-key-inbox_list summary").click()  # the list folds, and stays folded
    for place, item in enumerate(items[:3]):
        page.get_by_role("button", name="采纳" if locale == "zh-CN" else "Accept", exact=False).last.click()
        opens(page, f"text number {place + 1}")
        assert ws.inbox.get(item).state == "accepted"
    expect(page.locator(".st-key-inbox_rows")).not_to_be_visible()
    no_failure(page)


def test_what_strangers_send_is_inert_and_asks_for_nothing(
    server: Server, open_page: Opener, ws: Workspace
) -> None:
    """Threat T8, in the page and in the list, the toast, the history and the buttons."""
    project = ws.projects.create("Hostile").id
    demo = make_demo(
        ws.scope.engine,
        project,
        title=EVIL,
        classes=(f"{EVIL} a", f"<b>b</b>{EVIL}", "ab\u202edc"),
        inputs=(EVIL, "text"),
    )
    payload = said(
        inputs={EVIL: EVIL, "text": f"{EVIL} Z" + "\u0300" * 400},
        comment=EVIL,
        answer=f"{EVIL} a",
        correction=f"<b>b</b>{EVIL}",
    )
    add_feedback(ws.scope.engine, demo, project, [payload] * 3)
    page = open_page("inbox", project=project)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.reload()
    opens(page, "<img src=x onerror")
    page.locator(".st-key-inbox_code_points button >> visible=true").first.click()
    settle(page)
    shot(page, "inbox_hostile")
    page.keyboard.press("2")
    settle(page)
    page.keyboard.press("a")
    expect(page.get_by_test_id("stToast")).to_contain_text("<img src=x")
    page.keyboard.press("u")
    opens(page, "<img src=x onerror")
    settle(page)
    shot(page, "inbox_hostile_undone")
    assert page.evaluate("window.hacked") is None
    main = page.locator("[data-testid=stMain]")
    for made in (
        "img[src='x']",
        "img[src*='evil']",
        "a[href^='javascript:']",
        "a[href*='evil']",
        ".katex",
        "b",
    ):
        assert main.locator(made).count() == 0, made
    text = page.locator(".st-key-inbox_texts").inner_text()
    assert EVIL in text
    foreign = [
        u for u in asked if not u.startswith((server.url, "data:", "blob:", f"ws://127.0.0.1:{server.port}"))
    ]
    assert foreign == []
    no_failure(page)


def test_feedback_appears_by_itself(server: Server, open_page: Opener, ws: Workspace, tmp_path: Path) -> None:
    project = ws.projects.create("Waiting").id
    demo = make_demo(ws.scope.engine, project)
    page = open_page("inbox", locale="zh-CN", project=project)
    expect(page.get_by_text("还没有反馈")).to_be_visible()
    settle(page)
    shot(page, "inbox_empty")
    writer = Writer(server.home / "demo")
    try:
        writer.append("feedback", demo, "key", said("刚刚来自一位访客", locale="zh_CN"))
        expect(page.locator(".st-key-inbox_texts")).to_contain_text("刚刚来自一位访客", timeout=SLOW)
        settle(page)  # the keys belong to the buttons of a page that stands still
        page.wait_for_timeout(500)
        page.keyboard.press("a")
        expect(page.get_by_text("全部处理完毕")).to_be_visible()
        settle(page)
        shot(page, "inbox_done")
        writer.append("feedback", demo, "next", said("又一位访客", locale="zh_CN"))
        expect(page.locator(".st-key-inbox_texts")).to_contain_text("又一位访客", timeout=SLOW)
    finally:
        writer.close()
