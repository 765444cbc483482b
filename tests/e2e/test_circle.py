"""The whole circle in a real browser: data, model, demo, a stranger's correction, the next model, and the way back."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from engine.samples import make_sample
from tests.e2e.conftest import ROOT, Opener, Server, shot
from tests.e2e.test_journey import SLOW, no_failure, query, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

WAIMAI = "text/zh-no-licence-stated/waimai_10k.csv.gz"
TEXT = "等了两个小时才送到，饭菜全凉了，味道倒是很不错，下次还点"
LOOKS = (("zh-CN", "light", 1280), ("zh-CN", "dark", 390), ("en-US", "dark", 1280), ("en-US", "light", 390))


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Three thousand real takeaway reviews where they are on this machine, else as many of the synthetic sample."""
    folder = Path(os.environ.get("BENTU_SHARED_DATA") or ROOT.parent / "shared/data")
    real = (folder / WAIMAI).is_file()
    rows = pd.read_csv(folder / WAIMAI, dtype=str) if real else make_sample("reviews_zh")
    file = tmp_path / "reviews.csv"
    rows.sample(3000, random_state=0).to_csv(file, index=False)
    return file


def press(page: Page, key: str) -> None:
    """Touch the widget with the key `key`, whatever its words."""
    settle(page)
    page.locator(f".st-key-{key} button").first.click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", name=words, exact=True)).to_be_visible(timeout=SLOW)
    settle(page)


def open_test(page: Page) -> None:
    """Open the sealed test part of the run that the evaluate page shows."""
    page.get_by_role("button", name="On to the sealed test part").click()
    page.get_by_role("button", name=re.compile("Open the test part")).click()
    page.get_by_label("Why now?").fill("to compare with the next model")
    page.get_by_label("Why now?").press("Enter")
    page.get_by_role("button", name="Open and evaluate").click()
    expect(page.get_by_text(re.compile("Test part opened \\d time")).first).to_be_visible(timeout=SLOW)
    no_failure(page)


def answered_by(page: Page, text: str, version: int) -> None:
    """Ask the demo as a visitor; the answer must name this version."""
    box = page.locator("textarea").first
    box.fill(text)
    box.press("Control+Enter")
    press(page, "demo_ask")
    expect(page.get_by_text(re.compile(f"版本 ?{version}|第 ?{version} ?版"))).to_be_visible(timeout=SLOW)
    no_failure(page)


def test_a_strangers_correction_becomes_the_next_model_and_the_owner_goes_back(
    server: Server, open_page: Opener, reviews: Path
) -> None:
    owner = open_page()
    owner.wait_for_url(re.compile("project="))
    settle(owner)
    sample = query(owner, "project")
    owner.get_by_role("button", name="New project").click()
    owner.get_by_label("Name").fill("Takeaway")
    owner.get_by_role("button", name="Create project").click()
    owner.wait_for_url(re.compile(f"project=(?!{sample})"))
    project = query(owner, "project")
    owner.goto(f"{server.url}/data?project={project}&lang=en")
    heading(owner, "Data")
    owner.locator("input[type=file]").set_input_files(reviews)
    owner.get_by_role("button", name="Save version").click()
    expect(owner.get_by_role("heading", name="Findings")).to_be_visible(timeout=SLOW)
    owner.get_by_role("button", name="Continue: clean and divide").click()
    heading(owner, "Prepare")
    owner.get_by_role("button", name="Divide", exact=True).click()
    owner.get_by_role("button", name="Continue: choose a model").click(timeout=SLOW)
    heading(owner, "Model")
    owner.get_by_role("button", name="Start training").click()
    heading(owner, "Train")
    expect(owner.get_by_text(re.compile("on validation")).first).to_be_visible(timeout=SLOW)
    first = query(owner, "run")
    owner.goto(f"{server.url}/evaluate?project={project}&run={first}&lang=en")
    heading(owner, "Evaluate")
    open_test(owner)

    owner.goto(f"{server.url}/share?project={project}&run={first}&lang=en")
    heading(owner, "Share")
    shot(owner, "circle_publish")
    press(owner, "publish_go")
    link = owner.locator("code", has_text=server.demo_url).first.inner_text().strip()
    no_failure(owner)
    shot(owner, "circle_link")

    stranger = open_page(locale="zh-CN", width=390, at=link)
    answered_by(stranger, TEXT, 1)
    shot(stranger, "circle_stranger_answer")
    stranger.get_by_text("不对", exact=True).click()
    settle(stranger)
    stranger.locator("[class*=st-key-demo_correction] button").first.click()
    settle(stranger)
    comment = stranger.locator("[class*=st-key-demo_comment] textarea")
    comment.fill("这条其实是好评 🍜")
    comment.press("Control+Enter")
    settle(stranger)
    shot(stranger, "circle_stranger_corrects")
    press(stranger, "demo_send")
    expect(stranger.get_by_text(re.compile("谢谢|感谢")).first).to_be_visible(timeout=SLOW)
    no_failure(stranger)

    owner.goto(f"{server.url}/inbox?project={project}&lang=en")
    heading(owner, "Inbox")
    expect(owner.get_by_text("这条其实是好评 🍜")).to_be_visible(timeout=SLOW)
    shot(owner, "circle_inbox")
    settle(owner)
    owner.wait_for_timeout(1500)  # a key does not count before the item can have been read
    owner.keyboard.press("a")
    settle(owner)
    press(owner, "new_version_preview")
    owner.locator(".st-key-new_version_make button").first.click(timeout=SLOW)
    owner.locator(".st-key-new_version_retrain button").first.wait_for(timeout=SLOW)
    shot(owner, "circle_version")
    press(owner, "new_version_retrain")
    heading(owner, "Train")
    expect(owner.get_by_text(re.compile("on validation")).first).to_be_visible(timeout=SLOW)
    second = query(owner, "run")
    assert second != first
    owner.goto(f"{server.url}/evaluate?project={project}&run={second}&lang=en")
    heading(owner, "Evaluate")
    open_test(owner)

    owner.goto(f"{server.url}/share?project={project}&lang=en")
    heading(owner, "Share")
    promote = owner.get_by_role("button", name="Make it the demo's model")
    expect(owner.get_by_text(re.compile("the sealed rows of their split"))).to_be_visible(timeout=SLOW)
    shot(owner, "circle_compare")
    expect(promote).to_be_enabled(timeout=SLOW)
    promote.click()
    expect(owner.get_by_role("button", name="Back to version 1")).to_be_visible(timeout=SLOW)
    answered_by(stranger, TEXT, 2)
    shot(stranger, "circle_stranger_new_version")
    for locale, theme, width in LOOKS:
        page = open_page(locale=locale, theme=theme, width=width, project=project, run=second)
        for name in ("", "share", "inbox", "data", "evaluate"):
            page.goto(f"{server.url}/{name}?project={project}&run={second}")
            expect(page.locator("h1").first).to_be_visible(timeout=SLOW)
            no_failure(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
            shot(page, f"circle_{name or 'home'}_{locale[:2]}_{theme}_{width}")

    owner.get_by_role("button", name="Back to version 1").click()
    expect(owner.get_by_text(re.compile("answered by version 1"))).to_be_visible(timeout=SLOW)
    answered_by(stranger, TEXT, 1)
