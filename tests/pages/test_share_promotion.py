"""Another run in a demo's place: compared first, refused where it is worse, and back with one click."""

from __future__ import annotations

import pytest

from engine.services.inline import run_waiting
from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, Trained
from tests.pages.share_steps import LOCALES, keys, primaries, said, shared, use_a_free_port


@pytest.fixture(autouse=True)
def port_for_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    use_a_free_port(monkeypatch)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_better_run_takes_the_place_and_one_click_goes_back(
    trained: Trained, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    demo = shared(workspace, trained.majority)
    at = open_page("share", locale=locale, project=trained.project)
    assert at.button(key=f"promote_{demo.id}").disabled, "first the comparison"
    assert len(run_waiting(workspace.scope)) == 1
    at.run()
    assert not at.exception
    assert {"en-US": "is **better** than", "zh-CN": "**更好**"}[locale] in said(at)
    assert primaries(at) == [f"promote_{demo.id}"]
    at.button(key=f"promote_{demo.id}").click().run()
    assert not at.error
    assert not at.exception
    now_is = workspace.demos.get(demo.id)
    assert now_is.current is not None
    assert (now_is.current.run_id, now_is.current.number) == (trained.svm, 2)
    history = next(e.value for e in at.dataframe if "why" in e.value)
    assert list(history["version"]) == [2, 1]
    assert "n = " in history["why"][0]
    at.button(key=f"back_{demo.id}").click().run()
    now_is = workspace.demos.get(demo.id)
    assert now_is.current is not None
    assert now_is.current.number == 1
    assert f"back_{demo.id}" not in keys(at)


def test_a_worse_run_is_refused_with_its_numbers(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    at = open_page("share", project=trained.project)
    run_waiting(workspace.scope)
    at.run()
    assert "is **worse** than" in said(at)
    assert at.button(key=f"promote_{demo.id}").disabled
    assert "cannot take the place" in said(at)


def test_a_tab_that_was_overtaken_is_told(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.majority)
    at = open_page("share", project=trained.project)
    run_waiting(workspace.scope)
    at.run()
    workspace.demos.edit(demo.id, demo.serial, title="Changed elsewhere")
    at.button(key=f"promote_{demo.id}").click().run()
    assert "was changed meanwhile" in at.error[0].value
    now_is = workspace.demos.get(demo.id)
    assert now_is.current is not None
    assert now_is.current.number == 1


def test_a_run_that_one_comes_with_is_the_one_to_compare(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    newest = workspace.runs.submit(trained.project, workspace.runs.get(trained.majority).recipe)
    run_waiting(workspace.scope)
    demo = shared(workspace, trained.majority)
    at = open_page("share", project=trained.project, run=trained.svm)
    assert at.selectbox(key=f"candidate_{demo.id}").value == trained.svm
    at = open_page("share", project=trained.project)
    assert at.selectbox(key=f"candidate_{demo.id}").value == newest.id


def test_a_test_part_that_is_scored_meanwhile_decides_and_is_compared_too(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    shared(workspace, trained.majority)
    at = open_page("share", project=trained.project, run=trained.svm)  # compares on validation
    for run_id in (trained.majority, trained.svm):
        workspace.evaluations.open_test(run_id, "both")
    run_waiting(workspace.scope)
    at.run()  # the comparison that it followed has ended, but the test part decides now
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    (demo,) = workspace.demos.list(trained.project)
    assert not at.button(key=f"promote_{demo.id}").disabled
