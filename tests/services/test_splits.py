"""Splits as services keep them: near-duplicates looked for once, leaks guarded, folds, new test sets under new names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.edits import Append, Drop
from engine.data.findings import Found, finding
from engine.data.schema import ROW_ID
from engine.errors import BentuError
from engine.recipe import Recipe, Split
from engine.services import findings, near_groups, splits
from engine.services.inline import run_waiting
from engine.services.new_tests import NameOfTestMissing, NameOfTestTaken, NotDivided
from engine.services.scored import NotComparable
from engine.services.splits import SplitOpened
from engine.workspace import DatasetVersion, Run, SplitView, Workspace

Importer = Callable[..., DatasetVersion]

ROLES = {"text": "input", "label": "label", "region": "slice", "part": "split"}
WORDS = ("river", "stone", "market", "window", "garden", "winter", "silver", "engine", "paper", "morning", "bridge", "candle", "forest", "letter", "summer", "harbour")  # fmt: skip


def text(i: int) -> str:
    """A sentence of twelve words that no other number has."""
    return " ".join(
        WORDS[(i * 7 + k * (3 + i % 5) + i // 16 * k * k) % 16] + str(i * (k + 1) % 97) for k in range(12)
    )


def rows(n: int = 240, copies: int = 20) -> bytes:
    """Two classes; `copies` rows of dev repeat one of train but for a mark, and half as many to the letter."""
    lines = ["text,label,region,part"]
    for i in range(n):
        part = ("train", "train", "train", "dev", "test")[i % 5]
        said, label = text(i), "ab"[i // 5 % 2]
        if part == "dev" and i // 5 < copies:
            said = text(i - 3) if i // 5 % 2 else f"RT @someone: {text(i - 3)} !!"
        lines.append(f"{said},{label},{('north', 'south')[i % 2]},{part}")
    return "\n".join(lines).encode()


@pytest.fixture
def leaky(imported: Importer) -> DatasetVersion:
    return imported(content=rows(), roles=ROLES)


def divided(workspace: Workspace, version: DatasetVersion, spec: Split) -> SplitView:
    job = workspace.splits.start(version.id, spec)
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    view = workspace.splits.current(version.id)
    assert view is not None
    return view


def done(workspace: Workspace, job: Any) -> dict[str, Any]:
    run_waiting(workspace.scope)
    ended = workspace.jobs.get(job.id)
    if ended.problem:
        raise ended.problem
    assert ended.result is not None
    return dict(ended.result)


def trained(workspace: Workspace, version: DatasetVersion, split: Split, family: str = "majority") -> Run:
    recipe = workspace.recipes.choose(version.project_id, family, "quick")
    run = workspace.runs.submit(
        version.project_id, recipe.model_copy(update={"data": version.id, "split": split})
    )
    run_waiting(workspace.scope)
    return workspace.runs.get(run.id)


GIVEN = Split(kind="given", column="part")


def test_the_guard_finds_nearly_equal_texts_and_moves_nobody(
    workspace: Workspace, leaky: DatasetVersion
) -> None:
    view = divided(workspace, leaky, GIVEN)
    assert not view.near_known
    assert view.leaks["validation_in_train"] == 10
    parts = splits.assignment(workspace.scope, view.id)
    done(workspace, workspace.splits.start_guard(leaky.id))
    guarded = workspace.splits.get(view.id)
    assert guarded.near_known
    assert guarded.leaks["near_validation_in_train"] == 10
    assert guarded.leaks["validation_in_train"] == 10
    assert {f.code for f in guarded.findings} >= {"leak_near_validation_in_train", "leak_validation_in_train"}
    assert splits.assignment(workspace.scope, view.id).equals(parts)


def test_groups_are_looked_for_once(
    workspace: Workspace, leaky: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.data import near_duplicates

    calls = []
    real = near_duplicates.near_duplicate_groups
    monkeypatch.setattr(
        near_duplicates, "near_duplicate_groups", lambda *a, **k: (calls.append(1), real(*a, **k))[1]
    )
    assert not near_groups.looked(workspace.scope, leaky.id)
    for seed in range(3):
        view = divided(workspace, leaky, Split(near_duplicates=True, seed=seed))
        assert set(view.leaks.values()) == {0}
        assert view.near_known
    done(workspace, workspace.splits.start_guard(leaky.id))
    assert calls == [1]
    assert near_groups.looked(workspace.scope, leaky.id)
    assert near_groups.found_some(workspace.scope, leaky.id)
    fresh = workspace.recipes.reset(leaky.project_id)
    assert fresh is not None
    assert fresh.split.kind == "given", "what the data bring comes first"


def test_groups_of_the_deep_checks_are_taken_over(
    workspace: Workspace, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = imported(content=rows(), roles={k: v for k, v in ROLES.items() if v != "split"})
    ids = np.array([3, 8, 100, 200])
    said = finding("near_duplicates", "warning", "Nearly equal texts: {count}.", ids)
    findings.keep(workspace.scope, version.id, [Found(said, ids, np.array([0, 0, 1, 1]))], "deep")
    fresh = workspace.recipes.reset(version.project_id)
    assert fresh is not None
    assert fresh.split == Split(near_duplicates=True), "known ones stay together from the start"
    from engine.data import near_duplicates

    monkeypatch.setattr(near_duplicates, "near_duplicate_groups", None)
    view = divided(workspace, version, fresh.split)
    parts = splits.assignment(workspace.scope, view.id)
    assert parts[3] == parts[8]
    assert parts[100] == parts[200]


def test_every_row_may_be_in_a_group(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=rows(), roles={k: v for k, v in ROLES.items() if v != "split"})
    ids = np.arange(240)
    said = finding("near_duplicates", "warning", "Nearly equal texts: {count}.", ids)
    findings.keep(workspace.scope, version.id, [Found(said, ids, ids // 2)], "deep")
    known = near_groups.known_groups(workspace.scope, version.id, pd.DataFrame({ROW_ID: ids}))
    assert known is not None
    assert known.tolist() == (ids // 2).tolist()


def test_one_click_regroups_a_given_split(workspace: Workspace, leaky: DatasetVersion) -> None:
    before = divided(workspace, leaky, GIVEN)
    done(workspace, workspace.splits.start_guard(leaky.id))
    wanted = workspace.splits.regrouped(leaky.id)
    assert wanted == Split(kind="given", column="part", regroup=True, near_duplicates=True)
    after = divided(workspace, leaky, wanted)
    assert set(after.leaks.values()) == {0}
    moved = next(f for f in after.findings if f.code == "split_regrouped")
    old, new = (splits.assignment(workspace.scope, view.id) for view in (before, after))
    assert moved.count == int((old != new).sum()) > 0
    assert all(abs(after.counts[part] - before.counts[part]) <= 2 for part in ("train", "validation", "test"))


def test_an_opened_test_part_is_never_regrouped(workspace: Workspace, leaky: DatasetVersion) -> None:
    run = trained(workspace, leaky, GIVEN)
    workspace.evaluations.open_test(run.id, "a look")
    run_waiting(workspace.scope)
    wanted = workspace.splits.regrouped(leaky.id)
    assert wanted is not None
    with pytest.raises(SplitOpened):
        workspace.splits.start(leaky.id, wanted)
    done(workspace, workspace.splits.start_guard(leaky.id))  # looking is allowed


def test_what_the_leak_did_to_the_score(workspace: Workspace, leaky: DatasetVersion) -> None:
    run = trained(workspace, leaky, GIVEN, "tfidf_svm")
    assert run.state == "succeeded", run.error
    assert workspace.evaluations.leak_effect(run.id, "validation", "accuracy") is None
    done(workspace, workspace.evaluations.start_leak_effect(run.id, "validation", "accuracy"))
    exact = workspace.evaluations.leak_effect(run.id, "validation", "accuracy")
    assert exact is not None
    assert (exact.every.n, exact.clean.n) == (48, 38)
    assert exact.difference == pytest.approx(exact.every.value - exact.clean.value)
    assert exact.low <= exact.difference <= exact.high
    done(workspace, workspace.splits.start_guard(leaky.id))
    assert workspace.evaluations.leak_effect(run.id, "validation", "accuracy") is None, (
        "more is known to leak now"
    )
    done(workspace, workspace.evaluations.start_leak_effect(run.id, "validation", "accuracy"))
    near = workspace.evaluations.leak_effect(run.id, "validation", "accuracy")
    assert near is not None
    assert (near.every.n, near.clean.n) == (48, 28)
    with pytest.raises(BentuError) as caught:
        workspace.evaluations.start_leak_effect(run.id, "test", "accuracy")
    assert caught.value.code == "TEST_SEALED"


def test_all_folds_are_one_split_with_one_run_each(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
    recipe = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    recipe = recipe.model_copy(update={"split": Split(folds=3)})
    runs = workspace.runs.submit_folds(version.project_id, recipe, "Linear", "click")
    again = workspace.runs.submit_folds(version.project_id, recipe, "Linear", "click")
    assert [r.id for r in runs] == [r.id for r in again]
    assert [r.name for r in runs] == ["Linear · 1/3", "Linear · 2/3", "Linear · 3/3"]
    run_waiting(workspace.scope)
    ended = [workspace.runs.get(r.id) for r in runs]
    assert {r.state for r in ended} == {"succeeded"}, [r.error for r in ended]
    assert len({r.split_id for r in ended}) == 1
    scored = [
        set(workspace.evaluations.predictions(r.id, "validation", limit=1000)[0]["row_id"]) for r in ended
    ]
    assert not (scored[0] & scored[1] or scored[0] & scored[2] or scored[1] & scored[2])
    parts = splits.assignment(workspace.scope, str(ended[0].split_id))
    assert scored[0] | scored[1] | scored[2] == set(parts.index[parts != "test"])
    assert sum(map(len, scored)) == 216
    found = workspace.evaluations.fold_scores(ended[1].id, "accuracy")
    assert found is not None
    assert [one.run_id for one in found.scores] == [r.id for r in ended]
    values = [one.score.value for one in found.scores if one.score is not None]
    assert found.mean == pytest.approx(sum(values) / 3)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high
    with pytest.raises(NotComparable) as caught:
        workspace.evaluations.start_comparison([ended[0].id, ended[1].id], "validation", "accuracy")
    assert "different folds" in str(caught.value)
    plain = trained(workspace, version, Split())
    assert workspace.evaluations.fold_scores(plain.id, "accuracy") is None


def test_a_new_test_set_has_its_own_name_rows_and_count(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
    first = trained(workspace, version, Split())
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
    second = trained(workspace, version, draft.split)
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
    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
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
    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
    first = trained(workspace, version, Split())
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
    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
    first = trained(workspace, version, Split())
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


def test_a_recipe_with_folds_and_values_survives_its_yaml(
    workspace: Workspace, leaky: DatasetVersion
) -> None:
    recipe = workspace.recipes.choose(leaky.project_id, "majority", "quick")
    for split in (
        Split(folds=5, fold=2), Split(kind="slice", column="region", values=("north",)), Split(kind="given", column="part", mapping={"dev": "test"}),
    ):  # fmt: skip
        changed = recipe.model_copy(update={"split": split})
        again = workspace.recipes.read(workspace.recipes.yaml(changed))
        assert isinstance(again, Recipe)
        assert again.split == split


def test_a_child_version_inherits_the_folds(workspace: Workspace, imported: Importer) -> None:
    from engine.data.edits import Drop

    version = imported(content=rows(copies=0), roles={k: v for k, v in ROLES.items() if v != "split"})
    view = divided(workspace, version, Split(folds=3))
    folds = splits.fold_codes(workspace.scope, view.id)
    assert folds is not None
    gone = folds.index[folds == 1][:4].tolist()
    made = done(workspace, workspace.datasets.start_edit(version.id, [Drop(rows=tuple(gone))]))
    child = workspace.datasets.version(made["version_id"])
    inherited = workspace.splits.current(child.id)
    assert inherited is not None
    assert inherited.spec == Split(folds=3)
    again = splits.fold_codes(workspace.scope, inherited.id)
    assert again is not None
    assert again.equals(folds.drop(gone))
    run = trained(workspace, child, Split(folds=3, fold=1))
    assert run.state == "succeeded", run.error
    scored = workspace.evaluations.predictions(run.id, "validation", limit=1000)[0]["row_id"]
    assert set(scored) == set(folds.index[folds == 1]) - set(gone)
