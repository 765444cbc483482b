"""What differs between versions of a tree, where their bytes come from, and deleting a version that nothing stands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from engine.data.edits import Append, ChangeRoles, Drop, Edit, Relabel
from engine.errors import BentuError, NotFound
from engine.services.differences import NotRelated, VersionInUse
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, VersionDifference, Workspace

Importer = Callable[..., DatasetVersion]


def edited(ws: Workspace, version: DatasetVersion, *edits: Edit) -> DatasetVersion:
    job = ws.datasets.start_edit(version.id, edits)
    run_waiting(ws.scope)
    result = ws.jobs.get(job.id).result
    assert result
    return ws.datasets.version(result["version_id"])


def difference(ws: Workspace, first: DatasetVersion, second: DatasetVersion) -> VersionDifference:
    ws.differences.start(first.id, second.id)
    run_waiting(ws.scope)
    found = ws.differences.get(first.id, second.id)
    assert found is not None
    return found


def tree(ws: Workspace, imported: Importer) -> Sequence[DatasetVersion]:
    """A version, one with rows dropped and relabelled, and one beside it with a row added."""
    root = imported(rows=60)
    other = dict(zip(root.schema.classes, reversed(root.schema.classes), strict=True))
    label = ws.datasets.rows(root.id, ids=[7])[0]["label"].iloc[0]
    left = edited(ws, root, Drop(rows=(1, 2)), Relabel(labels={7: other[label]}))
    upload = ws.datasets.stage(f"text,label\nquite new,{root.schema.classes[0]}\n".encode(), "more.csv")
    right = edited(ws, root, Append(upload=upload.id))
    return root, left, right


def test_parent_and_child(workspace: Workspace, imported: Importer) -> None:
    root, left, _ = tree(workspace, imported)
    found = difference(workspace, root, left)
    assert found.counts == {"added": 0, "removed": 2, "relabelled": 1, "changed": 0}
    assert sum(found.classes["removed"].values()) == 2
    before, after = workspace.differences.rows(found, "relabelled")
    assert before["row_id"].tolist() == after["row_id"].tolist() == [7]
    assert before["label"].iloc[0] != after["label"].iloc[0]
    before, after = workspace.differences.rows(found, "removed")
    assert before["row_id"].tolist() == [1, 2]
    assert after.empty


def test_two_branches(workspace: Workspace, imported: Importer) -> None:
    _, left, right = tree(workspace, imported)
    found = difference(workspace, left, right)
    assert found.counts == {"added": 3, "removed": 0, "relabelled": 1, "changed": 0}


def test_other_roles_are_said(workspace: Workspace, imported: Importer) -> None:
    root = imported(rows=60)
    name = root.schema.names("slice")[0]
    child = edited(
        workspace, root, ChangeRoles(roles={**{c.name: c.role for c in root.schema.columns}, name: "ignore"})
    )
    found = difference(workspace, root, child)
    assert found.roles == ((name, "slice", "ignore"),)
    assert not any(found.counts.values())


def test_versions_of_two_trees_have_none(workspace: Workspace, imported: Importer) -> None:
    root = imported(rows=60)
    other = imported(rows=70, project=root.project_id, name="others")
    with pytest.raises(NotRelated):
        workspace.differences.start(root.id, other.id)


def test_the_bytes_are_traced_to_the_file(workspace: Workspace, imported: Importer) -> None:
    root, left, _ = tree(workspace, imported)
    found = workspace.differences.trace(left.id)
    assert [v.id for v in found.versions] == [root.id, left.id]
    assert found.versions[0].source["file"] == "reviews.csv"
    assert len(found.artifact) == 64
    assert found.size > 0


def test_a_version_that_nothing_stands_on_can_go(workspace: Workspace, imported: Importer) -> None:
    root, left, right = tree(workspace, imported)
    difference(workspace, root, left)
    with pytest.raises(VersionInUse):
        workspace.differences.delete_version(root.id)
    workspace.differences.delete_version(left.id)
    with pytest.raises(NotFound):
        workspace.datasets.version(left.id)
    assert [v.id for v in workspace.datasets.list(root.project_id)[0].versions] == [root.id, right.id]
    workspace.differences.delete_version(right.id)
    with pytest.raises(BentuError, match="only version"):
        workspace.differences.delete_version(root.id)


def test_a_version_with_runs_stays(workspace: Workspace, imported: Importer) -> None:
    _, left, _ = tree(workspace, imported)
    workspace.recipes.update(left.project_id, data=left.id)
    recipe = workspace.recipes.choose(left.project_id, "majority", "quick")
    run = workspace.runs.submit(left.project_id, recipe)
    run_waiting(workspace.scope)
    with pytest.raises(VersionInUse):
        workspace.differences.delete_version(left.id)
    workspace.runs.delete(run.id)
    workspace.differences.delete_version(left.id)


def test_the_row_ids_of_a_deleted_version_are_not_given_again(
    workspace: Workspace, imported: Importer
) -> None:
    _, _, right = tree(workspace, imported)
    root = workspace.datasets.version(right.parent_id or "")
    taken = workspace.datasets.rows(right.id, limit=100)[0]["row_id"].max()
    workspace.differences.delete_version(right.id)
    upload = workspace.datasets.stage(
        f"text,label\nanother one,{root.schema.classes[0]}\n".encode(), "again.csv"
    )
    again = edited(workspace, root, Append(upload=upload.id))
    assert workspace.datasets.rows(again.id, limit=100)[0]["row_id"].max() == taken + 1
