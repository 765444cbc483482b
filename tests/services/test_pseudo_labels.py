"""Guessed labels through the product: the run says how many rows got which, and its cost counts both trainings."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from engine.evaluation.provenance import environment_facts
from engine.recipe import PseudoLabels
from engine.samples import SAMPLE_ROLES, make_sample
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace


def half_labelled() -> bytes:
    frame: pd.DataFrame = make_sample("reviews_en").head(240)
    return bytes(frame.assign(label=frame["label"].where(frame.index % 2 == 0, "")).to_csv(index=False), "utf-8")  # fmt: skip


def test_rows_without_a_label_join_train_and_the_run_says_so(
    workspace: Workspace, imported: Callable[..., DatasetVersion]
) -> None:
    version = imported(content=half_labelled(), roles=dict(SAMPLE_ROLES))
    assert workspace.recipes.unlabelled_rows(version.id) == 120
    plain = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    guess = PseudoLabels(enabled=True, threshold=0.6, most=0.5)
    recipe = workspace.recipes.update(version.project_id, pseudo_labels=guess)
    costs = [workspace.recipes.estimate(version.project_id, one).seconds for one in (plain, recipe)]
    assert costs[1] > 2 * costs[0]
    assert workspace.recipes.choose(version.project_id, "tfidf_svm").pseudo_labels == guess
    run = workspace.runs.submit(version.project_id, recipe)
    run_waiting(workspace.scope)
    done = workspace.runs.get(run.id)
    assert done.state == "succeeded", done.error
    environment = done.environment or {}
    guessed = environment["pseudo_labelled_rows"]
    assert 0 < sum(guessed.values()) <= environment["train_rows"] / 2
    facts = dict(environment_facts(environment, "en"))
    assert facts["Rows beside them whose label was guessed"] == "; ".join(
        f"{name}: {count}" for name, count in guessed.items()
    )
    notes = [e.payload for e in workspace.runs.events(run.id) if e.kind == "note"]
    assert [note["params"]["made"] for note in notes] == [sum(guessed.values())]
