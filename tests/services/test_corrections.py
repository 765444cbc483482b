"""Accepted corrections become a child version: what each of them does, and that its sealed rows are its parent's."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from sqlalchemy import select, update

from engine.errors import NotFound
from engine.recipe import Split
from engine.services import splits
from engine.services.accepted import NoCorrections, NotDivided, NothingToChange
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read, write
from engine.storage.tables import dataset_version, demo, feedback, model_version, result
from engine.workspace import DatasetVersion, Workspace
from tests.shop import ROLES, ROWS, Shop, ended

Importer = Callable[..., DatasetVersion]


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
