"""Share: the empty page, the form, the link that is shown once, the switch, and another run in the demo's place."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from sqlalchemy import insert, update
from streamlit.testing.v1 import AppTest

from engine.services.inline import run_waiting
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import demo_alert, new_id, run
from engine.workspace import Demo, Workspace
from tests.pages.conftest import OpenPage, Trained, texts

LOCALES = ["en-US", "zh-CN"]
MODEL, LINK, WORDS, REPORTS = 0, 1, 2, 3


@pytest.fixture(autouse=True)
def port_for_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that nobody uses: the page says so where another program has it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("BENTU_DEMO_PORT", str(free.getsockname()[1]))


def primaries(at: AppTest) -> list[str | None]:
    return [b.key for b in at.button if b.proto.type == "primary"]


def keys(at: AppTest) -> set[str | None]:
    return {b.key for b in at.button}


def said(at: AppTest) -> str:
    return texts(at).replace("\\", "").replace("\u2060", "")


def open_tab(at: AppTest, place: int) -> AppTest:
    """Open a section, as a click on its tab would."""
    at.session_state["share_sections"] = [tab.label for tab in at.tabs][place]
    return at.run()


def shared(ws: Workspace, run_id: str, title: str = "Tasting") -> Demo:
    return ws.demos.publish(run_id, title=title)[0]


@pytest.mark.parametrize("locale", LOCALES)
def test_without_a_run_the_page_leads_to_the_models(
    workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    workspace.projects.create("empty")
    at = open_page("share", locale=locale)
    assert not at.exception
    assert primaries(at) == ["share_empty"]
    at.button(key="share_empty").click().run()
    assert at.title[0].value == {"en-US": "Model", "zh-CN": "模型"}[locale]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_run_is_shared_and_its_link_is_shown_once(
    trained: Trained, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    at = open_page("share", locale=locale, project=trained.project, run=trained.svm)
    assert not at.exception
    assert primaries(at) == ["publish_go"]
    assert not at.button(key="publish_go").disabled
    key = f"publish_{trained.svm}"
    assert at.text_input(key=f"{key}_title").value == workspace.projects.get(trained.project).name
    consent = at.text_area(key=f"{key}_consent")
    assert consent.value == ""
    words = {"en-US": "improve the model", "zh-CN": "改进模型"}[locale]
    assert words in consent.placeholder, "the standard line, which each visitor reads in their language"
    at.text_input(key=f"{key}_title").set_value("Is it a complaint? <b>")
    at.text_area(key=f"{key}_description").set_value("Reviews of *food*")
    at.selectbox(key=f"{key}_ends").set_value(7)
    at.button(key="publish_go").click().run()
    assert not at.exception
    assert not at.error
    (demo,) = workspace.demos.list(trained.project)
    assert (demo.title, demo.description, demo.languages) == (
        "Is it a complaint? <b>",
        "Reviews of *food*",
        ("en", "zh_CN"),
    )
    assert demo.current is not None and demo.current.run_id == trained.svm
    assert demo.expires is not None and 6 < (demo.expires - now()).days + 1 < 9
    assert demo.examples == tuple(workspace.demos.suggest_examples(trained.svm))
    (link,) = [c.value for c in at.code if "/?d=" in c.value]
    assert len(link.split("/?d=")[1]) == 32
    at.button(key=f"link_done_{demo.id}").click().run()
    assert not [c for c in at.code if "/?d=" in c.value]
    assert not [
        c for c in open_page("share", locale=locale, project=trained.project).code if "/?d=" in c.value
    ]


def test_the_examples_are_the_owners_to_change(
    trained: Trained, workspace: Workspace, open_page: OpenPage
) -> None:
    at = open_page("share", project=trained.project, run=trained.svm)
    key = f"publish_{trained.svm}"
    assert "never from the sealed test rows" in said(at)
    at.session_state[f"{key}_examples"] = {
        "edited_rows": {"0": {"text": "my own"}}, "deleted_rows": [1], "added_rows": [{"text": "one more"}, {}],
    }  # fmt: skip
    at.run()
    at.button(key="publish_go").click().run()
    (demo,) = workspace.demos.list(trained.project)
    suggested = workspace.demos.suggest_examples(trained.svm)
    assert [e["text"] for e in demo.examples] == ["my own", *[e["text"] for e in suggested[2:]], "one more"]


@pytest.mark.parametrize("locale", LOCALES)
def test_below_the_required_agreement_the_button_waits_for_a_reason(
    trained: Trained, workspace: Workspace, open_page: OpenPage, locale: str
) -> None:
    with write(workspace.scope.engine) as connection:
        parity = {"n": 100, "agreement": 0.98, "max_difference": 0.5, "seconds": 1.0, "ok": False}
        connection.execute(update(run).where(run.c.id == trained.svm).values(parity=parity))
    at = open_page("share", locale=locale, project=trained.project, run=trained.svm)
    assert at.button(key="publish_go").disabled
    assert {"en-US": "First write why", "zh-CN": "请先写明"}[locale] in said(at), (
        "the reason stands beside the button"
    )
    at.text_area(key="publish_reason").set_value("among friends").run()
    at.button(key="publish_go").click().run()
    assert not at.exception
    (demo,) = workspace.demos.list(trained.project)
    assert demo.current is not None
    assert demo.current.override_reason == "among friends"
    assert "among friends" in said(at)


def test_without_a_title_or_a_language_the_button_says_what_is_missing(
    trained: Trained, open_page: OpenPage
) -> None:
    at = open_page("share", project=trained.project, run=trained.svm)
    at.text_input(key=f"publish_{trained.svm}_title").set_value("  ").run()
    assert at.button(key="publish_go").disabled
    assert "First give it a title." in said(at)
    at.button_group(f"publish_{trained.svm}_languages").set_value([]).run()
    assert "First give it a title, and choose at least one language." in said(at)


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


@pytest.mark.parametrize("locale", LOCALES)
def test_a_port_that_somebody_else_uses_is_named(
    trained: Trained, workspace: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    shared(workspace, trained.svm)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv("BENTU_DEMO_PORT", port)
        at = open_page("share", locale=locale, project=trained.project)
        assert not at.exception
        assert port in at.error[0].value
        assert "BENTU" in at.error[0].value


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


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("name", "value"), [("", ""), ("BENTU_DEMO_ADDRESS", "0.0.0.0"), ("BENTU_DEMO_URL", "https://x.example")]
)
def test_the_page_tells_who_can_open_a_link(
    trained: Trained, workspace: Workspace, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, locale: str, name: str,
    value: str,
) -> None:  # fmt: skip
    if name:
        monkeypatch.setenv(name, value)
    at = open_page("share", locale=locale, project=trained.project)
    words = {
        "": ("Only this computer", "仅限本机"), "BENTU_DEMO_ADDRESS": ("over the network", "通过网络"),
        "BENTU_DEMO_URL": ("Everybody who can open", "凡能打开"),
    }  # fmt: skip
    assert words[name][LOCALES.index(locale)] in said(at)


def test_evaluate_leads_here(trained: Trained, open_page: OpenPage) -> None:
    at = open_page("evaluate", project=trained.project, run=trained.majority)
    at.button(key="evaluate_to_share").click().run()
    assert not at.exception
    assert at.title[0].value == "Share"
    assert at.selectbox(key="publish_run").value == trained.majority


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
