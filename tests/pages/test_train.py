"""Runs that have ended on the train page: score, record, log and cost, why one failed, and what one can do with each."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from engine.services.inline import run_waiting
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import job, split
from engine.storage.tables import run as run_row
from engine.workspace import Workspace
from tests.pages.train_steps import epochs, primaries, report, said, table


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_without_runs_the_page_leads_to_the_models(workspace: Workspace, open_page: Any, locale: str) -> None:
    workspace.projects.create("empty")
    at = open_page("train", locale=locale)
    assert not at.exception
    assert primaries(at) == ["train_to_model"]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_finished_run_shows_its_score_its_package_and_the_way_to_evaluate(
    trained: Any, open_page: Any, locale: str
) -> None:
    at = open_page("train", locale=locale, project=trained.project, run=trained.svm)
    assert not at.exception
    assert primaries(at) == [f"evaluate_{trained.svm}"]
    assert "n = " in at.success[0].value
    assert ("Always answering the most frequent" if locale == "en-US" else "总是回答最常见的类别") in said(at)
    runs = table(at, "train_runs")
    assert list(runs["name"]) == ["tfidf_svm 2", "majority 1"]
    assert all(s.startswith("✓") for s in runs["state"])
    assert "reviews v1" in set(runs["data"])


def test_the_run_of_the_link_is_shown_and_its_row_is_selected(trained: Any, open_page: Any) -> None:
    at = open_page("train", project=trained.project, run=trained.majority)
    assert "no better than always answering the most frequent class" in said(at)
    assert at.subheader[0].value.replace("\\", "") == "majority 1"
    key = next(e.key for e in at.dataframe if (e.key or "").startswith("train_runs"))
    assert at.session_state[key]["selection"]["rows"] == [1]


def test_a_run_of_another_project_in_the_link_is_not_shown(
    trained: Any, workspace: Workspace, open_page: Any
) -> None:
    other = workspace.projects.create("other")
    at = open_page("train", project=other.id, run=trained.svm)
    assert not at.exception
    assert primaries(at) == ["train_to_model"]


def test_what_it_ran_on_and_its_recipe_are_recorded(trained: Any, open_page: Any) -> None:
    at = open_page("train", project=trained.project, run=trained.svm)
    at.session_state[f"recipe_{trained.svm}"] = True
    at.run()
    facts = next(e.value for e in at.dataframe if "value" in e.value)
    assert {"Python", "Processor cores", "scikit-learn"} <= set(facts["name"])
    assert not any("_" in name for name in facts["name"])
    assert "name: tfidf_svm" in said(at)


def test_what_it_ran_on_is_said_in_chinese(trained: Any, open_page: Any) -> None:
    at = open_page("train", locale="zh-CN", project=trained.project, run=trained.svm)
    facts = next(e.value for e in at.dataframe if "value" in e.value)
    assert {"处理器核心数", "内存", "加速器"} <= set(facts["name"])


@pytest.mark.parametrize("page", ["train", "evaluate"])
def test_rows_that_are_also_in_train_are_told_beside_the_score(
    trained: Any, open_page: Any, workspace: Workspace, page: str
) -> None:
    assert "also in train" not in said(open_page(page, project=trained.project, run=trained.svm))
    leaks = {"validation_in_train": 215, "test_in_train": 3}
    with write(workspace.scope.engine) as connection:
        connection.execute(update(split).values(leaks=leaks))
    at = open_page(page, project=trained.project, run=trained.svm)
    assert "215 of these rows are also in train" in said(at)


def test_curves_of_a_finished_network_stay_with_their_table_and_its_words(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    report(
        workspace,
        trained.svm,
        *epochs(6),
        (
            "note",
            {
                "message": "No better epoch came for {patience} epochs, so training ended by itself.",
                "params": {"patience": 3},
            },
        ),
    )
    at = open_page("train", project=trained.project, run=trained.svm)
    assert not at.exception
    charts = at.get("plotly_chart")
    assert len(charts) == 2
    assert "epoch 3 of 6" in charts[0].proto.alt
    assert "No better epoch came for 3 epochs" in said(at)


def test_the_log_speaks_the_readers_language(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = open_page("train", locale="zh-CN", project=trained.project, run=trained.svm)
    at.session_state[f"log_{trained.svm}"] = True
    at.run()
    shown = next(c.value for c in at.code if "信息" in c.value)
    assert "个特征" in shown
    assert "features" not in shown
    assert "attempt" not in shown


def test_a_run_that_was_stopped_by_hand_says_so(trained: Any, open_page: Any, workspace: Workspace) -> None:
    with write(workspace.scope.engine) as connection:
        connection.execute(update(run_row).where(run_row.c.id == trained.svm).values(stopped_early=True))
    at = open_page("train", project=trained.project, run=trained.svm)
    assert "✓ Stopped by you, best kept" in set(table(at, "train_runs")["state"])


def test_a_failed_run_says_why_and_what_to_do(workspace: Workspace, open_page: Any) -> None:
    from engine.data.readers import ReadOptions

    project = workspace.projects.create("bad")
    rows = "".join(f"t{i},{'a' if i > 30 else 'b'},{'test' if i > 30 else 'train'}\n" for i in range(40))
    upload = workspace.datasets.stage(f"text,label,split\n{rows}".encode(), "bad.csv")
    workspace.datasets.start_import(
        project.id,
        upload.id,
        "bad",
        ReadOptions(),
        {"text": "input", "label": "label", "split": "split"},
        "k",
    )
    run_waiting(workspace.scope)
    run = workspace.runs.submit(project.id, workspace.recipes.choose(project.id, "majority"))
    run_waiting(workspace.scope)
    at = open_page("train", project=project.id)
    assert not at.exception
    assert "at least two classes" in at.error[0].value
    assert "Add rows of another class" in at.error[0].value
    assert "ended here" in said(at)
    assert primaries(at) == [f"clone_{run.id}"]


def test_clone_loads_the_recipe_and_goes_to_the_model(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("train", project=trained.project, run=trained.majority)
    at.button(key=f"clone_{trained.majority}").click().run()
    assert not at.exception
    assert at.title[0].value == "Model"
    assert workspace.recipes.draft(trained.project).family.name == "majority"
    at.button(key="model_start").click().run()
    assert workspace.runs.list(trained.project)[0].cloned_from == trained.majority


def test_rename_takes_any_name_and_shows_it_literally(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("train", project=trained.project, run=trained.svm)
    at.button(key=f"rename_{trained.svm}").click().run()
    at.text_input(key=f"rename_name_{trained.svm}").set_value("**best** <b>:red[x]</b>")
    at.button(key=f"rename_save_{trained.svm}").click().run()
    assert not at.exception
    assert workspace.runs.get(trained.svm).name == "**best** <b>:red[x]</b>"
    assert at.subheader[0].value == r"\*\*best\*\* \<b\>\:red\[x\]\</b\>"


def test_delete_asks_first(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = open_page("train", project=trained.project, run=trained.svm)
    at.button(key=f"delete_{trained.svm}").click().run()
    assert workspace.runs.count(trained.project) == 2
    at.button(key=f"delete_yes_{trained.svm}").click().run()
    assert not at.exception
    assert workspace.runs.count(trained.project) == 1
    assert at.subheader[0].value.replace("\\", "") == "majority 1"


def test_an_interrupted_run_with_a_checkpoint_is_resumed(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    from engine.storage.home import home

    run = workspace.runs.submit(trained.project, workspace.recipes.draft(trained.project))
    folder = workspace.jobs.get(run.job_id).folder
    checkpoint = home() / folder / "work/checkpoints/epoch_3"
    checkpoint.mkdir(parents=True)
    with write(workspace.scope.engine) as connection:
        error = {"code": "DISK_FULL", "params": {}}
        connection.execute(
            update(job).where(job.c.id == run.job_id).values(state="failed", error=error, finished=now())
        )
    at = open_page("train", project=trained.project, run=run.id)
    assert not at.exception
    assert primaries(at) == [f"resume_{run.id}"]
    at.button(key=f"resume_{run.id}").click().run()
    assert not at.exception
    assert workspace.runs.get(run.id).state == "queued"
    assert "Next in line" in said(at)


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-US", ("of processor time", "drew 12.5 Wh")), ("zh-CN", ("处理器时间", "共耗电12.5瓦时"))],
)
def test_what_a_training_cost_is_said_with_the_cards_where_there_are_some(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, words: tuple[str, str]
) -> None:
    run = workspace.runs.get(trained.svm)
    at = open_page("train", locale=locale, project=trained.project, run=run.id)
    assert words[0] in said(at)
    assert words[1] not in said(at)
    cards = {"card_seconds": 90.0, "card_peak_bytes": 3_000_000_000, "card_energy_wh": 12.5}
    with write(workspace.scope.engine) as connection:
        changed = {**(run.environment or {}), **cards}
        connection.execute(update(run_row).where(run_row.c.id == run.id).values(environment=changed))
    at = open_page("train", locale=locale, project=trained.project, run=run.id)
    assert not at.exception
    assert words[1] in said(at)
