"""User text never becomes markup: names, columns, labels and texts that try to, on every page of a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Opener, Server, shot
from tests.e2e.test_journey import PAGES, SLOW, no_failure

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

EVIL = "<img src=x onerror=window.hacked=1> ![p](http://evil.example/p.png) [a](javascript:alert(1)) :red[r] $\\frac12$"
BIDI = "ab\u202edc\u2066"


def hostile_file(folder: Path) -> Path:
    rows = [f'"{EVIL} text","<b>label</b>","{EVIL} place"']
    for i in range(120):
        label = ("<b>label</b>", "=HYPERLINK(1)", f"{BIDI}`x`")[i % 3]
        rows.append(
            f'"text number {i} {EVIL if i % 7 == 0 else ""} kind {i % 3}","{label}","{EVIL if i % 2 else "<i>"} place"'
        )
    file = folder / "evil.csv"
    file.write_text(
        '"**text** <u>","label $x$","![place](http://evil.example/q.png)"\n' + "\n".join(rows) + "\n",
        encoding="utf-8",
    )
    return file


def test_hostile_text_stays_text(
    server: Server, open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_HOME", str(server.home))
    from engine.data.readers import ReadOptions
    from engine.workspace import open_workspace

    ws = open_workspace()
    project = ws.projects.create(EVIL)
    upload = ws.datasets.stage(hostile_file(tmp_path).read_bytes(), f"{EVIL}.csv")
    roles = {"**text** <u>": "input", "label $x$": "label", "![place](http://evil.example/q.png)": "slice"}
    job = ws.datasets.start_import(project.id, upload.id, EVIL, ReadOptions(), roles, idempotency="evil")

    page = open_page("data", project=project.id)
    expect(page.get_by_role("heading", name="Findings")).to_be_visible(timeout=SLOW)
    assert ws.jobs.get(job.id).state == "succeeded"
    run = ws.runs.submit(project.id, ws.recipes.choose(project.id, "tfidf_svm", "quick"), name=EVIL)

    page = open_page("train", project=project.id, run=run.id)
    expect(page.get_by_role("button", name="Evaluate", exact=True)).to_be_visible(timeout=SLOW)
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    for name in PAGES:
        page.goto(f"{server.url}/{name}?project={project.id}&run={run.id}")
        expect(page.locator("h1").first).to_be_visible(timeout=SLOW)
        no_failure(page)
        page.wait_for_timeout(500)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src='x']").count() == 0
        assert page.locator("a[href^='javascript:']").count() == 0
        assert page.locator("[data-testid=stMain] .katex").count() == 0 or name == "model"
        shot(page, f"hostile_{name or 'home'}")
    for tab in ("Errors", "Slices", "Compare"):
        page.goto(f"{server.url}/evaluate?project={project.id}&run={run.id}")
        page.get_by_role("tab", name=tab).click()
        no_failure(page)
        assert page.evaluate("window.hacked") is None
        shot(page, f"hostile_evaluate_{tab}")
    foreign = [
        url
        for url in asked
        if not url.startswith((server.url, "data:", "blob:", f"ws://127.0.0.1:{server.port}"))
    ]
    assert foreign == []
    assert os.environ["BENTU_HOME"] == str(server.home)
    ws.scope.engine.dispose()
