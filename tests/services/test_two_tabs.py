"""Two tabs that change one version at the same time: what the second does while the first one's edit is about to be stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select

from engine.data.edits import Append, Drop, Edit, Relabel
from engine.data.schema import ROW_ID
from engine.errors import BentuError
from engine.recipe import Split
from engine.services import editing
from engine.services.child_versions import ParentChanged
from engine.services.inline import run_waiting
from engine.storage.database import read
from engine.storage.tables import dataset_version, split
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Let something happen once, between the working out of the next edit and its transaction."""

    def plan(other: Callable[[], object]) -> None:
        whole, waiting = editing.keep_table, [other]

        def kept(table: object) -> str:
            if waiting:
                waiting.pop()()
            return whole(table)  # type: ignore[arg-type]

        monkeypatch.setattr(editing, "keep_table", kept)

    return plan


def edit(ws: Workspace, version: DatasetVersion, edits: Sequence[Edit]) -> DatasetVersion:
    job = ws.datasets.start_edit(version.id, edits)
    run_waiting(ws.scope)
    ended = ws.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    return ws.datasets.version((ended.result or {})["version_id"])


def divide(ws: Workspace, version: DatasetVersion, seed: int = 1) -> None:
    ws.splits.start(version.id, Split(seed=seed))
    run_waiting(ws.scope)


def append(ws: Workspace, *texts: str) -> Append:
    lines = "\n".join(f'"{text}",positive' for text in texts)
    return Append(upload=ws.datasets.stage(f"text,label\n{lines}\n".encode(), "more.csv").id)


def ids(ws: Workspace, version: DatasetVersion) -> dict[int, str]:
    frame = ws.datasets.rows(version.id, limit=10**6)[0]
    return dict(zip(frame[ROW_ID], frame["text"], strict=True))


def test_edit_against_edit_makes_two_versions_beside_each_other(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    parent = imported(rows=60)
    divide(workspace, parent)
    others: list[DatasetVersion] = []
    meanwhile(lambda: others.append(edit(workspace, parent, [Drop(rows=(3,))])))
    mine = edit(workspace, parent, [Drop(rows=(1, 2))])
    assert {mine.number, others[0].number} == {2, 3}
    assert set(ids(workspace, parent)) - set(ids(workspace, mine)) <= {1, 2}
    assert set(ids(workspace, parent)) - set(ids(workspace, others[0])) <= {3}


def test_the_same_edit_in_two_tabs_makes_one_version(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    parent = imported(rows=60)
    others: list[DatasetVersion] = []
    meanwhile(lambda: others.append(edit(workspace, parent, [Drop(rows=(3,))])))
    assert edit(workspace, parent, [Drop(rows=(3,))]).id == others[0].id
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 2


def test_append_against_append_never_gives_an_id_twice(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    parent = imported(rows=60)
    divide(workspace, parent)
    here, there = append(workspace, "one of here", "two of here"), append(workspace, "one of there")
    others: list[DatasetVersion] = []
    meanwhile(lambda: others.append(edit(workspace, parent, [there])))
    mine = edit(workspace, parent, [here])
    first, second = ids(workspace, mine), ids(workspace, others[0])
    assert {text for row, text in first.items() if row >= 60} == {"one of here", "two of here"}
    assert all(first[row] == second[row] for row in first.keys() & second.keys())
    assert len(first.keys() | second.keys()) == 63


def test_append_against_relabel_leaves_both(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    parent = imported(rows=60)
    labels = workspace.datasets.rows(parent.id, limit=60)[0].set_index(ROW_ID)["label"]
    other = next(name for name in parent.schema.classes if name != labels[0])
    others: list[DatasetVersion] = []
    meanwhile(lambda: others.append(edit(workspace, parent, [Relabel(labels={0: other})])))
    mine = edit(workspace, parent, [append(workspace, "a new one")])
    here, there = (workspace.datasets.rows(v.id, limit=99)[0].set_index(ROW_ID) for v in (mine, others[0]))
    assert (len(here), here.loc[0, "label"]) == (61, labels[0])
    assert (len(there), there.loc[0, "label"]) == (60, other)


def test_edit_against_delete_is_said_and_leaves_nothing(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    root = imported(rows=60)
    parent = edit(workspace, root, [Drop(rows=(9,))])
    meanwhile(lambda: workspace.differences.delete_version(parent.id))
    with pytest.raises(ParentChanged):
        edit(workspace, parent, [Drop(rows=(1,))])
    assert [v.id for v in workspace.datasets.list(root.project_id)[0].versions] == [root.id]


@pytest.mark.parametrize("adding", [False, True])
def test_edit_against_the_deletion_of_everything(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile, adding: bool
) -> None:
    parent = imported(rows=60)
    wanted: Edit = append(workspace, "a new one") if adding else Drop(rows=(1,))
    meanwhile(lambda: workspace.datasets.delete(parent.dataset_id))
    with pytest.raises(BentuError) as caught:
        edit(workspace, parent, [wanted])
    assert caught.value.code != "INTERNAL"
    with read(workspace.scope.engine) as connection:
        assert not connection.execute(select(dataset_version.c.id)).all()


def test_edit_against_another_division_is_said(
    workspace: Workspace, imported: Importer, meanwhile: Meanwhile
) -> None:
    parent = imported(rows=60)
    divide(workspace, parent)
    meanwhile(lambda: divide(workspace, parent, seed=5))
    with pytest.raises(ParentChanged):
        edit(workspace, parent, [Drop(rows=(1,))])
    child = edit(workspace, parent, [Drop(rows=(1,))])
    with read(workspace.scope.engine) as connection:
        own = connection.scalars(select(split.c.id).where(split.c.version_id == child.id)).all()
    assert [child.source["split"]] == own
    assert child.source["parent_split"] == workspace.splits.current(parent.id).id  # type: ignore[union-attr]


def test_a_child_that_was_divided_anew_is_not_handed_back(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    divide(workspace, parent)
    first = edit(workspace, parent, [Drop(rows=(1,))])
    assert edit(workspace, parent, [Drop(rows=(1,))]).id == first.id
    divide(workspace, first, seed=7)
    second = edit(workspace, parent, [Drop(rows=(1,))])
    assert second.id != first.id
    divide(workspace, parent, seed=9)
    third = edit(workspace, parent, [Drop(rows=(1,))])
    assert third.id not in (first.id, second.id)
    assert third.source["parent_split"] == workspace.splits.current(parent.id).id  # type: ignore[union-attr]
    assert edit(workspace, parent, [Drop(rows=(1,))]).id == third.id
