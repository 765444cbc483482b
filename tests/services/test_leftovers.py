"""What is deleted gives its bytes back: tables, divisions, findings, exports, lexicons, uploads and the files of jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.edits import Append, Drop
from engine.errors import NotFound
from engine.jobs.upkeep import sweep_folders, sweep_half_written
from engine.recipe import Split
from engine.services.inline import run_waiting
from engine.storage import artifacts
from engine.storage.home import folder
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


def swept(ws: Workspace) -> int:
    """Bytes in the store once upkeep has been there."""
    artifacts.collect(ws.scope.engine, young=0)
    sweep_folders(ws.scope.engine, young=0)
    sweep_half_written(young=0)
    return artifacts.stored_bytes()


def filled(ws: Workspace, version: DatasetVersion) -> list[str]:
    """Do with a version all that leaves files; the ids of its exports."""
    ws.splits.start(version.id, Split(near_duplicates=True))
    run_waiting(ws.scope)
    ws.findings.start_deep(version.id)
    ws.datasets.start_edit_preview(version.id, [Drop(rows=(1,))])
    jobs = [ws.exports.start(version.id, "csv").id, ws.exports.start(version.id, "parquet", parts=True).id]
    run_waiting(ws.scope)
    assert all(ws.exports.file(job).size for job in jobs)
    return jobs


def child_of(ws: Workspace, version: DatasetVersion) -> DatasetVersion:
    upload = ws.datasets.stage(b"text,label\na text that is new,positive\n", "more.csv").id
    job = ws.datasets.start_edit(version.id, [Append(upload=upload), Drop(rows=(2,))])
    run_waiting(ws.scope)
    return ws.datasets.version(str((ws.jobs.get(job.id).result or {})["version_id"]))


def test_a_version_gives_back_what_it_took(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=80)
    before = swept(workspace)
    child = child_of(workspace, parent)
    exports = filled(workspace, child)
    assert swept(workspace) > before
    workspace.differences.delete_version(child.id)
    assert swept(workspace) == before
    for job in exports:
        with pytest.raises(NotFound):
            workspace.exports.file(job)
    assert list(folder("uploads").iterdir()) == []


def test_a_dataset_gives_back_what_it_took(workspace: Workspace, imported: Importer) -> None:
    kept = imported(rows=40)
    before = swept(workspace)
    version = imported(rows=80, project=kept.project_id, name="other")
    filled(workspace, version)
    filled(workspace, child_of(workspace, version))
    assert swept(workspace) > before
    workspace.datasets.delete(version.dataset_id)
    assert swept(workspace) == before
    assert workspace.datasets.rows(kept.id, limit=1)[1] == 40


def test_a_project_gives_back_everything(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=80)
    filled(workspace, version)
    filled(workspace, child_of(workspace, version))
    words = workspace.lexicons.stage(b"good\tfine\nbad\tpoor\n", "words.tsv")
    workspace.lexicons.start_import(version.project_id, words.id)
    run_waiting(workspace.scope)
    assert len(workspace.lexicons.list(version.project_id)) == 1
    run = workspace.runs.submit(
        version.project_id, workspace.recipes.choose(version.project_id, "majority", "quick")
    )
    run_waiting(workspace.scope)
    assert workspace.runs.get(run.id).state == "succeeded"
    workspace.projects.delete(version.project_id)
    assert swept(workspace) == 0
    assert [place for name in ("uploads", "jobs", "tmp") for place in folder(name).iterdir()] == []
    assert texts_in(folder()) == []


def texts_in(home: Path) -> list[str]:
    """Files that still hold a text of the project's, the database and its copies apart: it reuses its pages."""
    needle = b"a text that is new"
    return [
        str(file)
        for file in home.rglob("*")
        if file.is_file() and "bentu.db" not in file.name and needle in file.read_bytes()
    ]
