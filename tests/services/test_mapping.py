"""The map of a version is made by a job, kept as a file under what placed it, and forgotten with the version or the run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, update

from engine.data.edits import Drop
from engine.data.example_map import LEARNT
from engine.errors import NotFound
from engine.models import embeddings
from engine.models.preset_errors import PresetMissing
from engine.models.preset_import import import_preset
from engine.services import mapping, splits
from engine.services.inline import run_waiting
from engine.storage.database import read, write
from engine.storage.tables import result, run
from engine.workspace import DatasetVersion, Workspace
from tests.models.tiny_presets import tiny_bert
from tests.services.sharing import Made

Importer = Callable[..., DatasetVersion]


def test_the_map_is_made_once_and_kept(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=60)
    assert [source.id for source in workspace.maps.sources(version.id)] == ["words"]
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
    assert _maps(workspace) == 0


def test_a_network_places_all_but_the_sealed_rows(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {s.lacking is None for s in workspace.maps.sources(made.version)[1:]} == {False}, "no network yet"
    with write(workspace.scope.engine) as connection:
        connection.execute(update(run).where(run.c.id == made.svm).values(family="case_network"))
    dropped = workspace.datasets.start_edit(made.version, [Drop(rows=(0,))])
    run_waiting(workspace.scope)
    child = (workspace.jobs.get(dropped.id).result or {})["version_id"]
    seen: list[str] = []

    def vectors(texts: list[str], progress: Callable[[float], None]) -> np.ndarray:
        progress(0.0)
        seen.extend(texts)
        return np.array([[len(text), text.count("o")] for text in texts], dtype=float)

    monkeypatch.setattr(mapping, "load_model", lambda folder: SimpleNamespace(vectors=vectors))
    divided = workspace.splits.current(made.version)
    assert divided is not None
    parts = splits.assignment(workspace.scope, divided.id)
    for version_id, rows in ((made.version, parts), (child, parts.drop(0))):
        offered = [s for s in workspace.maps.sources(version_id) if s.lacking is None]
        assert [s.kind for s in offered] == ["words", "run"]
        seen.clear()
        workspace.maps.start(version_id, offered[1].id)
        run_waiting(workspace.scope)
        found = workspace.maps.get(version_id, offered[1].id)
        assert found is not None
        assert found.places["row_id"].tolist() == rows.index[rows != "test"].tolist()
        assert found.places[LEARNT].tolist() == (rows[rows != "test"] == "train").tolist()
        assert len(seen) == len(found.places) == found.rows - found.left_out < found.rows
        assert workspace.maps.get(version_id) is None, "the map by words is another"
    workspace.runs.delete(made.svm)
    assert _maps(workspace) == 0
    assert [s.id for s in workspace.maps.sources(child) if s.lacking is None] == ["words"]


def test_a_foundation_model_places_every_row_behind_the_trainings(
    workspace: Workspace,
    imported: Importer,
    bentu_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lengths(preset: Any, texts: list[str], training: Any) -> np.ndarray:
        return np.array([[len(text), 0] for text in texts], dtype=float)

    monkeypatch.setattr(embeddings, "preset_embeddings", lengths)
    version = imported(rows=60)
    preset = import_preset(tiny_bert(tmp_path / "source"), bentu_home / "presets", "tiny", ["sw"])
    source = workspace.maps.sources(version.id)[-1]
    assert (source.kind, source.name, source.languages) == ("preset", "tiny", ("sw",))
    assert source.id == f"preset:{preset.reference}", "another copy makes another map"
    job = workspace.maps.start(version.id, source.id)
    assert job.lane == "training", "the short lane never loads TensorFlow"
    run_waiting(workspace.scope)
    found = workspace.maps.get(version.id, source.id)
    assert found is not None
    assert (len(found.places), found.left_out, found.kept) == (60, 0, 1.0)
    assert LEARNT not in found.places

    shutil.rmtree(bentu_home / "presets")
    assert [s.id for s in workspace.maps.sources(version.id)] == ["words"]
    late = workspace.maps.start(version.id, source.id)
    run_waiting(workspace.scope)
    assert isinstance(workspace.jobs.error(workspace.jobs.get(late.id)), PresetMissing)


def _maps(workspace: Workspace) -> int:
    with read(workspace.scope.engine) as connection:
        return connection.scalar(select(func.count()).where(result.c.kind == "map")) or 0
