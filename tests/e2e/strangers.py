"""Strangers before a demo: their browsers, which keep what a page asked for, and their requests without one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.published import GOOD, TOKEN


class Visitor:
    """A stranger's browser that keeps what its page asked for and complained of."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self._home = page, home
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.context.on("request", lambda r: self.asked.append(r.url))
        page.on("websocket", lambda w: self.asked.append(w.url))
        page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def went_elsewhere(self) -> list[str]:
        own = (self._home, self._home.replace("http", "ws"), "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]


Visit = Callable[..., Visitor]


@contextmanager
def visiting(browser: Browser, home: str) -> Iterator[Visit]:
    """`visit(locale="zh-CN", theme="dark", width=390, token=...)`: the page of a demo in a browser of its own."""
    contexts = []

    def opener(
        locale: str = "en-US", theme: str = "light", width: int = 390, token: str = TOKEN, url: str = home,
    ) -> Visitor:  # fmt: skip
        context = browser.new_context(
            locale=locale, color_scheme=theme, viewport={"width": width, "height": 844},  # type: ignore[arg-type]
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        made = Visitor(page, url)
        page.goto(f"{url}/?d={token}")
        expect(page.locator("h1")).to_be_visible()
        return made

    try:
        yield opener
    finally:
        for context in contexts:
            context.close()


def ask(page: Page, text: str, button: str = "See the answer") -> None:
    """Have a text answered."""
    page.locator("textarea").first.fill(text)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text(re.compile("Is this right|对吗"))).to_be_visible()


def connected(page: Page) -> None:
    """Wait until the page has its connection, or has it again."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-connection-state", "CONNECTED")


def settled(page: Page) -> None:
    """Wait until the page stands, and see that nothing failed and nothing is cut off."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"


def stream_status(url: str, headers: dict[str, str]) -> int:
    """With what the server answers a request for a websocket."""
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    with httpx.stream("GET", f"{url}/_stcore/stream", headers=upgrade | headers) as answer:
        return answer.status_code


def feedback(url: str, **more: Any) -> httpx.Response:
    """Ask over HTTP, and say what the answer was worth."""
    asked = {"inputs": {"text": GOOD}}
    answer = httpx.post(f"{url}/api/demos/{TOKEN}/predict", json=asked, timeout=30).json()
    said = {"answer": answer["id"], **asked, "right": True, **more}
    return httpx.post(f"{url}/api/demos/{TOKEN}/feedback", json=said, timeout=30)
