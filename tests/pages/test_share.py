"""Sharing a run: the form and what it asks for, the link that is shown once, who can open it, and the ways to the page."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import update

from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import run
from engine.workspace import Workspace
from tests.pages.conftest import OpenPage, Trained
from tests.pages.share_steps import LOCALES, primaries, said, shared, use_a_free_port


@pytest.fixture(autouse=True)
def port_for_demos(monkeypatch: pytest.MonkeyPatch) -> None:
    use_a_free_port(monkeypatch)


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
