"""New test sets under new names: rows that nobody has seen come first, and what was seen is never called fresh."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.data.edits import Append, Drop
from engine.recipe import Split
from engine.services import splits
from engine.services.inline import run_waiting
from engine.services.new_tests import NameOfTestMissing, NameOfTestTaken, NotDivided
from engine.services.splits import SplitOpened
from engine.workspace import DatasetVersion, Workspace
from tests.services.leaky_rows import UNDIVIDED, divided, rows, text
from tests.services.running import done, trained

Importer = Callable[..., DatasetVersion]


def test_a_new_test_set_has_its_own_name_rows_and_count(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
    first = trained(workspace, version, split=Split())
    workspace.evaluations.open_test(first.id, "a look")
    run_waiting(workspace.scope)
    old = splits.assignment(workspace.scope, str(first.split_id))
    assert workspace.splits.test_names(version.id) == ["test 1"]

    for name, error in (
        ("test 1", NameOfTestTaken),
        ("  ", NameOfTestMissing),
        ("x" * 81, NameOfTestMissing),
    ):
        with pytest.raises(error):
            workspace.splits.start_new_test(version.id, name, 20)
    made = done(workspace, workspace.splits.start_new_test(version.id, "spring", 20))
    assert (made["fresh"], made["used"], made["left_out"]) == (0, 20, 24)
    view = workspace.splits.current(version.id)
    assert view is not None
    assert (view.spec.test_name, view.openings, view.opened_in_lineage, view.frozen) == ("spring", 0, 1, True)
    new = splits.assignment(workspace.scope, view.id)
    assert set(new[old == "test"]) == {"excluded"}
    assert (new == "test").sum() == 20
    assert set(old[new == "test"]) == {"train"}
    assert new[old == "validation"].eq("validation").all()
    said = next(f for f in view.findings if f.code == "split_new_test")
    assert said.severity == "warning"
    assert said.params == {"name": "spring", "fresh": 0, "used": 20, "left_out": 24}
    assert workspace.splits.test_names(version.id) == ["test 1", "spring"]

    draft = workspace.recipes.draft(version.project_id)
    assert draft is not None
    assert draft.split.test_name == "spring"
    second = trained(workspace, version, split=draft.split)
    assert (second.split_id, second.openings, second.test_name) == (view.id, 0, "spring")
    workspace.evaluations.open_test(second.id, "the new one")
    run_waiting(workspace.scope)
    result = workspace.evaluations.get(second.id, "test")
    assert result is not None
    assert result.result.n == 20
    assert workspace.runs.get(second.id).openings == 1
    assert workspace.runs.get(first.id).openings == 1, "the record of the old one stays as it was"
    assert [o.test_name for o in workspace.evaluations.openings(view.id)] == ["test 1", "spring"]
    assert "spring" in workspace.evaluations.report(second.id, "test", "html", "en").decode()
    with pytest.raises(SplitOpened):
        workspace.splits.start(version.id, Split(seed=3))


def test_rows_that_no_run_knows_come_first(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
    with pytest.raises(NotDivided):
        workspace.splits.start_new_test(version.id, "spring", 20)
    divided(workspace, version, Split())
    made = done(workspace, workspace.splits.start_new_test(version.id, "spring", 30))
    assert (made["used"], made["left_out"]) == (0, 0)
    assert made["fresh"] == pytest.approx(30, abs=2)
    view = workspace.splits.current(version.id)
    assert view is not None
    assert not view.frozen
    assert view.counts["excluded"] == 0


def test_rows_of_an_unopened_test_set_in_a_new_one_are_said_and_a_look_at_either_counts_for_both(
    workspace: Workspace, imported: Importer
) -> None:
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
    first = trained(workspace, version, split=Split())
    old = splits.assignment(workspace.scope, str(first.split_id))
    made = done(workspace, workspace.splits.start_new_test(version.id, "spring", 40))
    view = workspace.splits.current(version.id)
    assert view is not None
    new = splits.assignment(workspace.scope, view.id)
    both = new.index[(new == "test") & (old == "test")]
    assert len(both) > 0
    assert made["shared"] == len(both)
    said = next(f for f in view.findings if f.code == "split_test_shared")
    assert (said.count, set(said.rows), said.params["others"]) == (len(both), set(both), ["“test 1”"])
    assert view.openings == 0
    workspace.evaluations.open_test(first.id, "a look at the former one")
    run_waiting(workspace.scope)
    view = workspace.splits.current(version.id)
    assert view is not None
    assert view.openings == 1, "its rows were seen, under whatever name"
    done(workspace, workspace.splits.start_new_test(version.id, "summer", 20))
    latest = workspace.splits.current(version.id)
    assert latest is not None
    assert latest.openings == 0
    third = splits.assignment(workspace.scope, latest.id)
    assert not ((third == "test") & (old == "test")).any()
    of_spring = set(third.index[(third == "test") & (new == "test")])
    codes = {f.code: f for f in latest.findings}
    assert ("split_test_shared" in codes) == bool(of_spring)


def test_a_row_that_was_seen_dropped_and_added_again_is_not_fresh(
    workspace: Workspace, imported: Importer
) -> None:
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
    first = trained(workspace, version, split=Split())
    workspace.evaluations.open_test(first.id, "a look")
    run_waiting(workspace.scope)
    done(workspace, workspace.splits.start_new_test(version.id, "spring", 20))
    old = splits.assignment(workspace.scope, str(first.split_id))
    view = workspace.splits.current(version.id)
    assert view is not None
    new = splits.assignment(workspace.scope, view.id)
    seen = old.index[old == "test"].tolist()[:6]
    learnt = old.index[(old == "train") & (new == "train")].tolist()[:6]
    dropped = done(workspace, workspace.datasets.start_edit(version.id, [Drop(rows=(*seen, *learnt))]))
    again = "\n".join(
        ["text,label,region,part", *[f"{text(i)},{'ab'[i // 5 % 2]},north,train" for i in (*seen, *learnt)]]
    )
    upload = workspace.datasets.stage(again.encode(), "again.csv")
    back = done(workspace, workspace.datasets.start_edit(dropped["version_id"], [Append(upload=upload.id)]))
    child = workspace.datasets.version(back["version_id"])
    inherited = workspace.splits.current(child.id)
    assert inherited is not None
    parts = splits.assignment(workspace.scope, inherited.id)
    assert (parts.loc[240:245] == "excluded").all(), (
        "rows that somebody has seen as test rows are no training rows"
    )
    assert parts.loc[246:251].isin(["train", "validation"]).all()
    assert any(f.code == "added_beside_test" and f.count == 6 for f in inherited.findings)
    made = done(workspace, workspace.splits.start_new_test(child.id, "summer", 30))
    assert made["fresh"] == 0, "every row was learnt from, chosen on or seen, whatever id it has now"
