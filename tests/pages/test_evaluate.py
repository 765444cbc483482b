"""The evaluate page: scores with intervals, the seal of the test part, errors, slices, comparison, exports."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.pages.conftest import NOISY, import_text


def said(at: AppTest) -> str:
    """Everything that the page says."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "info", "warning", "error", "success")
    return "\n".join(str(e.value) for kind in kinds for e in at.get(kind)).replace("\\", "")


def frame(at: AppTest, column: str) -> Any:
    """The first table that has the column."""
    return next(e.value for e in at.dataframe if column in e.value)


def primaries(at: AppTest) -> list[str | None]:
    return [b.key for b in at.button if b.proto.type == "primary"]


def open_tab(at: AppTest, place: int, part: str = "validation") -> AppTest:
    """Open a section, as a click on its tab would."""
    labels = [tab.label for tab in at.tabs]
    at.session_state[f"sections_{part}"] = labels[place]
    return at.run()


SCORES, ERRORS, SLICES, COMPARE, EXPORT = range(5)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_without_runs_the_page_leads_to_the_models(workspace: Workspace, open_page: Any, locale: str) -> None:
    workspace.projects.create("empty")
    at = open_page("evaluate", locale=locale)
    assert not at.exception
    assert primaries(at) == ["evaluate_empty"]
    at.button(key="evaluate_empty").click().run()
    assert not at.exception


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("place", range(5))
def test_every_section_opens_in_both_languages(trained: Any, open_page: Any, locale: str, place: int) -> None:
    at = open_tab(open_page("evaluate", locale=locale, project=trained.project, run=trained.svm), place)
    assert not at.exception
    assert not at.error
    assert primaries(at) == ["evaluate_to_test"]


def test_scores_stand_with_interval_rows_and_the_majority_class(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    result = workspace.evaluations.get(trained.svm).result
    shown = {m.label: m for m in at.metric}
    assert shown["Macro-F1"].value == f"{result.overall['macro_f1'].value * 100:.1f} %"
    assert shown["Majority class, Macro-F1"].value == f"{result.baseline['macro_f1'].value * 100:.1f} %"
    assert f"n = {result.n}" in said(at)
    assert "95 % bootstrap" in said(at)
    runs = frame(at, "macro_f1")
    assert set(runs["name"]) == {"tfidf_svm 2", "majority 1"}
    assert all(f"n = {result.n}" in cell for cell in runs["macro_f1"])
    assert set(runs["seal"]) == {"sealed"}


def test_each_class_has_precision_recall_f1_support_and_intervals(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    classes = frame(at, "support")
    result = workspace.evaluations.get(trained.svm).result
    assert list(classes["label"]) == ["complaint", "praise"]
    assert sum(classes["support"]) == result.n
    first = result.per_class[0]
    assert classes["f1"][0] == pytest.approx(first.f1.value * 100)
    assert classes["f1_interval"][0] == f"{first.f1.low * 100:.1f}–{first.f1.high * 100:.1f}"
    assert len(frame(at, "baseline")) == 7


def test_the_matrix_says_which_part_it_is_from_and_its_takeaway(trained: Any, open_page: Any) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.svm), ERRORS)
    alt = at.get("plotly_chart")[0].proto.alt
    assert "confus" in alt
    assert "Validation" in said(at)


def test_errors_are_filtered_sorted_and_never_markup(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.svm), ERRORS)
    key = f"{trained.svm}_validation"
    at.toggle(key=f"errors_wrong_{key}").set_value(False).run()
    rows = frame(at, "confidence")
    result = workspace.evaluations.get(trained.svm).result
    assert len(rows) == result.n
    assert list(rows["confidence"]) == sorted(rows["confidence"], reverse=True)
    assert rows["input"][0].startswith("<b>"), "a table cell shows what the person wrote"
    at.selectbox(key=f"errors_true_{key}").set_value("complaint")
    at.selectbox(key=f"errors_predicted_{key}").set_value("praise").run()
    narrowed = frame(at, "confidence") if any("confidence" in e.value for e in at.dataframe) else []
    assert len(narrowed) == result.confusion[0][1]
    at.selectbox(key=f"errors_predicted_{key}").set_value(None)
    at.selectbox(key=f"errors_slice_0_{key}").set_value("south").run()
    assert set(frame(at, "confidence")["region"]) == {"south"}
    at.selectbox(key=f"errors_order_{key}").set_value("row").run()
    ids = list(frame(at, "confidence")["row_id"])
    assert ids == sorted(ids)


def test_a_selected_row_is_shown_in_full_with_its_probabilities(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.svm), ERRORS)
    at.toggle(key=f"errors_wrong_{trained.svm}_validation").set_value(False).run()
    table = next(e for e in at.dataframe if (e.key or "").startswith("errors_table"))
    at.session_state[table.key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    row_id = int(table.value["row_id"][1]) - 1
    text = workspace.datasets.rows(trained.version, ids=[row_id])[0]["text"][0]
    assert at.text[0].value == text
    chances = frame(at, "p")
    assert sum(chances["p"]) == pytest.approx(100)


def test_slices_show_the_weakest_and_leave_out_small_ones(trained: Any, open_page: Any) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.svm), SLICES)
    key = f"{trained.svm}_validation"
    at.number_input(key=f"slice_least_{key}").set_value(1).run()
    values = frame(at, "n")
    assert set(values["value"]) == {"north & east", "south"}
    assert "weakest is" in said(at)
    at.number_input(key=f"slice_least_{key}").set_value(1000).run()
    assert "No slice has that many rows" in said(at)


def test_comparison_runs_as_a_job_and_says_its_verdict_in_words(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.majority), COMPARE)
    assert "Comparing on the same rows" in said(at) or at.progress
    assert len(run_waiting(workspace.scope)) == 1
    at.run()
    assert not at.exception
    differences = frame(at, "wins")
    assert list(differences["run"]) == ["tfidf_svm 2"]
    assert differences["difference"][0].startswith("+")
    assert "**tfidf_svm 2** is **better**" in said(at)
    assert "on the same" in said(at)
    assert not run_waiting(workspace.scope), "the stored comparison is not computed again"


def test_the_test_part_is_sealed_and_opening_it_is_asked_logged_and_counted(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    at.button(key="evaluate_to_test").click().run()
    assert not at.exception
    assert "sealed for this run" in said(at)
    assert "never been opened" in said(at)
    assert primaries(at) == ["test_open"]
    split = workspace.runs.get(trained.svm).split_id

    at.button(key="test_open").click().run()
    assert "opening number 1" in said(at)
    at.button(key="test_confirm").click().run()
    assert not workspace.evaluations.openings(split), "without a reason nothing happens"

    at.button(key="test_open").click().run()
    at.text_input(key="test_reason").set_value("final <b>check</b>")
    at.button(key="test_confirm").click().run()
    assert not at.exception
    log = workspace.evaluations.openings(split)
    assert [o.reason for o in log] == ["final <b>check</b>"]

    assert len(run_waiting(workspace.scope)) == 1
    at.run()
    assert not at.exception
    assert "opened 1 time" in said(at)
    assert workspace.evaluations.get(trained.svm, "test") is not None
    assert "final <b>check</b>" in set(frame(at, "reason")["reason"])


def test_another_run_sees_who_opened_the_test_part_before(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "first look")
    run_waiting(workspace.scope)
    at = open_page("evaluate", project=trained.project, run=trained.majority)
    at.button(key="evaluate_to_test").click().run()
    assert "opened 1 time so far" in said(at)
    log = frame(at, "reason")
    assert (log["run"][0], log["reason"][0]) == ("tfidf_svm 2", "first look")


def test_the_log_names_openings_whose_data_are_gone_or_in_another_project(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    for name in ("gone", "other"):
        project = workspace.projects.create(name).id
        import_text(workspace, project, NOISY, "reviews", text="input", label="label", region="slice")
        run = workspace.runs.submit(project, workspace.recipes.choose(project, "majority", "quick"))
        run_waiting(workspace.scope)
        workspace.evaluations.open_test(run.id, name)
        run_waiting(workspace.scope)
        if name == "gone":
            workspace.projects.delete(project)
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    at.button(key="evaluate_to_test").click().run()
    assert not at.exception
    log = frame(at, "reason")
    assert list(log["data"]) == ["data that were deleted since", "reviews v1, in another project"]
    assert "2 of these openings were of the same rows imported elsewhere" in said(at)


def test_comparison_on_test_offers_opened_runs_only(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    workspace.evaluations.open_test(trained.svm, "first look")
    run_waiting(workspace.scope)
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    at.button(key="evaluate_to_test").click().run()
    open_tab(at, COMPARE, "test")
    assert not at.exception
    assert "No other run of this split was opened" in said(at)


def test_an_opened_test_whose_evaluation_was_lost_is_evaluated_without_counting_again(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    job = workspace.evaluations.open_test(trained.svm, "first look")
    workspace.jobs.cancel(job.id)
    at = open_page("evaluate", project=trained.project, run=trained.svm)
    at.button(key="evaluate_to_test").click().run()
    assert "has not finished" in said(at)
    at.button(key="test_again").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    assert "opened 1 time" in said(at)


def test_exports_are_offered_with_the_part_in_their_names(trained: Any, open_page: Any) -> None:
    at = open_tab(open_page("evaluate", project=trained.project, run=trained.svm), EXPORT)
    buttons = at.get("download_button")
    assert len(buttons) == 4
    assert not at.exception


@pytest.mark.parametrize(
    ("locale", "count", "where"),
    [
        ("en-US", "opened 1 time so far", "with other roles"),
        ("zh-CN", "已启封1次", "以其他列角色导入"),
    ],
)
def test_a_look_at_the_same_rows_under_other_roles_is_counted_and_said(
    trained: Any, open_page: Any, workspace: Workspace, locale: str, count: str, where: str
) -> None:
    again = import_text(workspace, trained.project, NOISY, "again", text="input", label="label")
    recipe = workspace.recipes.update(trained.project, data=again.id)
    run = workspace.runs.submit(trained.project, recipe.model_copy(update={"seed": 1}))
    run_waiting(workspace.scope)
    workspace.evaluations.open_test(trained.svm, "the first look")
    run_waiting(workspace.scope)
    at = open_page("evaluate", locale=locale, project=trained.project, run=run.id)
    at.button(key="evaluate_to_test").click().run()
    assert not at.exception
    page = said(at)
    assert count in page
    assert where in page
    assert frame(at, "reason")["data"].tolist() == ["reviews v1"]
