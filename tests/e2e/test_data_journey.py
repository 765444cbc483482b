"""Data one can trust, in a real browser: a legacy encoding put right, columns mapped by hand, copies dropped and back, the
rows taken away raw and cleaned; and more rows added on a phone in Chinese."""

from __future__ import annotations

import csv
import gettext
import io
import json
from contextlib import suppress
from pathlib import Path

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from engine.i18n import translate
from tests.e2e.conftest import ROOT, Opener, Server, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

SLOW = 120_000
PRAISE, BLAME = "味道很好送餐也快", "味道不好送餐太慢"
TAGGED = ["<b>真的</b>很好吃", "好评", "东店"]
FORMULA = ["=1+1 真好吃", "好评", "西店"]
GUARDED = "CSV for a spreadsheet"
TALL = 2400
"""Pixels: a list of options closes when the page scrolls, as it does to reach a box."""


@pytest.fixture(scope="module")
def server(fresh_server: Server) -> Server:
    return fresh_server


def gbk_file(folder: Path) -> tuple[Path, list[list[str]]]:
    """Short Chinese texts in GBK with two copies, a cell that a spreadsheet would run, and one with HTML."""
    shops = ("东店", "西店")
    rows = [[f"{PRAISE}第{i}次", "好评", shops[i % 2]] for i in range(40)]
    rows += [[f"{BLAME}第{i}次", "差评", shops[i % 2]] for i in range(40)]
    rows += [rows[0], rows[41], FORMULA, TAGGED]
    out = io.StringIO()
    csv.writer(out).writerows([["内容", "标签", "门店"], *rows])
    file = folder / "评论.csv"
    file.write_bytes(out.getvalue().encode("gbk"))
    return file, rows


def settle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=SLOW
    )
    assert page.locator("[data-testid=stException]").count() == 0


def taken_up(page: Page) -> None:
    """Wait for the run that takes up what was typed, and for its end; one so short that nobody saw it is over."""
    app = page.locator("[data-testid=stApp]")
    with suppress(AssertionError):
        expect(app).to_have_attribute("data-test-script-state", "running", timeout=3000)
    settle(page)


def choose(page: Page, box: str, option: str) -> None:
    """Pick an option of a select box by the box's label; of a long list only a part is drawn, hence the filter."""
    page.get_by_role("combobox", name=box).first.fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def examples(page: Page) -> Locator:
    """The lines that show what is in each column, as it is read now."""
    return page.locator("[class*=st-key-roles_]")


def fetched(page: Page, server: Server, kind: str, form: str) -> bytes:
    """The file that the page offers in a form."""
    box = page.locator(f"[class*=st-key-downloads_{kind}]")
    box.get_by_role("radio", name=form, exact=True).or_(
        box.get_by_role("button", name=form, exact=True)
    ).first.click()
    settle(page)
    box.get_by_role("button", name="Write the file").click()
    link = box.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=SLOW)
    address = link.get_attribute("href") or ""
    return httpx.get(f"{server.url}{address}" if address.startswith("/") else address).content


def table_of(content: bytes) -> list[list[str]]:
    """The cells of a CSV file."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_from_a_legacy_file_to_clean_rows_and_away(server: Server, open_page: Opener, tmp_path: Path) -> None:
    file, rows = gbk_file(tmp_path)
    page = open_page(height=TALL)
    page.get_by_role("button", name="Start with my data").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(examples(page)).to_contain_text(PRAISE)
    page.get_by_role("combobox", name="Encoding").first.click()
    offered = page.get_by_role("option")
    expect(offered.first).to_be_visible()
    wrong = next(name for name in offered.all_inner_texts() if name != "GB18030")
    page.get_by_role("option", name=wrong, exact=True).click()
    expect(examples(page)).not_to_contain_text(PRAISE)
    # the question stays where it was, so that a wrong answer is put right in the same place
    choose(page, "Encoding", "GB18030")
    expect(examples(page)).to_contain_text(PRAISE)

    choose(page, "Role of 标签", "Ignore")
    expect(page.get_by_text("No label column")).to_be_visible()
    choose(page, "Role of 标签", "Label")
    choose(page, "Role of 门店", "Group")
    choose(page, "Role of 门店", "Slice")
    expect(page.get_by_text("Ready: text from 内容, label from 标签")).to_be_visible()
    shot(page, "data_journey_read")
    settle(
        page
    )  # a run under way would be cut short by the next one, and a reload between the two loses what was typed
    page.get_by_role("textbox", name="Name of the dataset").fill("评论集")
    page.get_by_role("textbox", name="Name of the dataset").press("Enter")
    taken_up(page)
    page.reload()
    expect(page.get_by_text("Ready: text from 内容, label from 标签")).to_be_visible()
    expect(examples(page)).to_contain_text(PRAISE)
    expect(page.get_by_role("combobox", name="Role of 门店")).to_have_value("Slice")
    expect(page.get_by_role("textbox", name="Name of the dataset")).to_have_value("评论集")
    page.set_viewport_size({"width": 1280, "height": 500})
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_role("heading", name="Findings")).to_be_attached(timeout=SLOW)
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_in_viewport()
    page.set_viewport_size({"width": 1280, "height": TALL})
    expect(page.get_by_text("Classes by 门店")).to_be_visible(timeout=SLOW)

    page.get_by_role("button", name="Keep the first of each, drop 2").click()
    page.get_by_role("button", name="Make the new version").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("82", exact=True).first).to_be_visible(timeout=SLOW)
    shot(page, "data_journey_fixed")
    page.get_by_text("2 versions").click()
    page.get_by_role("button", name="Compare").first.click()
    expect(page.get_by_text("2 rows dropped (", exact=False).first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("84", exact=True).first).to_be_visible(timeout=SLOW)

    page.get_by_text("Download these rows").click()
    assert table_of(fetched(page, server, "raw", "CSV, exact")) == [["内容", "标签", "门店"], *rows]
    assert ["'=1+1 真好吃", *FORMULA[1:]] in table_of(fetched(page, server, "raw", GUARDED))
    table = pd.read_parquet(io.BytesIO(fetched(page, server, "raw", "Parquet, exact")))
    assert table.to_numpy().tolist() == rows
    shot(page, "data_journey_taken")

    page.get_by_role("button", name="Add the step that takes them off").click()
    expect(page.get_by_role("button", name="The step is in the recipe")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Continue: clean and divide").click()
    expect(page.get_by_text("changes 1 row")).to_be_visible(timeout=SLOW)
    page.get_by_text("Download the cleaned rows").click()
    cleaned = [[text.replace("<b>", "").replace("</b>", ""), *others] for text, *others in rows]
    assert table_of(fetched(page, server, "cleaned", "CSV, exact")) == [["内容", "标签", "门店"], *cleaned]
    guarded = table_of(fetched(page, server, "cleaned", GUARDED))
    assert ["'=1+1 真好吃", *FORMULA[1:]] in guarded
    assert ["真的很好吃", *TAGGED[1:]] in guarded
    table = pd.read_parquet(io.BytesIO(fetched(page, server, "cleaned", "Parquet, exact")))
    assert table.to_numpy().tolist() == cleaned
    shot(page, "data_journey_cleaned")


def zh(message: str, **params: str) -> str:
    """What the Chinese page says."""
    return translate(message, "zh_CN", **params)


def all_chinese(page: Page) -> None:
    """No sentence of ours is left in English, and nothing makes the page wider than the screen."""
    with (ROOT / "engine/i18n/zh_CN/LC_MESSAGES/bentu.mo").open("rb") as catalogue:
        messages = gettext.GNUTranslations(catalogue)._catalog  # type: ignore[attr-defined]
    english = {m for m in messages if isinstance(m, str) and m.count(" ") > 1 and "{" not in m}
    shown = page.locator("[data-testid=stMain]").inner_text()
    assert len(english) > 500
    assert not [m for m in english if m in shown]
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_more_rows_on_a_phone_in_chinese(server: Server, open_page: Opener, tmp_path: Path) -> None:
    """The journey's dataset gets rows from a JSON file, and the child version is divided."""
    more = tmp_path / "补充.json"
    said = [{"内容": f"今天第{i}单也不错", "标签": "好评", "门店": "南店"} for i in range(6)]
    more.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    page = open_page("data", locale="zh-CN", theme="dark", width=390, height=TALL)
    page.get_by_role("button", name=zh("Add data")).click()
    page.locator("input[type=file]").set_input_files(more)
    expect(examples(page)).to_contain_text("今天第0单也不错")
    all_chinese(page)
    page.get_by_role("combobox", name=zh("Save as")).click()
    page.get_by_role("option", name="评论集 v1").click()
    page.get_by_role("button", name=zh("Add these rows")).click()
    expect(page.get_by_text("90", exact=True).first).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(zh("Classes by {column}", column="门店"))).to_be_visible(timeout=SLOW)
    all_chinese(page)
    shot(page, "data_journey_zh_390_dark")

    page.get_by_role("button", name=zh("Continue: clean and divide")).click()
    page.get_by_role("button", name=zh("Divide"), exact=True).click()
    expect(page.get_by_text(zh("The test part is sealed and was never opened."))).to_be_visible(timeout=SLOW)
    all_chinese(page)
    shot(page, "data_journey_zh_390_dark_divided")
