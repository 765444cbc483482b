"""Accepted corrections become a child version: all of it or nothing, once, on the same sealed rows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from engine.errors import NotFound
from engine.i18n import render_error
from engine.recipe import Split
from engine.services import children, dividing, importing, splits, training
from engine.services.accepted import CorrectionsChanged, NoCorrections, NotDivided, NothingToChange
from engine.services.corrections import OtherDivision
from engine.services.inline import run_waiting
from engine.services.scope import Scope
from engine.services.scored import NotComparable, SealedTest
from engine.services.splits import SplitOpened
from engine.storage import artifacts
from engine.storage.database import read, write
from engine.storage.tables import dataset_version, demo, feedback, model_version, result, split
from engine.storage.tables import job as job_table
from engine.workspace import DatasetVersion, Workspace
from tests.shop import ROLES, ROWS, Shop, ended, import_rows

Importer = Callable[..., DatasetVersion]
ROOT = Path(__file__).parents[2]


def counts_of(ws: Workspace, version_id: str) -> Mapping[str, int]:
    view = ws.splits.current(version_id)
    assert view is not None
    return view.counts


def test_the_preview_says_what_each_correction_would_do(shop: Shop) -> None:
    items = {
        "new": shop.accept("the rider was kind", "praise"),
        "relabelled": shop.accept(shop.text_in("train"), "praise" if "bad" in shop.text_in("train") else "complaint"),
        "test": shop.accept(shop.text_in("test"), "praise"), "validation": shop.accept(shop.text_in("validation"), "praise"),
    }  # fmt: skip
    (basis,) = shop.ws.corrections.bases(shop.project)
    assert (basis.parent.id, basis.trained_on.id, basis.waiting, basis.demos) == (shop.version.id, shop.version.id, 4, ("Reviews",))  # fmt: skip
    assert basis.run_id == shop.run.id
    assert shop.ws.corrections.preview(shop.version.id) is None
    found = shop.preview()
    assert [(c.correction, c.outcome) for c in found.changes] == [
        (items["new"], "added"), (items["relabelled"], "relabelled"), (items["test"], "test"), (items["validation"], "validation"),
    ]  # fmt: skip
    assert found.rows == 101
    assert found.counts["added"] == 1
    shown, total = shop.ws.corrections.table(found, ("added", "relabelled"))
    assert total == 2
    assert shown["input"].tolist() == ["the rider was kind", shop.text_in("train")]
    assert shown["before"][0] == ""
    assert {shown["before"][1], shown["after"][1]} == {"praise", "complaint"}
    assert shop.ws.corrections.table(found, ("test", "validation"), offset=1)[0]["input"].tolist() == [shop.text_in("validation")]  # fmt: skip
    assert not any(shop.marked().values()), "a preview changes nothing"


def test_a_version_is_a_child_whose_sealed_rows_are_its_parents(shop: Shop) -> None:
    new = shop.accept("the rider was kind", "praise")
    text = shop.text_in("train")
    wrong = shop.accept(text, "praise" if "bad" in text else "complaint")
    sealed = shop.accept(shop.text_in("test"), "praise")
    child = shop.make()
    assert (child.parent_id, child.dataset_id, child.number, child.rows) == (shop.version.id, shop.version.dataset_id, 2, 101)  # fmt: skip
    assert child.schema == shop.version.schema
    assert child.source["parent"] == shop.version.id
    assert child.source["feedback"] == [new, wrong, sealed]
    assert shop.marked() == dict.fromkeys((new, wrong, sealed), child.id)
    assert shop.ws.datasets.profile(child.id) is not None

    before, after = shop.rows(shop.version), shop.rows(child)
    old, view = (shop.ws.splits.current(v.id) for v in (shop.version, child))
    assert old is not None
    assert view is not None
    parts = splits.assignment(shop.ws.scope, view.id)
    for part in ("validation", "test"):
        ids = parts.index[parts == part]
        pd.testing.assert_frame_equal(after.loc[ids], before.loc[ids])
        assert view.counts[part] == old.counts[part]
        assert view.class_counts[part] == old.class_counts[part]
    assert view.counts["train"] == old.counts["train"] + 1
    assert sum(view.class_counts["train"].values()) == view.counts["train"]
    assert view.spec == old.spec
    assert set(view.leaks.values()) == {0}
    assert [f.code for f in view.findings] == [f.code for f in old.findings]
    assert after.loc[100].to_dict() == {"text": "the rider was kind", "label": "praise", "region": ""}
    changed = (after.loc[before.index] != before).any(axis=1)
    assert after.loc[changed.index[changed], "text"].tolist() == [text]

    found = shop.ws.corrections.difference(child.id)
    assert found is not None
    assert (found.parent.id, found.child, found.counts["added"], found.counts["test"]) == (shop.version.id, child.id, 1, 1)  # fmt: skip
    assert shop.ws.corrections.difference(shop.version.id) is None
    raw = artifacts.read_bytes(child.source["changes"]).decode()
    assert "rider" not in raw, "the texts stand in the table only"


def test_the_record_of_a_version_can_be_read_after_its_feedback_was_deleted(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    shop.accept(shop.text_in("test"), "praise")
    child = shop.make()
    with write(shop.ws.scope.engine) as connection:
        connection.execute(feedback.delete())
    found = shop.ws.corrections.difference(child.id)
    assert found is not None
    assert shop.ws.corrections.table(found, ("added", "test"))[0]["input"].tolist() == [
        "the rider was kind",
        "",
    ]


def test_one_preview_makes_one_version(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    first = shop.ws.corrections.start(shop.version.id, key, idempotency="click")
    again = shop.ws.corrections.start(shop.version.id, key, idempotency="click")
    assert first.id == again.id
    other_tab = shop.ws.corrections.start(shop.version.id, key, idempotency="another tab")
    results = [ended(shop.ws, job).result or {} for job in (first, other_tab)]
    later = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result
    assert not results[0]["existing"]
    assert results[1] == later == {"version_id": results[0]["version_id"], "existing": True}
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 2
    with pytest.raises(NoCorrections):
        shop.ws.corrections.start_preview(shop.version.id)


STEPS = [
    (children, "check_table"), (children, "_stored"), (children, "insert_child"), (dividing, "insert_split"), (children, "_mark"),
    (importing, "store_profile"),
]  # fmt: skip

MOMENTS = [(*STEPS[0], False), *((*step, True) for step in STEPS), (*STEPS[-1], False)]
"""After a step is before the next one; before the last one, all that is written at once has been."""


@pytest.mark.parametrize(
    ("module", "step", "done"),
    MOMENTS,
    ids=[f"{'after' if done else 'before'}-{name}" for _, name, done in MOMENTS],
)
def test_a_death_between_steps_leaves_nothing_half_made(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, module: Any, step: str, done: bool
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    whole = getattr(module, step)

    def dies(*given: Any, **named: Any) -> Any:
        if done:
            whole(*given, **named)
        raise MemoryError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        job = shop.ws.corrections.start(shop.version.id, key)
        run_waiting(shop.ws.scope)
        assert shop.ws.jobs.get(job.id).state == "failed"
    versions = shop.ws.datasets.list(shop.project)[0].versions
    with read(shop.ws.scope.engine) as connection:
        divided = set(connection.scalars(select(split.c.version_id)))
    made = {v.id for v in versions if v.parent_id}
    assert set(filter(None, shop.marked().values())) == made
    assert divided == {v.id for v in versions}
    assert len(made) == (1 if step == "store_profile" else 0)

    child = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result or {}
    assert shop.marked() == {item: child["version_id"]}
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 2
    assert shop.ws.datasets.profile(child["version_id"]) is not None
    assert splits.facts(shop.ws.scope, child["version_id"]).rows == 81


KILLED = """
import os, signal, sys
from engine.services import children, importing
from engine.services.inline import run_job_here
from engine.workspace import open_workspace
module = {"children": children, "importing": importing}[sys.argv[2]]
whole = getattr(module, sys.argv[3])
def dies(*given, **named):
    whole(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, sys.argv[3], dies)
run_job_here(open_workspace().scope, sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "step", "there"), [("children", "_mark", 0), ("importing", "store_profile", 1)]
)
def test_a_killed_process_leaves_all_of_a_version_or_nothing(
    shop: Shop, module: str, step: str, there: int
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    job = shop.ws.corrections.start(shop.version.id, key)
    with write(shop.ws.scope.engine) as connection:
        connection.execute(update(job_table).where(job_table.c.id == job.id).values(executor="inline"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, job.id, module, step], cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    made = [v for v in shop.ws.datasets.list(shop.project)[0].versions if v.parent_id]
    assert len(made) == there
    assert list(shop.marked().values()) == ([made[0].id] if there else [None])
    for version in made:
        view = shop.ws.splits.current(version.id)
        assert view is not None
        assert view.counts["train"] == 81

    result = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result or {}
    assert shop.marked() == {item: result["version_id"]}
    assert result["existing"] == bool(there)
    assert shop.ws.datasets.profile(result["version_id"]) is not None


def test_what_was_decided_since_the_preview_is_not_taken_unseen(shop: Shop) -> None:
    first, second = shop.accept("the rider was kind", "praise"), shop.accept("cold soup", "complaint")
    key = shop.preview().key
    late = shop.ws.corrections.start(shop.version.id, key)
    shop.change(second, label="praise")
    run_waiting(shop.ws.scope)
    problem = shop.ws.jobs.get(late.id).problem
    assert isinstance(problem, CorrectionsChanged)
    with pytest.raises(CorrectionsChanged):
        shop.ws.corrections.start(shop.version.id, key)
    assert not any(shop.marked().values())
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 1
    shop.change(first, state="rejected", label=None)
    child = shop.make()
    assert shop.rows(child).loc[100, "label"] == "praise"
    assert shop.marked() == {first: None, second: child.id}
    assert render_error(problem, "zh_CN") != render_error(problem, "en")


def test_a_change_between_reading_and_marking_undoes_everything(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    whole = children._stored

    def meanwhile(child: Any) -> Any:
        shop.change(item, label="complaint")
        return whole(child)

    monkeypatch.setattr(children, "_stored", meanwhile)
    job = shop.ws.corrections.start(shop.version.id, key)
    run_waiting(shop.ws.scope)
    assert isinstance(shop.ws.jobs.get(job.id).problem, CorrectionsChanged)
    assert shop.marked() == {item: None}
    assert [v.number for v in shop.ws.datasets.list(shop.project)[0].versions] == [1]


def test_nothing_to_change_is_said_instead_of_an_empty_version(shop: Shop) -> None:
    with pytest.raises(NoCorrections):
        shop.ws.corrections.start_preview(shop.version.id)
    text = shop.text_in("train")
    shop.accept(text, "complaint" if "bad" in text else "praise")
    shop.accept(shop.text_in("test"), "praise")
    found = shop.preview()
    assert found.empty
    with pytest.raises(NothingToChange) as caught:
        shop.ws.corrections.start(shop.version.id, found.key)
    assert "2 accepted corrections" in str(caught.value)
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 1


def test_a_version_that_was_never_divided_is_not_guessed_about(
    workspace: Workspace, imported: Importer, shop: Shop
) -> None:
    shop.accept("x", "praise")
    other = imported(
        project=shop.project, name="other", content=ROWS.replace("food", "meal").encode(), roles=ROLES
    )
    with pytest.raises(NoCorrections):
        workspace.corrections.start_preview(other.id)
    with write(workspace.scope.engine) as connection:
        connection.execute(
            update(dataset_version).where(dataset_version.c.id == other.id).values(parent_id=shop.version.id)
        )
    with pytest.raises(NotDivided):
        workspace.corrections.start_preview(other.id)


def test_versions_form_a_line_and_the_newest_is_the_next_parent(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    first = shop.make()
    (basis,) = shop.ws.corrections.bases(shop.project)
    assert (basis.parent.id, basis.trained_on.id, basis.waiting) == (first.id, shop.version.id, 0)
    again = shop.accept(" the rider  was kind", "complaint")
    second = shop.make(first)
    assert (second.parent_id, second.number) == (first.id, 3)
    found = shop.ws.corrections.difference(second.id)
    assert found is not None
    assert [(c.correction, c.outcome, c.rows) for c in found.changes] == [(again, "relabelled", (100,))]
    view = shop.ws.splits.current(second.id)
    assert view is not None
    assert view.spec == shop.run.recipe.split


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


def test_data_with_two_inputs_and_a_division_of_their_own(workspace: Workspace, imported: Importer) -> None:
    rows = "title,body,label,part,day\n" + "".join(
        f"{'good' if i % 2 else 'bad'} {i},about {i},{'yes' if i % 2 else 'no'},{('train', 'train', 'train', 'dev', 'test', 'other')[i % 6]},2026\n"
        for i in range(120)
    )
    roles = {"title": "input", "body": "input", "label": "label", "part": "split", "day": "time"}
    version = imported(content=rows.encode(), roles=roles)
    shop = Shop.open(workspace, version)
    assert shop.run.recipe.split == Split(kind="given", column="part")
    shop.accept("", "no", title="very  kind", body="谢谢 🙂")
    shop.accept("", "yes", title="good 1", body="about 1")
    shop.accept("", "no", title="good 1", body="about 1 and more")
    relabelled = shop.accept("", "no", title="good 1", body="about 1")
    shop.accept("", "no", title="bad 4", body="about 4")
    child = shop.make()
    after = shop.rows(child)
    assert after.loc[120].to_dict() == {
        "title": "very  kind",
        "body": "谢谢 🙂",
        "label": "no",
        "part": "train",
        "day": "",
    }
    assert after.loc[1, "label"] == "no"
    assert child.rows == 122
    old, view = workspace.splits.current(version.id), workspace.splits.current(child.id)
    assert old is not None
    assert view is not None
    assert view.counts == {**old.counts, "train": old.counts["train"] + 2}
    assert {f.code for f in view.findings} == {f.code for f in old.findings}
    found = workspace.corrections.difference(child.id)
    assert found is not None
    assert [c.outcome for c in found.changes] == ["added", "overruled", "added", "relabelled", "test"]
    shown, _ = workspace.corrections.table(found, ("relabelled", "overruled"))
    assert shown["input"].tolist() == ["good 1 about 1"] * 2
    assert found.changes[3].correction == relabelled
    recipe = workspace.recipes.update(shop.project, data=child.id)
    assert recipe.split == shop.run.recipe.split
    new = shop.finished(workspace.corrections.retrain(shop.run.id, child.id))
    assert new.split_id == view.id


def test_a_draft_on_a_child_keeps_the_division_that_it_inherits(
    workspace: Workspace, imported: Importer
) -> None:
    shop = Shop.open(workspace, imported(content=ROWS.encode(), roles=ROLES), split=Split(train=0.6, validation=0.2, test=0.2, seed=9))  # fmt: skip
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    assert workspace.recipes.update(shop.project, data=child.id).split == shop.run.recipe.split


def test_corrections_of_other_data_and_other_demos_are_told_apart(
    workspace: Workspace, imported: Importer, shop: Shop
) -> None:
    other = Shop.open(workspace, imported(project=shop.project, name="other", content=ROWS.replace("food", "meal").encode(), roles=ROLES))  # fmt: skip
    second = shop.serve(shop.run, "Second door")
    shop.accept("one", "praise")
    shop.accept("two", "praise", demo_id=second)
    other.accept("three", "praise")
    bases = {b.parent.id: b for b in workspace.corrections.bases(shop.project)}
    assert {i: b.waiting for i, b in bases.items()} == {shop.version.id: 2, other.version.id: 1}
    assert set(bases[shop.version.id].demos) == {"Reviews", "Second door"}
    assert shop.preview(demo_id=second).counts["added"] == 1
    assert shop.preview().counts["added"] == 2
    made = ended(
        workspace, workspace.corrections.start(shop.version.id, shop.preview(demo_id=second).key, second)
    ).result
    assert made
    assert sorted(filter(None, shop.marked().values())) == [made["version_id"]]


def test_nothing_of_another_owner_is_touched(shop: Shop) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    stranger = Workspace(Scope("somebody else", shop.ws.scope.engine))
    for ask in (
        lambda: stranger.corrections.bases(shop.project), lambda: stranger.corrections.preview(shop.version.id),
        lambda: stranger.corrections.start_preview(shop.version.id), lambda: stranger.corrections.start(shop.version.id, key),
        lambda: stranger.corrections.difference(shop.version.id),
        lambda: stranger.corrections.retrain(shop.run.id, shop.version.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    assert shop.marked() == {item: None}


def test_a_line_of_versions_goes_with_its_dataset(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    shop.accept("cold soup", "complaint")
    shop.preview(child)
    with write(shop.ws.scope.engine) as connection:
        for table in (feedback, model_version, demo):
            connection.execute(table.delete())
    shop.ws.runs.delete(shop.run.id)
    shop.ws.datasets.delete(child.dataset_id)
    assert shop.ws.datasets.list(shop.project) == []
    with read(shop.ws.scope.engine) as connection:
        assert not connection.execute(select(result).where(result.c.kind == "corrections")).all()
