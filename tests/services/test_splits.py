"""Splits as services keep them: near-duplicates looked for once, leaks guarded and mended, folds that are one split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from engine.data.edits import Drop
from engine.data.findings import Found, finding
from engine.data.schema import ROW_ID
from engine.errors import BentuError
from engine.recipe import Recipe, Split
from engine.services import findings, near_groups, splits
from engine.services.inline import run_waiting
from engine.services.scored import NotComparable
from engine.services.splits import SplitOpened
from engine.workspace import DatasetVersion, Workspace
from tests.services.leaky_rows import ROLES, UNDIVIDED, divided, rows
from tests.services.running import done, trained

Importer = Callable[..., DatasetVersion]


@pytest.fixture
def leaky(imported: Importer) -> DatasetVersion:
    return imported(content=rows(), roles=ROLES)


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
    version = imported(content=rows(), roles=UNDIVIDED)
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
    version = imported(content=rows(), roles=UNDIVIDED)
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
    run = trained(workspace, leaky, split=GIVEN)
    workspace.evaluations.open_test(run.id, "a look")
    run_waiting(workspace.scope)
    wanted = workspace.splits.regrouped(leaky.id)
    assert wanted is not None
    with pytest.raises(SplitOpened):
        workspace.splits.start(leaky.id, wanted)
    done(workspace, workspace.splits.start_guard(leaky.id))  # looking is allowed


def test_what_the_leak_did_to_the_score(workspace: Workspace, leaky: DatasetVersion) -> None:
    run = trained(workspace, leaky, "tfidf_svm", split=GIVEN)
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
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
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
    plain = trained(workspace, version, split=Split())
    assert workspace.evaluations.fold_scores(plain.id, "accuracy") is None


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
    version = imported(content=rows(copies=0), roles=UNDIVIDED)
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
    run = trained(workspace, child, split=Split(folds=3, fold=1))
    assert run.state == "succeeded", run.error
    scored = workspace.evaluations.predictions(run.id, "validation", limit=1000)[0]["row_id"]
    assert set(scored) == set(folds.index[folds == 1]) - set(gone)
