"""The search on the model page: its form, what it shows while it goes on, and what one does with what it found."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.services import searching
from engine.services.inline import run_waiting
from engine.workspace import Search, Workspace
from tests.pages.test_model import said


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rungs without TensorFlow."""
    real = searching._rungs
    monkeypatch.setattr(
        searching, "_rungs", lambda *given: [r for r in real(*given) if not r.needs_tensorflow]
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


def test_without_a_setting_the_start_says_why_it_is_off(trained: Any, open_page: Any) -> None:
    at = settings_of(trained, open_page)
    at.multiselect(key="search_fields_tfidf_svm").set_value([]).run()
    start = at.button(key="search_start")
    assert start.disabled
    assert "at least one setting" in start.help


def test_a_search_is_stopped_by_a_button(trained: Any, open_page: Any, workspace: Workspace) -> None:
    at = open_page("model", project=trained.project)
    at.button(key="search_start").click().run()
    at.button(key="search_stop").click().run()
    assert not at.exception
    assert shown(workspace, trained.project).state == "ended"
    assert "No candidate got to its end" in said(at)
