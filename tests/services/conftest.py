"""A small project whose data are imported: the same import is done once and copied for each test."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from engine.data.readers import ReadOptions
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.parity_here import parity_here
from tests.services.sharing import made, made_home

__all__ = ["made", "made_home", "parity_here"]


@cache
def sample_bytes(rows: int) -> bytes:
    return bytes(make_sample("reviews_en").head(rows).to_csv(index=False), "utf-8")


@pytest.fixture(scope="session")
def imported_homes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Where the home with just this import is kept, once there is one: most tests begin with the same few files."""
    folder = tmp_path_factory.mktemp("imported")

    def place(*key: object) -> Path:
        return folder / hashlib.sha256(repr(key).encode()).hexdigest()

    return place


@pytest.fixture
def imported(
    workspace: Workspace, bentu_home: Path, imported_homes: Callable[..., Path]
) -> Callable[..., DatasetVersion]:
    """`imported(rows=120, project=None, content=None, roles=None)` imports a file into a project."""

    def importer(
        rows: int = 120, project: str | None = None, content: bytes | None = None, roles: dict[str, str] | None = None,
        name: str = "reviews",
    ) -> DatasetVersion:  # fmt: skip
        content, roles = content or sample_bytes(rows), roles or dict(SAMPLE_ROLES)
        if project or workspace.projects.list():
            return _import(
                workspace, project or workspace.projects.create("Reviews").id, content, roles, name
            )
        kept = imported_homes(content, roles, name)
        if kept.exists():
            workspace.scope.engine.dispose()
            shutil.copytree(kept, bentu_home, dirs_exist_ok=True)
            return workspace.datasets.list(workspace.projects.list()[0].id)[0].versions[0]
        version = _import(workspace, workspace.projects.create("Reviews").id, content, roles, name)
        workspace.scope.engine.dispose()  # the last connection that closes brings the whole log into the file
        shutil.copytree(bentu_home, kept)
        return version

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
