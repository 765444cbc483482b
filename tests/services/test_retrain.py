"""A run trained again on the version with the corrections: compared on the same sealed rows, whose openings count once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from engine.recipe import Split
from engine.services import dividing, splits, training
from engine.services.corrections import OtherDivision
from engine.services.inline import run_waiting
from engine.services.scored import NotComparable, SealedTest
from engine.services.splits import SplitOpened
from engine.storage.database import write
from engine.storage.tables import split
from engine.workspace import Workspace
from tests.shop import ROLES, ROWS, Shop, ended, import_rows


def counts_of(ws: Workspace, version_id: str) -> Mapping[str, int]:
    view = ws.splits.current(version_id)
    assert view is not None
    return view.counts


def test_a_retrain_is_the_same_recipe_on_the_child(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    run = shop.ws.corrections.retrain(shop.run.id, child.id, "once")
    assert shop.ws.corrections.retrain(shop.run.id, child.id, "once").id == run.id
    run = shop.finished(run)
    assert run.cloned_from == shop.run.id
    assert run.recipe == shop.run.recipe.model_copy(update={"data": child.id})
    assert (run.version_id, run.name) == (child.id, "SVM · v2")
    view = shop.ws.splits.current(child.id)
    assert view is not None
    assert run.split_id == view.id != shop.run.split_id
    assert run.drawn_id == shop.run.split_id == shop.run.drawn_id
    assert shop.ws.corrections.retrain(run.id, child.id).name == "SVM · v2"


def test_relabelling_while_a_retrain_runs_enters_the_next_version(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 54."""
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    frozen = shop.rows(child)
    run = shop.ws.corrections.retrain(shop.run.id, child.id)
    whole, seen = training.fit_run, []

    def meanwhile(recipe: Any, data: Any, line: Any) -> Any:
        shop.accept("the rider was kind", "complaint")
        seen.extend(zip(data.train_inputs, (data.classes[i] for i in data.train_labels), strict=True))
        return whole(recipe, data, line)

    monkeypatch.setattr(training, "fit_run", meanwhile)
    shop.finished(run)
    assert ("the rider was kind", "praise") in seen
    assert ("the rider was kind", "complaint") not in seen
    pd.testing.assert_frame_equal(shop.rows(child), frozen)
    following = shop.make(child)
    assert shop.rows(following).loc[100, "label"] == "complaint"
    pd.testing.assert_frame_equal(shop.rows(child), frozen)


def test_old_and_new_are_compared_on_the_same_sealed_rows(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    ids = [shop.run.id, new.id]
    ended(shop.ws, shop.ws.evaluations.start_comparison(ids, "validation", "macro_f1"))
    found = shop.ws.evaluations.comparison(ids, "validation", "macro_f1")
    assert found is not None
    assert found[0].n == counts_of(shop.ws, child.id)["validation"]

    shop.ws.evaluations.open_test(shop.run.id, "before it is shared")
    run_waiting(shop.ws.scope)
    with pytest.raises(SealedTest):
        shop.ws.evaluations.start_comparison(ids, "test", "macro_f1")
    shop.ws.evaluations.open_test(new.id, "old against new")
    run_waiting(shop.ws.scope)
    ended(shop.ws, shop.ws.evaluations.start_comparison(ids, "test", "macro_f1"))
    found = shop.ws.evaluations.comparison(ids, "test", "macro_f1")
    assert found is not None
    assert found[0].n == counts_of(shop.ws, shop.version.id)["test"]


def test_splits_that_were_drawn_apart_stay_incomparable(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    apart = shop.run.recipe.model_copy(update={"data": child.id, "split": Split(seed=7)})
    other = shop.finished(shop.ws.runs.submit(shop.project, apart))
    with pytest.raises(NotComparable):
        shop.ws.evaluations.start_comparison([shop.run.id, other.id], "validation", "macro_f1")
    with pytest.raises(OtherDivision):
        shop.ws.corrections.retrain(other.id, shop.version.id)
    # the division that it inherits is found again
    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    assert new.drawn_id == shop.run.drawn_id


def test_rows_that_do_not_match_are_never_compared(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    with write(shop.ws.scope.engine) as connection:
        # as if somebody had tampered with the lineage: a division of other rows is said to be inherited
        row = connection.execute(select(split).where(split.c.version_id == child.id)).one()
        parts = splits.assignment(shop.ws.scope, row.id)
        parts[parts.index[parts == "validation"][0]] = "train"
        connection.execute(
            update(split).where(split.c.id == row.id).values(artifact=dividing.keep_assignment(parts))
        )
    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    job = shop.ws.evaluations.start_comparison([shop.run.id, new.id], "validation", "macro_f1")
    run_waiting(shop.ws.scope)
    problem = shop.ws.jobs.get(job.id).problem
    assert isinstance(problem, NotComparable)
    assert "different rows" in json.dumps(problem.params)


def test_openings_count_over_the_lineage_and_freeze_all_of_it(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    shop.ws.evaluations.open_test(shop.run.id, "before it is shared")
    run_waiting(shop.ws.scope)
    view = shop.ws.splits.current(child.id)
    assert view is not None
    assert view.openings == 1
    assert [o.reason for o in shop.ws.evaluations.openings(view.id)] == ["before it is shared"]
    for version in (child, shop.version):
        with pytest.raises(SplitOpened):
            shop.ws.splits.start(version.id, Split(seed=5))
    redrawn = shop.run.recipe.model_copy(update={"data": child.id, "split": Split(seed=5)})
    with pytest.raises(SplitOpened):
        shop.ws.runs.submit(shop.project, redrawn)

    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    assert (new.openings, new.test_opened) == (1, False)
    shop.ws.evaluations.open_test(new.id, "old against new")
    for run in (shop.run, new):
        assert shop.ws.runs.get(run.id).openings == 2
    shop.accept("cold soup", "complaint")
    assert counts_of(shop.ws, shop.make(child).id)["train"] == counts_of(shop.ws, child.id)["train"] + 1


def test_a_look_at_the_child_is_remembered_for_the_file_of_its_parent(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    shop.ws.evaluations.open_test(new.id, "old against new")
    run_waiting(shop.ws.scope)
    assert shop.ws.runs.get(shop.run.id).openings == 1, "one opening of two tables counts once"
    shop.ws.projects.delete(shop.project)
    version = import_rows(shop.ws, shop.ws.projects.create("again").id, ROWS, ROLES)
    recipe = shop.ws.recipes.choose(version.project_id, "majority", "quick")
    run = shop.finished(
        shop.ws.runs.submit(version.project_id, recipe.model_copy(update={"data": version.id}))
    )
    assert (run.openings, run.openings_elsewhere) == (1, 1)
    assert [(o.version, o.reason) for o in shop.ws.evaluations.openings(str(run.split_id))] == [
        (None, "old against new")
    ]


def test_looking_at_the_child_freezes_the_parent(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    new = shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))
    shop.ws.evaluations.open_test(new.id, "first look")
    with pytest.raises(SplitOpened):
        shop.ws.splits.start(shop.version.id, Split(seed=5))
    assert shop.ws.runs.get(shop.run.id).openings == 1
