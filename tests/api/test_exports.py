"""The download route: a file under its job's id, and words where there is none."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette

from engine.api import studio_routes
from engine.data.readers import ReadOptions
from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.api.serving import served


def get(path: str) -> httpx.Response:
    with served(Starlette(routes=studio_routes)) as client:
        return client.get(path)


def test_a_written_file_is_a_download(workspace: Workspace) -> None:
    project = workspace.projects.create("Reviews").id
    upload = workspace.datasets.stage(b"text,label\ngood,1\nbad,0\n", "a.csv")
    workspace.datasets.start_import(
        project, upload.id, "评论", ReadOptions(), {"text": "input", "label": "label"}, idempotency="one"
    )
    run_waiting(workspace.scope)
    version = workspace.datasets.list(project)[0].versions[0]
    job = workspace.exports.start(version.id, "csv")
    early = get(f"/api/exports/{job.id}")
    assert early.status_code == 404
    assert early.json()["error"]["code"] == "NOT_FOUND"
    run_waiting(workspace.scope)
    answer = get(f"/api/exports/{job.id}")
    assert answer.content == b"text,label\ngood,1\nbad,0\n"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert get("/api/exports/..%2F..%2Fetc%2Fpasswd").status_code == 404
