"""A small project whose data are imported, made once a test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.data.readers import ReadOptions
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace
from tests.parity_here import parity_here
from tests.services.sharing import made, made_home

__all__ = ["made", "made_home", "parity_here"]


def sample_bytes(rows: int) -> bytes:
    return bytes(make_sample("reviews_en").head(rows).to_csv(index=False), "utf-8")


@pytest.fixture
def imported(workspace: Workspace) -> Callable[..., DatasetVersion]:
    """`imported(rows=120, project=None, content=None, roles=None)` imports a file into a project."""

    def importer(
        rows: int = 120, project: str | None = None, content: bytes | None = None, roles: dict[str, str] | None = None,
        name: str = "reviews",
    ) -> DatasetVersion:  # fmt: skip
        project = project or workspace.projects.create("Reviews").id
        upload = workspace.datasets.stage(content or sample_bytes(rows), f"{name}.csv")
        job = workspace.datasets.start_import(
            project, upload.id, name, ReadOptions(), roles or dict(SAMPLE_ROLES), idempotency=upload.id
        )
        run_waiting(workspace.scope)
        ended = workspace.jobs.get(job.id)
        if ended.problem:
            raise ended.problem
        assert ended.result
        return workspace.datasets.version(ended.result["version_id"])

    return importer
