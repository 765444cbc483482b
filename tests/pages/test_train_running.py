"""Runs that wait or compute on the train page: places in line, phases, figures and curves, stopping, and the end."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from engine.workspace import Workspace
from tests.pages.train_steps import epochs, primaries, report, running, said, table


def test_waiting_runs_stand_in_line_with_their_places(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    recipe = workspace.recipes.draft(trained.project)
    first, second = (workspace.runs.submit(trained.project, recipe, name=f"<i>{i}</i>") for i in range(2))
    at = open_page("train", project=trained.project)
    assert not at.exception
    assert "Next in line" in said(at), "without a choice the run at the head of the line is shown"
    states = dict(zip(table(at, "train_runs")["name"], table(at, "train_runs")["state"], strict=True))
    assert states["<i>0</i>"] == "○ Waiting, place 1"
    assert states["<i>1</i>"] == "○ Waiting, place 2"
    at = open_page("train", project=trained.project, run=second.id)
    assert "Place 2 in line" in said(at)
    assert "No worker is running" in said(at)
    assert first.id != second.id


def test_a_waiting_run_is_taken_out_in_two_steps(trained: Any, open_page: Any, workspace: Workspace) -> None:
    run = workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project))
    at = open_page("train", project=trained.project, run=run.id)
    at.button(key=f"stop_{run.id}").click().run()
    assert workspace.runs.get(run.id).state == "queued", "the first click only asks"
    assert "nothing is lost" in said(at)
    at.button(key=f"stop_discard_{run.id}").click().run()
    assert not at.exception
    assert workspace.runs.get(run.id).state == "cancelled"
    assert "discarded" in said(at)
    assert primaries(at) == [f"clone_{run.id}"]


def test_a_running_run_shows_phases_figures_and_curves_and_stops_with_the_best(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    run = workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project))
    running(workspace, run, "Fitting")
    report(
        workspace,
        run.id,
        ("phase", {"name": "loading"}),
        ("phase", {"name": "training"}),
        ("phase", {"name": "Fitting"}),
        ("pretraining", {"epoch": 2, "epochs": 4, "step": 10, "steps": 50, "loss": 4.5, "right": 0.25}),
    )
    at = open_page("train", project=trained.project, run=run.id)
    assert {m.label: m.value for m in at.metric} == {
        "Pretraining step": "60 / 200", "Loss of hidden pieces": "4.5", "Hidden pieces guessed": "25.0 %", "Examples a second": "–",
        "Learning rate": "–", "Pretraining done": "30.0 %", "Pretraining left": "–", "Memory": "–", "Elapsed": ANY,
    }  # fmt: skip
    report(workspace, run.id, *epochs(5), first=2000)
    at.run()
    assert not at.exception
    shown = {m.label: m for m in at.metric}
    assert shown["Epoch"].value == "6 / 10"
    assert shown["Validation loss"].delta.startswith("+")
    assert shown["Examples a second"].value == "800"
    assert shown["Time left at most"].value != "–"
    assert ":green-badge[:material/check: Loading the data]" in said(at)
    assert ":gray-badge[:material/radio_button_unchecked: Evaluating]" in said(at)
    assert len(at.get("plotly_chart")) == 2
    at.button(key=f"stop_{run.id}").click().run()
    assert "best model so far is packaged" in said(at)
    assert "cannot be undone" in said(at)
    at.button(key=f"stop_keep_{run.id}").click().run()
    assert workspace.runs.get(run.id).cancel == "keep"
    assert "Stopping" in said(at)
    assert at.button(key=f"stop_{run.id}").label == "Discard …", "a large model is packaged for minutes"
    at.button(key=f"stop_{run.id}").click().run()
    with pytest.raises(KeyError):
        at.button(key=f"stop_keep_{run.id}")
    at.button(key=f"stop_discard_{run.id}").click().run()
    assert workspace.runs.get(run.id).cancel == "discard"
    assert "Discarding" in said(at)
    with pytest.raises(KeyError):
        at.button(key=f"stop_{run.id}")


def test_a_family_without_epochs_says_about_how_long_it_takes(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    run = workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project))
    running(workspace, run, "Fitting")
    report(workspace, run.id, ("phase", {"name": "training"}), ("phase", {"name": "Fitting"}))
    at = open_page("train", project=trained.project, run=run.id)
    assert "in all, as estimated" in said(at)


def test_figure_cards_keep_the_place_of_the_first_comparison(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    run = workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project))
    running(workspace, run)
    report(workspace, run.id, ("phase", {"name": "training"}), *epochs(1))
    at = open_page("train", project=trained.project, run=run.id)
    assert next(m for m in at.metric if m.label == "Validation loss").delta == "–"


def test_the_end_of_a_run_that_was_watched_is_announced_once(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    run = workspace.runs.submit(trained.project, workspace.recipes.choose(trained.project, "majority"))
    at = open_page("train", project=trained.project, run=run.id)
    assert not at.toast
    workspace.runs.discard(run.id)
    at.run()
    assert len(at.toast) == 1
    at.run()
    assert not at.toast


@pytest.mark.parametrize(("locale", "label"), [("en-US", "Epoch"), ("zh-CN", "轮")])
def test_the_cards_of_a_network_stand_in_their_places_before_its_first_step(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, label: str
) -> None:
    recipe = workspace.recipes.choose(trained.project, "case_network", "quick")
    run = workspace.runs.submit(trained.project, recipe)
    running(workspace, run)
    before = open_page("train", locale=locale, project=trained.project, run=run.id)
    report(workspace, run.id, ("phase", {"name": "training"}), *epochs(2))
    after = open_page("train", locale=locale, project=trained.project, run=run.id)
    assert [m.label for m in before.metric] == [m.label for m in after.metric]
    assert before.metric[0].label == label
    assert before.metric[0].value == f"– / {recipe.family.params['epochs']}"
