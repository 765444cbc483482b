"""The dial learns of the train part only: nothing about validation or the sealed test rows reaches it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from engine.recipe import Split
from engine.services import splits, stored_versions
from engine.services.inline import run_waiting
from engine.storage.database import write
from engine.storage.tables import result
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


def given(train: int, test: int, test_text: str) -> bytes:
    """A table that brings its split: short train and validation texts, and test texts as asked."""
    rows = [f"short text {i % 7},{'ab'[i % 2]},train" for i in range(train)]
    rows += [f"brief text {i % 5},{'ab'[i % 2]},validation" for i in range(20)]
    rows += [f"{test_text} {i},{'abc'[i % 3]},test" for i in range(test)]
    return "\n".join(["text,label,part", *rows]).encode()


ROLES = {"text": "input", "label": "label", "part": "split"}


def test_sealed_rows_of_a_split_that_the_data_bring_tell_the_dial_nothing(
    workspace: Workspace, imported: Importer
) -> None:
    """Whatever the test rows hold, facts and dial are the same, before the split is made and after."""
    found = []
    for content in (given(200, 5, "x"), given(200, 90, "测试" * 500)):
        version = imported(content=content, roles=ROLES)
        before = splits.facts(workspace.scope, version.id)
        recipe = workspace.recipes.choose(version.project_id, "case_network", "balanced")
        workspace.splits.start(version.id, recipe.split)
        run_waiting(workspace.scope)
        assert splits.facts(workspace.scope, version.id) == before
        found.append((before, recipe.family.params, before.extra["scripts"]))
    (first, params, scripts), (other, other_params, other_scripts) = found
    assert (first.rows, first.smallest_class, first.size_p95) == (200, 100, len("short text 0"))
    # the class that only test rows have is part of the schema
    assert (other.rows, other.smallest_class, other.size_p95) == (200, 100, len("short text 0"))
    assert params == other_params
    assert scripts == other_scripts


def test_facts_are_measured_on_the_rows_that_train(workspace: Workspace, imported: Importer) -> None:
    version = imported(rows=300)
    first = splits.facts(workspace.scope, version.id)
    assert first.rows == 240, "before it is divided: the train part of the split that it starts with"
    spec = Split(train=0.3, validation=0.1, test=0.6, seed=4)
    workspace.splits.start(version.id, spec)
    run_waiting(workspace.scope)
    view = workspace.splits.current(version.id)
    assert view is not None
    frame, _ = stored_versions.load_table(workspace.scope, version.id)
    parts = splits.assignment(workspace.scope, view.id).reindex(frame["row_id"]).to_numpy()
    lengths = frame["text"][parts == "train"].str.len()
    facts = splits.facts(workspace.scope, version.id)
    assert facts.rows == view.counts["train"] == len(lengths)
    assert facts.smallest_class == min(view.class_counts["train"].values())
    assert facts.size_median == lengths.quantile(0.5, interpolation="nearest")
    assert facts.extra["languages_rows"] == len(lengths)


def test_what_the_dial_had_set_follows_the_split(workspace: Workspace, imported: Importer) -> None:
    rows = "\n".join(f"text number {i},{'ab'[i % 2]}" for i in range(5200))
    version = imported(content=f"text,label\n{rows}".encode(), roles={"text": "input", "label": "label"})
    project = version.project_id
    workspace.recipes.choose(project, "case_network", "thorough")
    workspace.recipes.set_param(project, "epochs", 33)
    before = workspace.recipes.defaults(project, "case_network", "thorough")
    spec = Split(train=0.2, validation=0.2, test=0.6)
    workspace.recipes.update(project, split=spec)
    workspace.splits.start(version.id, spec)
    run_waiting(workspace.scope)
    draft = workspace.recipes.draft(project)
    after = workspace.recipes.defaults(project, "case_network", "thorough")
    assert draft is not None
    assert (before["batch_size"], after["batch_size"]) == (128, 32), (
        "fewer rows train, so batches are smaller"
    )
    assert draft.family.params == {**after, "epochs": 33}, "what a person set by hand stays"


def test_data_that_cannot_be_divided_have_facts_too(workspace: Workspace, imported: Importer) -> None:
    rows = "".join(f"text number {i},same\n" for i in range(30))
    version = imported(content=f"text,label\n{rows}".encode(), roles={"text": "input", "label": "label"})
    assert splits.facts(workspace.scope, version.id).rows == 30


@pytest.mark.parametrize("divided", [False, True])
def test_facts_that_were_not_kept_are_measured_once(
    workspace: Workspace, imported: Importer, divided: bool
) -> None:
    version = imported(rows=200)
    if divided:
        workspace.splits.start(version.id, Split(seed=2))
        run_waiting(workspace.scope)
    kept = splits.facts(workspace.scope, version.id)
    with write(workspace.scope.engine) as connection:
        connection.execute(result.delete().where(result.c.kind == "facts"))
    assert splits.facts(workspace.scope, version.id) == kept
    began = time.perf_counter()
    assert splits.facts(workspace.scope, version.id) == kept
    assert time.perf_counter() - began < 0.15
