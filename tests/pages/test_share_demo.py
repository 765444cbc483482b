"""A demo's card on the share page: its sections, switch, link, words and reports, and several demos beside each other."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from engine.services.inline import run_waiting
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import demo_alert, new_id
from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, Trained
from tests.pages.share_steps import (
    LINK,
    LOCALES,
    MODEL,
    REPORTS,
    WORDS,
    keys,
    open_tab,
    primaries,
    said,
    shared,
    use_a_free_port,
)


@pytest.fixture(autouse=True)
def port_for_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    use_a_free_port(monkeypatch)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_section_opens_in_both_languages(
    trained: Trained, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    shared(workspace, trained.majority, "<i>*a*</i> $x$")
    run_waiting(workspace.scope)
    at = open_page("share", locale=locale, project=trained.project)
    assert len(at.tabs) == 4
    for place in (WORDS, MODEL, REPORTS, LINK):
        open_tab(at, place)
        assert not at.exception
        assert not at.error
        assert primaries(at) == []


def test_a_demo_is_switched_off_and_on(trained: Trained, workspace: Workspace, open_page: OpenPage) -> None:
    demo = shared(workspace, trained.svm)
    at = open_page("share", project=trained.project)
    at.toggle(key=f"demo_on_{demo.id}").set_value(False).run()
    assert workspace.demos.get(demo.id).state == "off"
    assert not at.toggle(key=f"demo_on_{demo.id}").value
    at.toggle(key=f"demo_on_{demo.id}").set_value(True).run()
    assert workspace.demos.get(demo.id).live


def test_a_new_link_is_asked_for_and_then_shown(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    at = open_tab(open_page("share", project=trained.project), LINK)
    at.button(key=f"renew_{demo.id}").click().run()
    assert "stops working at once" in said(at)
    assert workspace.demos.get(demo.id).serial == 1, "asking does nothing"
    at.button(key=f"renew_yes_{demo.id}").click().run()
    assert not at.exception
    assert workspace.demos.get(demo.id).serial == 2
    assert [c for c in at.code if "/?d=" in c.value]


def test_revoking_takes_two_steps_and_says_what_follows(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    at = open_tab(open_page("share", project=trained.project), LINK)
    at.button(key=f"revoke_{demo.id}").click().run()
    assert "cannot be undone" in said(at)
    at.button(key=f"revoke_no_{demo.id}").click().run()
    assert workspace.demos.get(demo.id).live
    at.button(key=f"revoke_{demo.id}").click().run()
    at.button(key=f"revoke_yes_{demo.id}").click().run()
    assert not at.exception
    assert workspace.demos.get(demo.id).state == "revoked"
    assert f"demo_on_{demo.id}" not in {w.key for w in at.toggle}
    assert "visitors were answered by **version 1**" in said(open_tab(at, MODEL))
    for place in range(4):
        assert not open_tab(at, place).exception
    assert not {f"renew_{demo.id}", f"revoke_{demo.id}", f"promote_{demo.id}"} & keys(at)


def test_deleting_a_demo_leaves_the_form_for_the_next(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    at = open_tab(open_page("share", project=trained.project), LINK)
    at.button(key=f"demo_delete_{demo.id}").click().run()
    at.button(key=f"delete_yes_{demo.id}").click().run()
    assert not at.exception
    assert workspace.demos.list(trained.project) == []
    assert "publish_go" in keys(at)


def test_words_are_changed_where_they_stand(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    at = open_tab(open_page("share", project=trained.project), WORDS)
    at.text_input(key=f"edit_{demo.id}_1_title").set_value("New words")
    at.button(key=f"edit_save_{demo.id}").click().run()
    assert not at.exception
    assert (workspace.demos.get(demo.id).title, workspace.demos.get(demo.id).serial) == ("New words", 2)
    at.text_input(key=f"edit_{demo.id}_2_title").set_value(" ")
    at.button(key=f"edit_save_{demo.id}").click().run()
    assert "needs a title" in at.error[0].value
    assert workspace.demos.get(demo.id).title == "New words"


@pytest.mark.parametrize("locale", LOCALES)
def test_what_the_demo_process_reported_is_said_with_what_to_do(
    trained: Trained, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    demo = shared(workspace, trained.svm)
    error = {"code": "BUNDLE_DAMAGED", "params": {"problem": {"message": "the file {file} was added, removed or changed", "params": {"file": "model/<b>.npy"}}}}  # fmt: skip
    values: dict[str, Any] = {"id": new_id("alr"), "owner": workspace.scope.owner, "demo_id": demo.id}
    with write(workspace.scope.engine) as connection:
        connection.execute(insert(demo_alert).values(**values, key="k", error=error, at=now()))
    at = open_tab(open_page("share", locale=locale, project=trained.project), REPORTS)
    assert not at.exception
    assert any("model/" in w.value.replace("\\", "") for w in at.warning)
    assert not any("<b>" in w.value for w in at.warning), "a file's name is not markup"


def test_the_model_is_handed_over_again_and_the_warning_goes(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    demo = shared(workspace, trained.svm)
    error = {"code": "BUNDLE_DAMAGED", "params": {"problem": {"message": "{file} cannot be read", "params": {"file": "manifest.json"}}}}  # fmt: skip
    with write(workspace.scope.engine) as connection:
        connection.execute(
            insert(demo_alert).values(
                id=new_id("alr"), owner=workspace.scope.owner, demo_id=demo.id, key="k", error=error, at=now()
            )
        )
    at = open_page("share", project=trained.project)
    assert any("reported" in w.value for w in at.warning), "on the demo's card, whatever section is open"
    open_tab(at, REPORTS)
    at.button(key=f"again_{demo.id}").click().run()
    assert not at.exception
    assert workspace.demos.get(demo.id).serial == 2
    assert not any("reported" in w.value for w in at.warning)
    assert any("manifest" in w.value for w in at.warning), "it stays in the reports"


def test_several_demos_are_listed_and_one_is_shown(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    first, second = shared(workspace, trained.svm, "first"), shared(workspace, trained.majority, "second")
    at = open_page("share", project=trained.project)
    assert at.subheader[0].value == "second"
    at.button(key=f"demo_show_{first.id}").click().run()
    assert at.subheader[0].value == "first"
    assert f"demo_show_{second.id}" in keys(at)
    at.button(key="share_another").click().run()
    assert primaries(at) == ["publish_go"]
    at.button(key="publish_not").click().run()
    assert at.subheader[0].value == "first"
    at.button(key="share_another").click().run()
    at.button(key=f"demo_show_{second.id}").click().run()
    assert at.subheader[0].value == "second", "a demo that one asks for puts the form away"
