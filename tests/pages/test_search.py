"""The search on the model page: its form, what it shows while it goes on, and what one does with what it found."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.models.family import Machine
from engine.services import costs, searching
from engine.services.inline import run_waiting
from engine.workspace import Plan, Search, SearchDraft, Workspace
from tests.pages.test_model import said


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rungs without TensorFlow."""
    real = searching.rungs
    monkeypatch.setattr(
        searching, "rungs", lambda *given: [r for r in real(*given) if not r.needs_tensorflow]
    )


def shown(workspace: Workspace, project_id: str) -> Search:
    """The project's only search."""
    (head,) = workspace.searches.list(project_id)
    return workspace.searches.get(head.id)


def settings_of(trained: Any, open_page: Any) -> AppTest:
    """In English: AppTest sends the words of a choice without the page's language."""
    at: AppTest = open_page("model", project=trained.project)
    at.get_by_key("search_kind").set_value("settings").run()
    assert not at.exception
    return at


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-US", ("is recommended", "out of")), ("zh-CN", ("推荐", "个候选中选出"))],
)
def test_families_are_compared_and_the_recommended_one_opens_in_the_form(
    trained: Any, open_page: Any, workspace: Workspace, light: None, locale: str, words: tuple[str, str]
) -> None:
    at = open_page("model", locale=locale, project=trained.project)
    at.button(key="search_start").click().run()
    assert not at.exception
    assert at.button(key="search_stop")
    assert shown(workspace, trained.project).state == "queued"
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    found = shown(workspace, trained.project)
    text = said(at)
    assert words[1] in text
    assert words[0] in text or found.insight.best == found.insight.recommended
    at.button(key="search_open").click().run()
    assert not at.exception
    draft = workspace.recipes.draft(trained.project)
    assert draft is not None
    assert draft.family.name == found.candidate(found.insight.recommended or 0).family
    at.button(key="search_delete").click().run()
    assert workspace.searches.list(trained.project) == []


def test_families_are_compared_within_a_size_too(
    trained: Any, open_page: Any, workspace: Workspace, light: None
) -> None:
    at = open_page("model", project=trained.project)
    at.number_input(key="search_largest").set_value(0.01).run()
    at.number_input(key="search_slowest").set_value(500.0).run()
    at.button(key="search_start").click().run()
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    found = shown(workspace, trained.project)
    assert (found.kind, found.plan.largest, found.plan.slowest) == ("ladder", 10_000, 0.5)
    states = {c.family: c.state for c in found.candidates}
    assert states["majority"] == "done"
    assert "over" in states.values()
    assert states[found.candidate(found.insight.recommended or 0).family] == "done"
    assert all(c.size is not None and c.size > 10_000 for c in found.candidates if c.state == "over")


def test_settings_are_varied_and_shown(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = settings_of(trained, open_page)
    assert "C" in at.multiselect(key="search_fields_tfidf_svm").value
    at.number_input(key="search_most").set_value(12).run()
    at.button(key="search_start").click().run()
    assert not at.exception
    run_waiting(workspace.scope)
    at.run()
    assert not at.exception
    found = shown(workspace, trained.project)
    assert len(found.candidates) == 12
    for tab, chart in (("Scores", "search_way"), ("Score, size and time", "search_merits")):
        at.session_state["search_tabs"] = tab
        at.run()
        assert not at.exception
        assert [one.key for one in at.get("plotly_chart") if one.key] == [chart], "only the open tab is drawn"
    workspace.recipes.choose(trained.project, "complement_nb")
    at.run()
    assert not [one.key for one in at.get("plotly_chart") if one.key], "it was of another family"
    at.selectbox(key="search_shown_complement_nb").set_value(found.id).run()
    assert not at.exception
    assert "goes through the settings of “TF-IDF" in said(at)
    assert [one.key for one in at.get("plotly_chart") if one.key]


def test_two_tabs_start_one_search_whatever_their_minutes(
    trained: Any, open_page: Any, workspace: Workspace
) -> None:
    first, second, other, idle = (open_page("model", project=trained.project) for _ in range(4))
    other.select_slider(key="search_minutes").set_value(45).run()
    for at in (first, second):
        at.button(key="search_start").click().run()
        assert not at.exception
        assert at.button(key="search_stop")
        assert at.button(key="search_start").disabled, "the way back starts no second one"
    other.button(key="search_start").click().run()
    assert not other.exception
    assert "goes on already on this version" in said(other)
    begun = shown(workspace, trained.project)
    assert len(begun.jobs) == 1
    other.button(key="search_stop").click().run()
    idle.button(key="search_start").click().run()
    assert len(workspace.searches.list(trained.project)) == 1, "it is shown the one that it did not know of"
    idle.button(key="search_start").click().run()
    assert len(workspace.searches.list(trained.project)) == 2


def test_the_form_stays_as_it_was_left(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = settings_of(trained, open_page)
    at.select_slider(key="search_minutes").set_value(45).run()
    at.multiselect(key="search_fields_tfidf_svm").set_value(["C"]).run()
    at.number_input(key="search_most").set_value(30).run()
    at.selectbox(key="search_pruning").set_value("halving").run()
    at.number_input(key="search_workers").set_value(3).run()
    at.number_input(key="search_largest").set_value(0.07).run()
    at.number_input(key="search_slowest").set_value(0.29).run()
    assert not at.exception
    at.switch_page("../pages/data.py").run()
    at.switch_page("../pages/model.py").run()
    again = open_page("model", project=trained.project)  # as after a reload
    for page in (at, again):
        assert not page.exception
        assert page.get_by_key("search_kind").value == "settings"
        assert page.select_slider(key="search_minutes").value == 45
        assert page.multiselect(key="search_fields_tfidf_svm").value == ["C"]
        numbers = {name: page.number_input(key=f"search_{name}").value for name in ("most", "workers", "largest", "slowest")}  # fmt: skip
        assert numbers == {"most": 30, "workers": 3, "largest": 0.07, "slowest": 0.29}
        assert page.selectbox(key="search_pruning").value == "halving"
    again.get_by_key("search_kind").set_value("ladder").run()
    again.get_by_key("search_kind").set_value("settings").run()
    assert again.number_input(key="search_most").value == 30, "what is hidden for a while is kept"
    again.button(key="search_start").click().run()
    plan = shown(workspace, trained.project).plan
    assert (plan.minutes, plan.fields, plan.most, plan.pruning, plan.workers) == (
        45,
        ("C",),
        30,
        "halving",
        3,
    )
    assert (plan.largest, plan.slowest) == (70_000, pytest.approx(0.00029))
    other = workspace.projects.create("Another")
    assert workspace.searches.draft(other.id).kind == "ladder", "each project has its own"


def test_without_a_setting_the_start_says_why_it_is_off(trained: Any, open_page: Any) -> None:
    at = settings_of(trained, open_page)
    at.multiselect(key="search_fields_tfidf_svm").set_value([]).run()
    start = at.button(key="search_start")
    assert start.disabled
    assert "at least one setting" in said(at), "in view: a finger does not hover"


def test_a_search_is_stopped_by_a_button_and_goes_on_by_another(
    trained: Any, open_page: Any, workspace: Workspace, light: None
) -> None:
    at = open_page("model", project=trained.project)
    at.button(key="search_start").click().run()
    at.button(key="search_stop").click().run()
    assert not at.exception
    assert shown(workspace, trained.project).state == "ended"
    assert "No candidate got to its end" in said(at)
    assert "Not tried to the end yet: " in said(at)
    tab = open_page("model", project=trained.project)
    for one in (at, tab):
        one.select_slider(key="search_more_minutes").set_value(30)
        one.button(key="search_more").click().run()
        assert not one.exception
        assert one.button(key="search_stop")
    longer = shown(workspace, trained.project)
    assert (len(longer.jobs), longer.plan.minutes) == (2, 30)


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "4 processes at once take about"), ("zh-CN", "同时运行4个进程约需")]
)
def test_more_processes_than_the_memory_holds_are_warned_of(
    trained: Any,
    open_page: Any,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    locale: str,
    words: str,
) -> None:
    recipe = workspace.recipes.draft(trained.project)
    assert recipe is not None
    needed = workspace.recipes.estimate(trained.project, recipe).memory_bytes
    monkeypatch.setattr(costs, "machine", lambda: Machine(2, 3 * needed))
    for workers, warned in ((2, False), (4, True)):
        left = SearchDraft(kind="settings", plan=Plan(workers=workers))
        workspace.searches.keep_draft(trained.project, left)
        at = open_page("model", locale=locale, project=trained.project)
        assert not at.exception
        assert (words in said(at)) == warned
