"""The six steps in a real browser over a real server: an uploaded file becomes an honestly evaluated model."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from engine.samples import make_sample
from tests.e2e.conftest import Opener, Server, shot

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

SLOW = 120_000
PAGES = ("", "data", "prepare", "model", "train", "evaluate", "settings")


@pytest.fixture(scope="module")
def server(fresh_server: Server) -> Server:
    return fresh_server


def settle(page: Page) -> None:
    """Wait until the script has run and nothing is stale."""
    expect(page.locator("[data-testid=stApp]")).to_have_attribute(
        "data-test-script-state", "notRunning", timeout=SLOW
    )


def no_failure(page: Page) -> None:
    settle(page)
    assert page.locator("[data-testid=stException]").count() == 0


def query(page: Page, name: str) -> str:
    found = re.search(rf"[?&]{name}=([^&]+)", page.url)
    assert found, f"{name} is not in the link {page.url}"
    return found.group(1)


def test_first_request_may_be_a_deep_link(server: Server, open_page: Opener) -> None:
    page = open_page("train")
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    no_failure(page)


def test_home_has_two_addresses(server: Server, open_page: Opener) -> None:
    for name in ("", "home"):
        page = open_page(name, lang="zh")
        expect(page.locator("h1").first).to_be_visible()
        no_failure(page)
        assert page.get_by_role("dialog").count() == 0, "Streamlit says that the page was not found"
        assert query(page, "lang") == "zh"


def test_a_deleted_project_leaves_no_dialog_and_no_error(server: Server, open_page: Opener) -> None:
    page = open_page()
    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name", exact=True).fill("made to be deleted")
    page.get_by_role("button", name="Create project").click()
    row = page.locator("[class*=st-key-project_prj]").filter(has_text="made to be deleted")
    row.get_by_role("button", name="More").click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete project").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_have_count(0)
    assert page.locator("[data-testid=stAlertContentError]").count() == 0
    no_failure(page)


def test_health_and_closed_doors(server: Server) -> None:
    assert httpx.get(f"{server.url}/api/health").json() == {"status": "ok"}
    # the agent door of Streamlit is closed unless somebody opens it on the command line
    assert httpx.post(f"{server.url}/_stcore/agent/interact", json={"page": "train"}).status_code in (
        403,
        404,
        405,
    )


def test_from_a_file_to_an_honestly_evaluated_model(
    server: Server, open_page: Opener, tmp_path: Path
) -> None:
    frame = make_sample("reviews_en").head(900)
    file = tmp_path / "reviews <b>& more.csv"
    file.write_text(frame.to_csv(index=False), encoding="utf-8")

    page = open_page()
    page.get_by_role("button", name="Start with my data").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_text("900", exact=True).first).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("heading", name="Findings")).to_be_visible(timeout=SLOW)
    # the division keeps nearly equal texts together once it is known which these are
    expect(page.get_by_text("The deep checks are done:").first).to_be_visible(timeout=SLOW)
    no_failure(page)
    shot(page, "journey_data")

    page.get_by_role("button", name="Continue: clean and divide").click()
    expect(page.get_by_role("heading", name="Prepare", exact=True)).to_be_visible()
    page.get_by_role("button", name="Divide", exact=True).click()
    expect(page.get_by_text(re.compile("^No text stands in two parts"))).to_be_visible(timeout=SLOW)
    shot(page, "journey_prepare")
    page.get_by_role("button", name="Continue: choose a model").click()

    expect(page.get_by_role("heading", name="Model", exact=True)).to_be_visible()
    settle(page)
    shot(page, "journey_model")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("Macro.?F1.* on validation", re.I)).first).to_be_visible(timeout=SLOW)
    no_failure(page)
    shot(page, "journey_train")

    # everything is still there after a refresh, and after the interface was restarted
    page.reload()
    expect(page.get_by_text(re.compile("on validation")).first).to_be_visible(timeout=SLOW)
    run, project = query(page, "run"), query(page, "project")
    server.stop()
    server.start()

    page = open_page("evaluate", run=run, project=project)
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("majority", re.I)).first).to_be_visible(timeout=SLOW)
    no_failure(page)
    shot(page, "journey_evaluate_validation")
    page.get_by_role("button", name="On to the sealed test part").click()
    page.get_by_role("button", name=re.compile("Open the test part")).click()
    page.get_by_label("Why now?").fill("journey")
    page.get_by_label("Why now?").press("Enter")
    page.get_by_role("button", name="Open and evaluate").click()
    expect(page.get_by_text(re.compile("opened 1 time")).first).to_be_visible(timeout=SLOW)
    no_failure(page)
    shot(page, "journey_evaluate_test")

    for locale, theme, width in (
        ("zh-CN", "light", 1280),
        ("zh-CN", "dark", 390),
        ("en-US", "dark", 1280),
        ("en-US", "light", 390),
    ):
        page = open_page(locale=locale, theme=theme, width=width, run=run, project=project)
        for name in PAGES:
            page.goto(f"{server.url}/{name}?project={project}&run={run}")
            expect(page.locator("h1").first).to_be_visible(timeout=SLOW)
            no_failure(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                f"{name} scrolls sideways"
            )
            if locale == "zh-CN":
                heading = page.locator("h1").first.inner_text()
                assert re.search("[\u4e00-\u9fff]", heading), f"{name}: the title {heading!r} is not Chinese"
            shot(page, f"page_{name or 'home'}_{locale[:2]}_{theme}_{width}")


def sample_project(server: Server) -> str:
    """Id of the Chinese sample, asked of the server's own database."""
    with sqlite3.connect(server.home / "bentu.db") as database:
        return str(
            database.execute("SELECT id FROM project WHERE sample AND name LIKE '示例%'").fetchone()[0]
        )


def test_a_network_trains_live_and_stops_keeping_the_best(server: Server, open_page: Opener) -> None:
    page = open_page(project=sample_project(server))
    page.get_by_role("button", name="Run the article's case").first.click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=SLOW)
    stop = page.get_by_role("button", name=re.compile("^Stop"))
    expect(page.get_by_text(re.compile("epoch", re.I)).first).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(3000)
    shot(page, "journey_train_live")
    stop.first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Stop|keep", re.I)).first.click()
    expect(page.get_by_text(re.compile("on validation")).first).to_be_visible(timeout=SLOW)
    no_failure(page)
