"""Strangers before a real demo process: the page on a phone, hostile words and requests, lost connections, kills."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from engine.jobs.demo_options import KEY, command, environment, listening
from engine.serving.publication import token_digest, withdraw_publication
from tests.e2e.cable import Cable
from tests.e2e.conftest import ROOT, Server, end_workers, free_port, shot
from tests.e2e.demo_process import DemoProcess, demo_process
from tests.e2e.test_hostile_text import BIDI, EVIL
from tests.published import BAD, GOOD, TOKEN, publish, studio_key

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

LONG = "服务态度非常差而且等了一个小时还没有送到，再也不会点这家了 awful taste slow and rude " * 3


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with demo_process(tmp_path_factory.mktemp("strangers")) as running:
        yield running


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


@pytest.fixture
def visit(browser: Browser, demo: DemoProcess) -> Iterator[Visit]:
    """`visit(locale="zh-CN", theme="dark", width=390, token=...)`: the page of a demo in a browser of its own."""
    contexts = []

    def opener(
        locale: str = "en-US", theme: str = "light", width: int = 390, token: str = TOKEN, url: str = "",
    ) -> Visitor:  # fmt: skip
        context = browser.new_context(
            locale=locale, color_scheme=theme, viewport={"width": width, "height": 844},  # type: ignore[arg-type]
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        made = Visitor(page, url or demo.url)
        page.goto(f"{url or demo.url}/?d={token}")
        expect(page.locator("h1")).to_be_visible()
        return made

    yield opener
    for context in contexts:
        context.close()


def ask(page: Page, text: str, button: str = "See the answer") -> None:
    page.locator("textarea").first.fill(text)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_text(re.compile("Is this right|对吗"))).to_be_visible()


def connected(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-connection-state", "CONNECTED")


def settled(page: Page) -> None:
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
    asked = {"inputs": {"text": GOOD}}
    answer = httpx.post(f"{url}/api/demos/{TOKEN}/predict", json=asked, timeout=30).json()
    said = {"answer": answer["id"], **asked, "right": True, **more}
    return httpx.post(f"{url}/api/demos/{TOKEN}/feedback", json=said, timeout=30)


def test_a_stranger_on_a_phone_corrects_the_model_in_chinese(demo: DemoProcess, visit: Visit) -> None:
    publish(
        demo.home, demo.key, title="外卖评论：好评还是差评？", description="读一条外卖评论，猜它是好评还是差评。\n只懂短评论。",
        consent="我只用你的更正来训练这个模型，不公开原文。", classes=("好评", "差评", "说不清"), synthetic=True,
        examples=({"text": "味道 不错，很快就送到了"}, {"text": "太慢了，味道 很差"}, {"text": LONG}), inputs=("text",),
    )  # fmt: skip
    before = len(demo.feedback())
    visitor = visit("zh-CN")
    page = visitor.page
    expect(page.get_by_role("heading", name="外卖评论")).to_be_visible()
    assert page.title() == "外卖评论：好评还是差评？"
    settled(page)
    shot(page, "demo_zh_390_first")
    page.get_by_role("button", name="太慢了").click()
    expect(page.get_by_text("模型认为是")).to_be_visible()
    ask(page, "味道 不错", "看看结果")
    expect(page.get_by_role("heading", name="好评", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(3)
    page.get_by_text("不对", exact=True).last.click()
    expect(page.get_by_role("button", name="发送")).to_be_disabled()
    page.get_by_text("说不清", exact=True).last.click()
    page.get_by_label("说明（可不填）").fill("其实是反话 🙄")
    settled(page)
    shot(page, "demo_zh_390_wrong")
    assert len(demo.feedback()) == before
    page.get_by_role("button", name="发送").click()
    expect(page.get_by_text(re.compile("谢谢"))).to_be_visible()
    settled(page)
    shot(page, "demo_zh_390_thanks")
    entry = demo.feedback()[-1]
    assert len(demo.feedback()) == before + 1
    assert entry.payload["correction"] == "说不清"
    assert entry.payload["comment"] == "其实是反话 🙄"
    assert entry.payload["locale"] == "zh_CN"
    page.get_by_role("button", name="下一条").click()
    expect(page.locator("textarea").first).to_have_value("")
    page.get_by_text("我的文本会怎样").click()
    page.wait_for_timeout(500)
    shot(page, "demo_zh_390_notice")
    assert visitor.went_elsewhere() == []
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("locale", "theme", "width"), [("en-US", "dark", 390), ("en-US", "light", 1280), ("zh-CN", "dark", 1280)]
)
def test_it_reads_well_everywhere(
    demo: DemoProcess, visit: Visit, locale: str, theme: str, width: int
) -> None:
    publish(
        demo.home, demo.key, token="look", demo="demo_look", title="Does this review like the food?",
        description="Reads a short review of a takeaway and says whether its writer was happy.", synthetic=True,
        caveat="The small package is a little less exact; we need it to run on the school's computer.",
        classes=("praise", "complaint", "neither"), examples=({"text": "fast and friendly"}, {"text": LONG}),
    )  # fmt: skip
    visitor = visit(locale, theme, width, token="look")
    page = visitor.page
    settled(page)
    shot(page, f"demo_{locale[:2]}_{theme}_{width}_first")
    ask(page, "great taste, fast and friendly", "看看结果" if locale == "zh-CN" else "See the answer")
    page.get_by_text("不对" if locale == "zh-CN" else "No", exact=True).last.click()
    page.wait_for_timeout(500)
    settled(page)
    shot(page, f"demo_{locale[:2]}_{theme}_{width}_wrong")
    page.get_by_text("English" if locale == "zh-CN" else "简体中文", exact=True).click()
    expect(
        page.get_by_role("button", name="See the answer" if locale == "zh-CN" else "看看结果")
    ).to_be_visible()
    expect(page.locator("textarea").first).to_have_value("great taste, fast and friendly")
    expect(page.get_by_role("heading", name="praise", exact=True)).to_be_visible()
    assert visitor.went_elsewhere() == []
    assert visitor.complaints == []
    missing = visit(locale, theme, width, token="none").page
    settled(missing)
    shot(missing, f"demo_{locale[:2]}_{theme}_{width}_unknown")


def test_hostile_words_stay_words(demo: DemoProcess, visit: Visit) -> None:
    publish(
        demo.home, demo.key, token="evil", demo="demo_evil", title=EVIL, description=f"{EVIL}\n{EVIL}", consent=EVIL,
        caveat=EVIL, classes=(f"<b>{EVIL}", f"=HYPERLINK(1){BIDI}", f"[l](http://evil.example) {BIDI}`x`"),
        inputs=("text", f"**{EVIL}**"), examples=({"text": EVIL, f"**{EVIL}**": BIDI},),
    )  # fmt: skip
    visitor = visit(token="evil")
    page = visitor.page
    page.get_by_role("button", name=re.compile("img src=x")).first.click()
    expect(page.get_by_text("Is this right?")).to_be_visible()
    page.get_by_text("No", exact=True).last.click()
    page.wait_for_timeout(500)
    page.locator("textarea").last.fill(EVIL)
    page.get_by_text("What happens with my text").click()
    page.wait_for_timeout(500)
    settled(page)
    shot(page, "demo_hostile")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src='x'], img[src*='evil'], a[href*='evil'], a[href^='javascript']").count() == 0
    assert page.locator("[data-testid=stMain] .katex").count() == 0
    assert "<img src=x onerror=window.hacked=1>" in page.locator("h1").inner_text()
    assert visitor.went_elsewhere() == []
    assert visitor.complaints == []


def test_a_revoked_link_with_an_open_page_is_refused(demo: DemoProcess, visit: Visit) -> None:
    publish(demo.home, demo.key, token="open", demo="demo_open")
    before = len(demo.feedback())
    page = visit(token="open").page
    ask(page, GOOD)
    page.get_by_text("Yes", exact=True).click()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    withdraw_publication(demo.home, token_digest("open"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="There is no demo behind this link.")).to_be_visible()
    assert page.locator("textarea").count() == 0
    assert len(demo.feedback()) == before


def test_a_connection_that_drops_in_the_middle_stores_one_row(demo: DemoProcess, visit: Visit) -> None:
    publish(demo.home, demo.key, token="drop", demo="demo_drop")
    cable = Cable(demo.port)
    page = visit(token="drop", url=f"http://localhost:{cable.port}").page
    ask(page, GOOD)
    page.get_by_text("Yes", exact=True).click()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    settled(page)
    cable.cut_at_next_message()
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(2000)
    connected(page)
    assert cable.cuts == 1
    # the page is whole again; whoever does not read "thank you" there sends once more
    expect(page.get_by_text("Made with Bentu")).to_be_visible()
    thanks = page.get_by_text(re.compile("Thank you"))
    try:
        expect(thanks).to_be_visible(timeout=5000)
    except AssertionError:
        page.get_by_role("button", name="Send").click()
    expect(thanks).to_be_visible()
    cable.close()
    assert len([e for e in demo.feedback() if e.demo == "demo_drop"]) == 1


def test_the_door_of_the_real_process(demo: DemoProcess) -> None:
    publish(demo.home, demo.key)
    foreign = ({"Host": "evil.example"}, {"Origin": "http://evil.example"})
    for headers in foreign:
        for route in ("predict", "feedback"):
            answer = httpx.post(f"{demo.url}/api/demos/{TOKEN}/{route}", json={}, headers=headers)
            assert answer.status_code == 403
    for method in ("PUT", "POST", "DELETE"):
        answer = httpx.request(method, f"{demo.url}/_stcore/upload_file/a/b.exe", content=b"x" * 2_000_000)
        assert answer.status_code == 403
    for path in (
        "/train",
        "/settings",
        "/_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/media/../app.py",
    ):
        assert httpx.get(demo.url + path).status_code == 404
    assert httpx.post(f"{demo.url}/_stcore/agent/interact", json={"page": "train"}).status_code == 404
    for headers in foreign:
        assert stream_status(demo.url, headers) == 403
    assert stream_status(demo.url, {"Origin": demo.url}) == 101


def test_no_link_no_text_and_no_address_is_in_the_log(demo: DemoProcess, visit: Visit) -> None:
    publish(demo.home, demo.key)
    page = visit().page
    ask(page, "味道 不错 secret words")
    feedback(demo.url, comment="secret comment")
    httpx.get(f"{demo.url}/api/demos/a-guessed-link")
    log = demo.log.read_text(encoding="utf-8", errors="replace")
    for secret in (TOKEN, "secret words", "secret comment", "a-guessed-link"):
        assert secret not in log
    assert "Traceback" not in log


def test_a_killed_process_loses_nothing_that_it_acknowledged(demo: DemoProcess, visit: Visit) -> None:
    publish(demo.home, demo.key, token=TOKEN)
    before = len(demo.feedback())
    page = visit().page
    assert feedback(demo.url).status_code == 201
    demo.kill()
    assert len(demo.feedback()) == before + 1
    demo.start()
    assert feedback(demo.url).status_code == 201
    assert len(demo.feedback()) == before + 2
    connected(page)  # the open page comes back by itself
    ask(page, BAD)
    expect(page.get_by_role("heading", name="bad", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"flags": []}, "server.allowedHosts|server.maxUploadSize"), ({KEY: ""}, KEY), ({"file": "bentu.db"}, r"bentu\.db"),
    ],
)  # fmt: skip
def test_it_refuses_to_start_with_something_left_out(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    """One of each kind, as a process; tests/jobs/test_demo_options.py has them all."""
    home = tmp_path / "demo"
    home.mkdir()
    line = command(listening())
    line[line.index("--server.port") + 1] = str(free_port())
    own = environment(home, studio_key(tmp_path).public)
    if "file" in change:
        (home / change["file"]).touch()
    elif "flags" in change:
        flags = change["flags"]
        line = (
            [*line, *flags] if flags else [*line[:5], "--server.port", line[line.index("--server.port") + 1]]
        )
    else:
        own |= change
    done = subprocess.run(line, env=own, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert re.search(reason, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "inbox.db").exists()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Server]:
    """A studio that keeps its demo process, with one demo published by hand."""
    home = tmp_path / "studio"
    home.mkdir()
    running = Server(home)
    running.start()
    (home / "demo").mkdir(exist_ok=True)
    publish(home / "demo", studio_key(home))
    yield running
    running.stop()
    end_workers(home)


def said_of_itself(studio: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((studio.home / "demo/server.json").read_text())
    return found


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_studio_starts_it_keeps_it_and_takes_it_along(studio: Server, visit: Visit) -> None:
    until(lambda: healthy(studio.demo_url))
    first = said_of_itself(studio)
    assert first["port"] == studio.demo_port
    own = psutil.Process(first["pid"]).environ()
    assert own["BENTU_MODE"] == "demo" and own["BENTU_HOME"] == str(studio.home / "demo")
    assert "BENTU_DATABASE_URL" not in own
    assert not any(
        str(f.path).startswith(str(studio.home / "bentu.db"))
        for f in psutil.Process(first["pid"]).open_files()
    )
    page = visit(url=studio.demo_url).page
    ask(page, GOOD)
    assert feedback(studio.demo_url).status_code == 201

    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: healthy(studio.demo_url) and said_of_itself(studio)["pid"] != first["pid"])
    assert feedback(studio.demo_url).status_code == 201

    second = said_of_itself(studio)["pid"]
    assert studio.process is not None
    studio.process.kill()
    studio.process.wait()
    studio.process = None
    until(
        lambda: not psutil.pid_exists(second) or psutil.Process(second).status() == psutil.STATUS_ZOMBIE, 15
    )
    assert not healthy(studio.demo_url)

    studio.start()
    until(lambda: healthy(studio.demo_url))
    third = said_of_itself(studio)["pid"]
    studio.stop()
    assert not psutil.pid_exists(third)


def test_the_studio_has_no_demo_routes_and_a_door_of_its_own(studio: Server) -> None:
    assert httpx.get(f"{studio.url}/api/health").json() == {"status": "ok"}
    for answer in (
        httpx.get(f"{studio.url}/api/demos/{TOKEN}"),
        httpx.post(f"{studio.url}/api/demos/{TOKEN}/predict", json={}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "PATH_UNKNOWN")
    assert httpx.get(studio.url, headers={"Host": "evil.example"}).status_code == 403
    assert stream_status(studio.url, {"Origin": "http://evil.example"}) == 403
    assert stream_status(studio.url, {"Host": "evil.example"}) == 403
    assert stream_status(studio.url, {"Origin": studio.url}) == 101


def test_a_busy_port_is_no_obstacle_to_the_studio(tmp_path: Path) -> None:
    home = tmp_path / "studio"
    home.mkdir()
    running = Server(home)
    with socket.create_server(("127.0.0.1", running.demo_port)):
        running.start()
        until(lambda: "DEMO_PORT_BUSY" in (home / "server.log").read_text())
        assert healthy(running.url)
    until(lambda: healthy(running.demo_url))
    running.stop()
    end_workers(home)


def test_by_hand(tmp_path: Path) -> None:
    port = str(free_port())
    own = {**os.environ, "BENTU_HOME": str(tmp_path / "studio"), "BENTU_DEMO_PORT": port}
    key = subprocess.run(
        [sys.executable, "-m", "engine", "demo", "--key"],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert key == studio_key(tmp_path / "studio").public
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "demo"], cwd=ROOT, env=own, stdin=subprocess.DEVNULL
    )
    try:
        until(lambda: healthy(f"http://localhost:{port}"))
    finally:
        process.terminate()
        process.wait(15)
