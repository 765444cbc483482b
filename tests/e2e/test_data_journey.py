"""Data one can trust, in a real browser: a legacy encoding put right, copies dropped, the way back, and the rows taken away."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import httpx
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Opener, Server, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

SLOW = 120_000
PRAISE, BLAME = "味道很好送餐也快", "味道不好送餐太慢"


@pytest.fixture(scope="module")
def server(fresh_server: Server) -> Server:
    return fresh_server


def gbk_file(folder: Path) -> tuple[Path, list[list[str]]]:
    """Short Chinese texts in GBK with two copies and a cell that a spreadsheet would run."""
    rows = [[f"{PRAISE}第{i}次", "好评"] for i in range(40)] + [
        [f"{BLAME}第{i}次", "差评"] for i in range(40)
    ]
    rows += [rows[0], rows[41], ["=1+1 真好吃", "好评"]]
    out = io.StringIO()
    csv.writer(out).writerows([["内容", "标签"], *rows])
    file = folder / "评论.csv"
    file.write_bytes(out.getvalue().encode("gbk"))
    return file, rows


def settle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=SLOW
    )
    assert page.locator("[data-testid=stException]").count() == 0


def fetched(page: Page, server: Server, form: str) -> bytes:
    """The file that the page offers in a form."""
    box = page.locator("[class*=st-key-downloads_raw]")
    box.get_by_role("radio", name=form, exact=True).or_(
        box.get_by_role("button", name=form, exact=True)
    ).first.click()
    settle(page)
    box.get_by_role("button", name="Write the file").click()
    link = box.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=SLOW)
    address = link.get_attribute("href") or ""
    return httpx.get(f"{server.url}{address}" if address.startswith("/") else address).content


def test_from_a_legacy_file_to_clean_rows_and_away(server: Server, open_page: Opener, tmp_path: Path) -> None:
    file, rows = gbk_file(tmp_path)
    page = open_page()
    page.get_by_role("button", name="Start with my data").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Encoding").or_(page.get_by_role("combobox", name="Encoding")).first.click()
    offered = page.get_by_role("option")
    expect(offered.first).to_be_visible()
    wrong = next(name for name in offered.all_inner_texts() if name != "GB18030")
    page.get_by_role("option", name=wrong, exact=True).click()
    settle(page)
    # decided is decided: the choice is folded now, and can be changed there
    page.get_by_text("Reading options").first.click()
    box = page.get_by_role("combobox", name="Encoding").first
    box.fill("GB18030")
    box.press("Enter")
    settle(page)
    shot(page, "data_journey_read")
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible(timeout=SLOW)
    settle(page)

    fix = page.locator("[class*=_fix_]").get_by_role("button", name="Keep the first").or_(
        page.get_by_role("button", name="drop", exact=False)
    ).first  # fmt: skip
    fix.click()
    page.get_by_role("button", name="Make the new version").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("81", exact=True).first).to_be_visible(timeout=SLOW)
    shot(page, "data_journey_fixed")

    page.get_by_text("2 versions").click()
    page.get_by_role("button", name="Compare").first.click()
    expect(page.get_by_text("2 rows dropped", exact=False).first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Undo").click()
    settle(page)
    expect(page.get_by_text("83", exact=True).first).to_be_visible(timeout=SLOW)

    page.get_by_text("Download these rows").click()
    exact = list(csv.reader(io.StringIO(fetched(page, server, "CSV, exact").decode())))
    assert exact == [["内容", "标签"], *rows]
    guarded = fetched(page, server, "CSV for a spreadsheet").decode("utf-8-sig")
    assert "'=1+1 真好吃" in guarded
    table = pd.read_parquet(io.BytesIO(fetched(page, server, "Parquet, exact")))
    assert table.to_numpy().tolist() == rows
    shot(page, "data_journey_taken")
