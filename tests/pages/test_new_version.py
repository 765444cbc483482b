"""From accepted corrections to the comparison of old and new, on the pages: preview, version, retrain, compare."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.storage.database import write
from engine.storage.tables import dataset_version
from engine.workspace import DatasetVersion, Run, Workspace
from tests.pages.conftest import OpenPage, texts
from tests.shop import Shop
from ui.state import VERSION

LOCALES = ["en-US", "zh-CN"]


def said(at: AppTest) -> str:
    return texts(at).replace("\\", "")


def frame(at: AppTest, *columns: str) -> pd.DataFrame:
    """The last table that has these columns."""
    return [e.value for e in at.dataframe if set(columns) <= set(e.value)][-1]


def has(at: AppTest, key: str) -> bool:
    return any(b.key == key for b in at.button)


def done(at: AppTest, shop: Shop) -> AppTest:
    """The page after the jobs that it started."""
    run_waiting(shop.ws.scope)
    at.run()
    assert not at.exception
    return at


def retrained(shop: Shop) -> tuple[DatasetVersion, Run]:
    shop.accept("the rider was kind", "praise")
    child = shop.make()
    return child, shop.finished(shop.ws.corrections.retrain(shop.run.id, child.id))


@pytest.mark.parametrize("locale", LOCALES)
def test_corrections_are_previewed_made_and_trained_on(shop: Shop, open_page: OpenPage, locale: str) -> None:
    shop.accept("the <b>rider</b> was *kind*", "praise")
    text = shop.text_in("train")
    shop.accept(text, "praise" if "bad" in text else "complaint")
    shop.accept(shop.text_in("test"), "praise")
    at = open_page("inbox", locale=locale, project=shop.project)
    assert not at.exception
    assert ("**3 accepted corrections** wait" in said(at)) == (locale == "en-US")
    assert "reviews v1" in said(at)

    at.button(key="new_version_preview").click().run()
    assert not at.exception
    at = done(at, shop)
    assert ("**1 row** is new in the train part" in said(at)) == (locale == "en-US")
    assert ("sealed test part, which stays as it is" in said(at)) == (locale == "en-US")
    at.toggle(key=f"changes_{shop.version.id}_rows").set_value(True).run()
    assert not at.exception
    rows = frame(at, "outcome")
    assert rows["input"].tolist() == ["the <b>rider</b> was *kind*", text, shop.text_in("test")]
    assert rows["after"].tolist() == ["praise", "praise" if "bad" in text else "complaint", "–"]
    assert set(rows["before"][:2]) == {"", "praise" if "good" in text else "complaint"}
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 1

    at.button(key="new_version_make").click().run()
    assert not at.exception
    at = done(at, shop)
    child = shop.ws.datasets.list(shop.project)[0].versions[-1]
    assert (child.number, child.rows) == (2, 101)
    assert not has(at, "new_version_preview")
    assert "“SVM”" in said(at)

    at.button(key="new_version_retrain").click().run()
    assert not at.exception
    (run, old) = shop.ws.runs.list(shop.project)
    assert (run.version_id, run.cloned_from, run.active) == (child.id, old.id, True)
    assert f"SVM · v{child.number}" in said(at), "the train page shows the new run"
    shop.finished(run)
    at = open_page("inbox", locale=locale, project=shop.project)
    assert "SVM · v2" in said(at)
    at.button(key="new_version_compare").click().run()
    assert not at.exception
    assert at.session_state[f"compare_runs_{old.id}_validation"] == [run.id]


@pytest.mark.parametrize("locale", LOCALES)
def test_without_corrections_or_demos_there_is_nothing_to_make(
    shop: Shop, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    item = shop.accept("x", "praise")
    shop.change(item, state="rejected", label=None)
    at = open_page("inbox", locale=locale, project=shop.project)
    assert not at.exception
    assert not has(at, "new_version_preview")


def test_a_preview_that_would_change_nothing_offers_no_version(shop: Shop, open_page: OpenPage) -> None:
    shop.accept(shop.text_in("test"), "praise")
    at = open_page("inbox", project=shop.project)
    at.button(key="new_version_preview").click().run()
    at = done(at, shop)
    assert "no new version to make" in said(at)
    assert not has(at, "new_version_make")


def test_what_changed_since_the_preview_is_said(shop: Shop, open_page: OpenPage) -> None:
    item = shop.accept("the rider was kind", "praise")
    shop.preview()
    at = open_page("inbox", project=shop.project)
    shop.change(item, label="complaint")
    at.button(key="new_version_make").click().run()
    assert not at.exception
    assert "has changed since the preview" in said(at)
    assert has(at, "new_version_preview")


def test_a_version_is_made_from_the_newest_child_and_that_is_explained(
    shop: Shop, open_page: OpenPage
) -> None:
    shop.accept("the rider was kind", "praise")
    shop.make()
    shop.accept("cold soup", "complaint")
    at = open_page("inbox", project=shop.project)
    assert "was trained on reviews v1; reviews v2 came of it since" in said(at)
    assert has(at, "new_version_retrain")
    assert has(at, "new_version_preview")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_data_page_shows_where_a_version_comes_from(shop: Shop, open_page: OpenPage, locale: str) -> None:
    shop.accept("the rider was kind", "praise")
    shop.accept(shop.text_in("test"), "praise")
    child = shop.make()
    at = open_page("data", locale=locale, project=shop.project)
    at.session_state[VERSION] = child.id
    at.run()
    assert not at.exception
    assert "**reviews v1**" in said(at)
    assert ("and 2 accepted corrections, 1 of which changed it" in said(at)) == (locale == "en-US")
    (pick,) = (box for box in at.selectbox if str(box.key).startswith("version_pick"))
    assert [("v1" in option and "v2" in option) for option in pick.options] == [True, False]
    at.button(key=f"show_{shop.version.id}").click().run()
    assert not at.exception
    assert at.session_state[VERSION] == shop.version.id
    at.button(key=f"show_{child.id}").click().run()
    assert at.session_state[VERSION] == child.id


def test_synthetic_data_with_corrections_are_not_called_written_by_a_program_alone(
    shop: Shop, open_page: OpenPage
) -> None:
    with write(shop.ws.scope.engine) as connection:
        connection.execute(update(dataset_version).values(source={"synthetic": True}))
    shop.accept("the rider was kind", "praise")
    shop.accept(shop.text_in("test"), "praise")
    child = shop.make()
    shop.accept("cold soup", "complaint")
    newest = shop.make(child)
    at = open_page("data", project=shop.project)
    for version, words in (
        (shop.version.id, "Synthetic: written by a program, not by customers"),
        (newest.id, "Synthetic, plus 2 accepted corrections of visitors"),
    ):
        at.session_state[VERSION] = version
        at.run()
        assert not at.exception
        assert words in said(at)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", ["train", "evaluate"])
def test_old_and_new_stand_side_by_side_on_the_same_rows(
    shop: Shop, open_page: OpenPage, locale: str, page: str
) -> None:
    child, new = retrained(shop)
    shop.ws.evaluations.start_comparison([shop.run.id, new.id], "validation", "macro_f1")
    run_waiting(shop.ws.scope)
    at = open_page(page, locale=locale, project=shop.project, run=new.id)
    at.button(key=f"repeats_{new.id}" if page == "train" else "evaluate_repeats").click().run()
    assert not at.exception
    table = frame(at, "rows", "data")
    assert table["data"].tolist() == ["reviews v1", child.label]
    assert table["run"][1] == new.name
    if page == "evaluate":
        ids = [run.id for run in shop.ws.runs.list(shop.project)]
        key = f"evaluate_runs_{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:8]}"
        ticked = at.session_state[key]["selection"]["rows"]
        assert ticked == [ids.index(shop.run.id)], "the table marks the run that is shown"
    difference = frame(at, "wins")
    assert difference["run"].tolist() == [new.name]
    assert difference["rows"].tolist() == [10]
    assert ("keep validation and test as they were" in said(at)) == (locale == "en-US")


def test_a_test_part_opened_for_one_of_the_two_is_said_and_both_ways_are_offered(
    shop: Shop, open_page: OpenPage
) -> None:
    _, new = retrained(shop)
    shop.ws.evaluations.open_test(shop.run.id, "before it is shared")
    run_waiting(shop.ws.scope)
    at = open_page("evaluate", project=shop.project, run=new.id)
    at.button(key="evaluate_repeats").click().run()
    assert "opened for “SVM”, but not for “SVM · v2”" in said(at)
    assert has(at, f"compare_open_{shop.run.id}_validation")
    at = done(at, shop)

    at.session_state[f"part_{shop.run.id}"] = "test"
    at.session_state["sections_test"] = "Compare"
    at.run()
    assert not at.exception
    at.button(key=f"compare_validation_{shop.run.id}").click().run()
    assert has(at, f"compare_open_{shop.run.id}_validation")

    at.button(key=f"compare_open_{shop.run.id}_validation").click().run()
    assert "opening number 2" in said(at)
    at.text_input(key="test_reason").set_value("old against new")
    at.button(key="test_confirm").click().run()
    assert not at.exception
    assert shop.ws.runs.get(new.id).test_opened
    at = done(at, shop)
    at.button(key=f"compare_test_{shop.run.id}").click().run()
    assert not at.exception
    at = done(at, shop)
    table = frame(at, "rows", "data")
    assert table["rows"].tolist() == [10, 10]
    assert shop.ws.runs.get(new.id).openings == 2


def test_a_run_that_repeats_none_offers_no_such_comparison(shop: Shop, open_page: OpenPage) -> None:
    at = open_page("evaluate", project=shop.project, run=shop.run.id)
    assert not has(at, "evaluate_repeats")
