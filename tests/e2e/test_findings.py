"""Findings in a real browser: the deep checks run by themselves, a fix makes a version, undo goes back to its parent."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import expect

from engine.data.readers import ReadOptions
from engine.services.inline import run_job_here
from engine.workspace import open_workspace
from tests.e2e.conftest import Opener, Server, shot

pytestmark = pytest.mark.e2e

GOOD, BAD = (
    ("味道很好", "送餐快", "服务热情", "包装完整", "分量足"),
    ("太慢了", "凉了", "态度差", "漏送", "难吃"),
)
ROLES = {"text": "input", "label": "label", "region": "slice"}


def reviews() -> str:
    """Two hundred reviews, twelve of them once more, one region written in two ways, HTML in five."""
    dice = random.Random(0)
    rows = []
    for i in range(200):
        good = i % 5 < 3
        text = (
            "，".join(dice.sample(GOOD if good else BAD, 3)) + f"，第{i * 7919}单，{dice.choice(GOOD + BAD)}"
        )
        rows.append(
            f"{f'<b>{text}</b>' if i % 40 == 0 else text},{'好评' if good else '差评'},{('北京', 'Kano', 'kano')[i % 3]}"
        )
    return "text,label,region\n" + "\n".join(rows + rows[:12]) + "\n"


@pytest.fixture
def project(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BENTU_HOME", str(server.home))
    ws = open_workspace()
    project_id = ws.projects.create("外卖评论").id
    upload = ws.datasets.stage(reviews().encode(), "waimai.csv")
    job = ws.datasets.start_import(
        project_id, upload.id, "waimai", ReadOptions(), ROLES, upload.id, inline=True
    )
    assert run_job_here(ws.scope, job.id).state == "succeeded"
    ws.scope.engine.dispose()
    return project_id


@pytest.mark.parametrize(
    ("locale", "width", "done", "fix", "make", "made", "undo"),
    [
        ("en-US", 1280, "The deep checks are done:", "Keep the first of each, drop 12", "Make the new version", "was made by your fix", "Undo"),
        ("zh-CN", 390, "深入检查已完成", "每组保留第一行，删除12行", "制作新版本", "由您的修复生成", "撤销"),
    ],
)  # fmt: skip
def test_a_fix_and_the_way_back(
    open_page: Opener,
    project: str,
    locale: str,
    width: int,
    done: str,
    fix: str,
    make: str,
    made: str,
    undo: str,
) -> None:
    page = open_page("data", locale=locale, width=width, project=project)
    expect(page.get_by_text(done)).to_be_visible(timeout=120_000)
    shot(page, f"findings_{locale}")
    page.get_by_role("button", name=fix).click()
    page.get_by_role("button", name=make).click()
    expect(page.get_by_text(made)).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name=fix)).to_have_count(0)
    page.get_by_role("button", name=undo, exact=True).click()
    expect(page.get_by_role("button", name=fix)).to_be_visible()
