"""A small project whose data are imported: the same import is done once and copied for each test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import cast

import pytest

from engine.data.readers import ReadOptions
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.parity_here import parity_here
from tests.services.sharing import made
from tests.shop import shop

__all__ = ["made", "parity_here", "shop"]


@cache
def sample_bytes(rows: int) -> bytes:
    return bytes(make_sample("reviews_en").head(rows).to_csv(index=False), "utf-8")


@pytest.fixture
def imported(workspace: Workspace, once: Once) -> Callable[..., DatasetVersion]:
    """`imported(rows=120, project=None, content=None, roles=None)` imports a file into a project."""

    def importer(
        rows: int = 120, project: str | None = None, content: bytes | None = None, roles: dict[str, str] | None = None,
        name: str = "reviews",
    ) -> DatasetVersion:  # fmt: skip
        content, roles = content or sample_bytes(rows), roles or dict(SAMPLE_ROLES)
        if project or workspace.projects.list():
            project = project or workspace.projects.create("Reviews").id
            return _import(workspace, project, content, roles, name)

        def alone(ws: Workspace) -> DatasetVersion:
            return _import(ws, ws.projects.create("Reviews").id, content, roles, name)

        return cast(DatasetVersion, once(alone, hashlib.sha256(content).hexdigest(), roles, name))

    return importer


def _import(
    workspace: Workspace, project: str, content: bytes, roles: dict[str, str], name: str
) -> DatasetVersion:
    upload = workspace.datasets.stage(content, f"{name}.csv")
    job = workspace.datasets.start_import(project, upload.id, name, ReadOptions(), roles, upload.id)
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    assert ended.result
    return workspace.datasets.version(ended.result["version_id"])
