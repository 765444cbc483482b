"""Strangers before a real demo process: the page on a phone, hostile words and requests, lost connections, kills."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from engine.serving.publication import token_digest, withdraw_publication
from tests.e2e.cable import Cable
from tests.e2e.conftest import shot
from tests.e2e.demo_process import DemoProcess, demo_process
from tests.e2e.strangers import Visit, ask, connected, feedback, settled, stream_status, visiting
from tests.e2e.test_hostile_text import BIDI, EVIL
from tests.published import BAD, GOOD, TOKEN, publish

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


LONG = "服务态度非常差而且等了一个小时还没有送到，再也不会点这家了 awful taste slow and rude " * 3


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with demo_process(tmp_path_factory.mktemp("strangers")) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, demo: DemoProcess) -> Iterator[Visit]:
    with visiting(browser, demo.url) as opener:
        yield opener


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
