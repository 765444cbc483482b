"""The map of a version is made by a job, kept as a file, and forgotten with the version."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from engine.errors import NotFound
from engine.services.inline import run_waiting
from engine.storage.database import read
from engine.storage.tables import result
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


def test_the_map_is_made_once_and_kept(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=60)
    assert workspace.maps.get(version.id) is None
    workspace.maps.start(version.id)
    run_waiting(workspace.scope)
    found = workspace.maps.get(version.id)
    assert found is not None
    assert found.places["row_id"].tolist() == list(range(60))
    assert set(found.places["label"]) <= set(version.schema.classes)
    assert found.rows == 60


def test_it_goes_with_its_dataset(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=60)
    workspace.maps.start(version.id)
    run_waiting(workspace.scope)
    workspace.datasets.delete(version.dataset_id)
    with pytest.raises(NotFound):
        workspace.maps.get(version.id)
    with read(workspace.scope.engine) as connection:
        assert connection.scalar(select(func.count()).where(result.c.kind == "map")) == 0
