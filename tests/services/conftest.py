"""A small project whose data are imported, done once and copied for each test; and an inbox with a demo that writes to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import cast

import pytest

from engine.data.readers import ReadOptions
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.storage.home import demo_home
from engine.storage.inbox_writer import Inbox as Writer
from engine.workspace import DatasetVersion, Workspace
from tests.conftest import Once
from tests.feedback_rows import make_demo, make_project
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


@pytest.fixture
def writer(bentu_home: Path) -> Iterator[Writer]:
    """The demo process' end of the inbox."""
    opened = Writer(demo_home())
    yield opened
    opened.close()


@pytest.fixture
def shared(workspace: Workspace) -> tuple[str, str]:
    """A project and a demo of it."""
    project = make_project(workspace.scope.engine)
    return project, make_demo(workspace.scope.engine, project)
