"""A second modality is a few registry entries: the whole loop runs on the toy beside this file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from engine.data.readers import ReadOptions
from engine.modality import modalities
from engine.models.family import families
from engine.prepare.steps import steps
from engine.recipe import Part, Recipe, Step
from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.shop import Shop, serve

TASK = "tabular-classification"
TOY = "tests.contracts.toy_modality"


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy in this process and, by BENTU_PLUGINS, in the clean process that checks parity."""
    monkeypatch.setenv("BENTU_PLUGINS", TOY)
    importlib.import_module(TOY)
    assert TASK in modalities
    yield
    modalities.unregister(TASK)
    families.unregister("toy_nearest_centre")
    steps.unregister("toy_rounding")
    del sys.modules[TOY]


def test_the_whole_loop_runs_on_a_second_modality(toy: None, workspace: Workspace) -> None:
    random = np.random.default_rng(0)
    rows = ["x,y,kind,place"]
    for i in range(200):
        kind = i % 2
        x, y = random.normal(3 * kind, 0.6, 2)
        rows.append(f"{x:.4f},{y:.4f},{'far' if kind else 'near'},{'north' if i % 3 else 'south'}")
    project = workspace.projects.create("Points")
    upload = workspace.datasets.stage("\n".join(rows).encode(), "points.csv")
    roles = {"x": "input", "y": "input", "kind": "label", "place": "slice"}
    job = workspace.datasets.start_import(
        project.id, upload.id, "points", ReadOptions(), roles, idempotency="one", task=TASK
    )
    run_waiting(workspace.scope)
    done = workspace.jobs.get(job.id)
    assert done.state == "succeeded", done.error
    assert workspace.datasets.profile(done.result["version_id"]) is not None
    assert [c.name for c in workspace.recipes.cards(project.id)] == ["toy_nearest_centre"]

    recipe = workspace.recipes.update(project.id, clean=[Step(name="toy_rounding")])
    assert recipe == Recipe(
        task=TASK, data=done.result["version_id"], clean=(Step(name="toy_rounding"),), dial="balanced",
        family=Part(name="toy_nearest_centre", params={"shrink": 0.0}),
    )  # fmt: skip
    run = workspace.runs.submit(project.id, recipe)
    run_waiting(workspace.scope)
    run = workspace.runs.get(run.id)
    assert run.state == "succeeded", run.error
    assert run.metrics and run.metrics["accuracy"]["value"] > 0.9
    assert run.parity and run.parity["agreement"] == 1.0

    assert workspace.evaluations.get(run.id, "test") is None
    workspace.evaluations.open_test(run.id, "contract")
    run_waiting(workspace.scope)
    tested = workspace.evaluations.get(run.id, "test")
    assert tested is not None
    assert tested.result.n == 20
    assert {s.value for s in tested.result.slices} == {"north", "south"}
    assert workspace.runs.get(run.id).openings == 1

    shop = Shop(workspace, workspace.datasets.version(run.version_id), run, serve(workspace, run))
    for place, point in enumerate(({"x": "0.1000", "y": "0.2000"}, {"x": "3.1", "y": "2.9"})):
        shop.accept("", ["near", "far"][place], **point)
    child = shop.make()
    assert child.rows == 202
    again = shop.finished(workspace.corrections.retrain(run.id, child.id))
    job = workspace.evaluations.start_comparison([run.id, again.id], "validation", "accuracy")
    run_waiting(workspace.scope)
    assert workspace.jobs.get(job.id).state == "succeeded"
    found = workspace.corrections.difference(child.id)
    assert found is not None
    assert workspace.corrections.table(found, ("added",))[0]["input"].tolist() == ["0.1000;0.2000", "3.1;2.9"]
