"""Edits make child versions: rows keep their ids and parts, sealed rows stay, new rows never enter the test part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from engine.data.edits import Append, ChangeRoles, DedupeFound, Drop, Edit, Relabel, RelabelFound
from engine.data.schema import ROW_ID
from engine.errors import BentuError
from engine.recipe import Split
from engine.services import dividing, editing, importing, splits
from engine.services.editing import NothingLeft, NothingToEdit, OpenedTestChanged
from engine.services.inline import run_waiting
from engine.storage.database import read
from engine.storage.tables import dataset_version, opened_rows, split
from engine.storage.tables import job as jobs_table
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


def edited(
    ws: Workspace, version: DatasetVersion, edits: Sequence[Edit], **options: Any
) -> tuple[DatasetVersion, dict[str, Any]]:
    job = ws.datasets.start_edit(version.id, edits, **options)
    run_waiting(ws.scope)
    ended = ws.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    assert ended.result
    return ws.datasets.version(ended.result["version_id"]), ended.result


def table(ws: Workspace, version: DatasetVersion) -> pd.DataFrame:
    return ws.datasets.rows(version.id, limit=10**6)[0]


def divided(ws: Workspace, version: DatasetVersion) -> pd.Series:
    ws.splits.start(version.id, Split())
    run_waiting(ws.scope)
    view = ws.splits.current(version.id)
    assert view is not None
    return splits.assignment(ws.scope, view.id)


def parts_of(ws: Workspace, version: DatasetVersion) -> pd.Series:
    view = ws.splits.current(version.id)
    assert view is not None
    return splits.assignment(ws.scope, view.id)


def test_dropped_rows_go_and_the_others_keep_their_ids(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    child, result = edited(workspace, parent, [Drop(rows=(0, 5, 59, 999))], note="noise")
    assert table(workspace, child)[ROW_ID].tolist() == [i for i in range(60) if i not in (0, 5, 59)]
    assert (result["rows_removed"], result["existing"]) == (3, False)
    assert (child.parent_id, child.number, child.source["note"]) == (parent.id, 2, "noise")
    assert table(workspace, parent)[ROW_ID].tolist() == list(range(60))
    assert workspace.datasets.profile(child.id) is not None


def test_relabelled_rows_have_the_new_label_only(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    before = table(workspace, parent)
    old = before["label"].iloc[3]
    new = next(c for c in parent.schema.classes if c != old)
    child, result = edited(workspace, parent, [Relabel(labels={3: new, 4: before["label"].iloc[4]})])
    after = table(workspace, child)
    assert result["relabelled"] == 1
    assert after["label"].iloc[3] == new
    pd.testing.assert_frame_equal(after.drop(index=3), before.drop(index=3))


def test_rows_of_the_sealed_part_stay_unless_asked(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=120)
    parts = divided(workspace, parent)
    sealed = parts.index[parts == "test"].tolist()
    train = parts.index[parts == "train"].tolist()
    child, result = edited(workspace, parent, [Drop(rows=(*sealed[:2], *train[:3]))])
    assert (result["rows_removed"], result["test_rows_kept"], result["test_rows_changed"]) == (3, 2, 0)
    inherited = parts_of(workspace, child)
    assert inherited.equals(parts.drop(train[:3]))
    changed, result = edited(workspace, parent, [Drop(rows=tuple(sealed[:2]))], include_test=True)
    assert result["test_rows_changed"] == 2
    assert changed.source["include_test"]
    view = workspace.splits.current(changed.id)
    former = workspace.splits.current(parent.id)
    assert view is not None and former is not None
    assert view.spec.test_name != former.spec.test_name


def test_an_opened_test_part_never_changes(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=200)
    run = workspace.runs.submit(
        parent.project_id, workspace.recipes.choose(parent.project_id, "majority", "quick")
    )
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(run.id, "looking")
    run_waiting(workspace.scope)
    parts = parts_of(workspace, parent)
    sealed = parts.index[parts == "test"].tolist()
    with pytest.raises(OpenedTestChanged):
        edited(workspace, parent, [Drop(rows=(sealed[0],))], include_test=True)
    child, _ = edited(workspace, parent, [Drop(rows=(parts.index[parts == "train"][0],))])
    view = workspace.splits.current(child.id)
    assert view is not None and view.openings == 1
    # what was seen stays remembered when child and parent are imported anew after their deletion
    with read(workspace.scope.engine) as connection:
        known = connection.scalar(select(func.count()).where(opened_rows.c.artifact == select(dataset_version.c.artifact).where(dataset_version.c.id == child.id).scalar_subquery()))  # fmt: skip
    assert known == 1


def test_the_same_edit_makes_one_version(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    first, _ = edited(workspace, parent, [Drop(rows=(1,))])
    second, result = edited(workspace, parent, [Drop(rows=(1,))])
    assert first.id == second.id
    assert result["existing"]


@pytest.mark.parametrize(
    ("edits", "problem"), [([Drop(rows=(999,))], NothingToEdit), ([Drop(rows=tuple(range(60)))], NothingLeft)]
)
def test_what_changes_nothing_or_leaves_nothing_is_refused(
    workspace: Workspace, imported: Importer, edits: list[Edit], problem: type[BentuError]
) -> None:
    parent = imported(rows=60)
    with pytest.raises(problem):
        edited(workspace, parent, edits)
    assert [v.id for v in workspace.datasets.list(parent.project_id)[0].versions] == [parent.id]


def test_added_rows_get_new_ids_and_never_enter_test(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=120)
    parts = divided(workspace, parent)
    frame = table(workspace, parent)
    sealed = frame[frame[ROW_ID].isin(parts.index[parts == "test"])].iloc[0]
    smaller, _ = edited(workspace, parent, [Drop(rows=(119,))], include_test=True)
    rows = [["a wholly new text number " + str(i), parent.schema.classes[i % 2]] for i in range(40)]
    rows += [[sealed["text"], sealed["label"]], ["no label at all", ""]]
    content = pd.DataFrame(rows, columns=["text", "label"]).to_csv(index=False).encode()
    upload = workspace.datasets.stage(content, "more.csv")
    child, result = edited(workspace, smaller, [Append(upload=upload.id)])
    assert result["rows_added"] == 42
    added = table(workspace, child).iloc[-42:]
    assert added[ROW_ID].tolist() == list(range(120, 162)), "row 119 of the parent is another row for ever"
    now = parts_of(workspace, child)
    assert now.loc[range(120, 160)].isin(["train", "validation"]).all()
    assert (now.loc[range(120, 160)] == "validation").any()
    assert now.loc[160] == now.loc[161] == "excluded"
    kept = now.loc[[i for i in range(119) if i in now.index]]
    assert kept.equals(parts.loc[kept.index])
    codes = {f.code for f in child.findings} | {f.code for f in workspace.splits.current(child.id).findings}  # type: ignore[union-attr]
    assert {"append_lacking", "added_beside_test"} <= codes


def test_other_roles_over_the_same_rows(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    roles = {c.name: c.role for c in parent.schema.columns}
    slices = [name for name, role in roles.items() if role == "slice"]
    child, result = edited(workspace, parent, [ChangeRoles(roles={**roles, slices[0]: "ignore"})])
    assert slices[0] not in child.schema.names("slice")
    assert result["rows_removed"] == result["rows_added"] == 0
    assert table(workspace, child).equals(table(workspace, parent))


def test_copies_of_a_finding_leave_one_row_each(workspace: Workspace, imported: Importer) -> None:
    text = "text,label\n" + "\n".join(
        [f"good {i},1" for i in range(30)]
        + [f"bad {i},0" for i in range(30)]
        + ["good 1,1", "good 1,1", "bad 2,0"]
    )
    parent = imported(content=text.encode(), roles={"text": "input", "label": "label"})
    child, result = edited(workspace, parent, [DedupeFound(code="duplicates")])
    assert result["rows_removed"] == 3
    assert table(workspace, child)["text"].is_unique


def test_a_finding_without_suggestions_is_refused_in_words(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    with pytest.raises(BentuError, match="not known"):
        edited(workspace, parent, [RelabelFound(code="nothing_of_this_name")])


def test_a_preview_counts_without_making_anything(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=120)
    parts = divided(workspace, parent)
    sealed = parts.index[parts == "test"].tolist()
    wanted = [Drop(rows=(*sealed[:1], *parts.index[parts == "train"][:4].tolist()))]
    assert workspace.datasets.edit_preview(parent.id, wanted) is None
    workspace.datasets.start_edit_preview(parent.id, wanted)
    run_waiting(workspace.scope)
    found = workspace.datasets.edit_preview(parent.id, wanted)
    assert found is not None
    assert (found["rows_removed"], found["test_rows_kept"], found["parts"]) == (4, 1, {"train": 4})
    assert sum(found["classes"].values()) == 4
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 1


STEPS = [
    (editing, "check_table"), (editing, "keep_table"), (editing, "insert_child"), (dividing, "insert_split"), (importing, "store_profile"),
]  # fmt: skip

MOMENTS = [(*STEPS[0], False), *((*step, True) for step in STEPS), (*STEPS[-1], False)]
"""After a step is before the next one; before the last one, all that is written at once has been."""


@pytest.mark.parametrize(
    ("module", "step", "done"),
    MOMENTS,
    ids=[f"{'after' if done else 'before'}-{name}" for _, name, done in MOMENTS],
)
def test_a_death_between_steps_leaves_nothing_half_made(
    workspace: Workspace,
    imported: Importer,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    step: str,
    done: bool,
) -> None:
    parent = imported(rows=80)
    divided(workspace, parent)
    whole = getattr(module, step)

    def dies(*given: Any, **named: Any) -> Any:
        if done:
            whole(*given, **named)
        raise MemoryError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        job = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2))])
        run_waiting(workspace.scope)
        assert workspace.jobs.get(job.id).state == "failed"
    versions = workspace.datasets.list(parent.project_id)[0].versions
    with read(workspace.scope.engine) as connection:
        assert set(connection.scalars(select(split.c.version_id))) == {v.id for v in versions}
    assert len(versions) == (2 if step == "store_profile" else 1)

    child, result = edited(workspace, parent, [Drop(rows=(1, 2))])
    assert result["rows_removed"] == 2
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 2
    assert workspace.datasets.profile(child.id) is not None


def test_runs_before_and_after_an_edit_are_compared_on_the_rows_that_are_the_same(
    workspace: Workspace, imported: Importer
) -> None:
    parent = imported(rows=300)
    recipe = workspace.recipes.choose(parent.project_id, "majority", "quick")
    before = workspace.runs.submit(parent.project_id, recipe)
    run_waiting(workspace.scope)
    parts = parts_of(workspace, parent)
    validation = parts.index[parts == "validation"].tolist()
    labels = workspace.datasets.rows(parent.id, limit=300)[0].set_index(ROW_ID)["label"]
    other = dict(zip(parent.schema.classes, reversed(parent.schema.classes), strict=True))
    child, _ = edited(
        workspace,
        parent,
        [Drop(rows=tuple(validation[:2])), Relabel(labels={validation[3]: other[labels[validation[3]]]})],
    )
    after = workspace.runs.submit(
        parent.project_id,
        recipe.model_copy(update={"data": child.id, "split": workspace.splits.current(child.id).spec}),  # type: ignore[union-attr]
    )
    run_waiting(workspace.scope)
    workspace.evaluations.start_comparison([before.id, after.id], "validation", "accuracy")
    run_waiting(workspace.scope)
    found = workspace.evaluations.comparison([before.id, after.id], "validation", "accuracy")
    assert found is not None
    assert (found[0].n, found[0].left_out) == (len(validation) - 3, 3)


def test_a_look_at_the_parents_test_part_counts_for_what_an_edit_left_of_it(
    workspace: Workspace, imported: Importer
) -> None:
    parent = imported(rows=200)
    parts = divided(workspace, parent)
    sealed = parts.index[parts == "test"].tolist()
    child, _ = edited(workspace, parent, [Drop(rows=(sealed[0],))], include_test=True)
    run = workspace.runs.submit(
        parent.project_id, workspace.recipes.choose(parent.project_id, "majority", "quick")
    )
    run_waiting(workspace.scope)
    assert workspace.splits.current(child.id).openings == 0  # type: ignore[union-attr]
    workspace.evaluations.open_test(run.id, "looking")
    run_waiting(workspace.scope)
    view = workspace.splits.current(child.id)
    assert view is not None
    assert (view.openings, view.spec.test_name != workspace.splits.current(parent.id).spec.test_name) == (
        1,
        True,
    )  # type: ignore[union-attr]
    with pytest.raises(OpenedTestChanged):
        edited(workspace, child, [Drop(rows=(sealed[1],))], include_test=True)


def test_another_label_column_makes_another_test_set(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    divided(workspace, parent)
    roles = {c.name: c.role for c in parent.schema.columns}
    slices = [name for name, role in roles.items() if role == "slice"]
    label = parent.schema.first("label")
    assert label is not None
    child, _ = edited(workspace, parent, [ChangeRoles(roles={**roles, slices[0]: "label", label: "ignore"})])
    now, former = workspace.splits.current(child.id), workspace.splits.current(parent.id)
    assert now is not None
    assert former is not None
    assert now.spec.test_name != former.spec.test_name
    assert parts_of(workspace, child).equals(parts_of(workspace, parent))


def test_what_was_asked_for_goes_with_a_deleted_version(workspace: Workspace, imported: Importer) -> None:
    parent = imported(rows=60)
    child, _ = edited(workspace, parent, [Drop(rows=(1,))])
    job = workspace.datasets.start_edit(child.id, [Relabel(labels={2: "a name of somebody"})])
    run_waiting(workspace.scope)
    grandchild = workspace.datasets.version(workspace.jobs.get(job.id).result["version_id"])  # type: ignore[index]
    workspace.differences.delete_version(grandchild.id)
    workspace.differences.delete_version(child.id)
    with read(workspace.scope.engine) as connection:
        specs = [str(spec) for spec in connection.scalars(select(jobs_table.c.spec))]
    assert specs
    assert not [spec for spec in specs if "somebody" in spec]
