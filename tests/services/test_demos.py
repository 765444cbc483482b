"""Demos: what is published, and what an owner may change, switch, revoke and read of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from engine.data.schema import ROW_ID
from engine.errors import NotFound
from engine.i18n import LOCALES, render_error
from engine.packaging.bundle import open_bundle
from engine.services import demo_terms, publishing, splits
from engine.services.demo_errors import (
    DemoChanged,
    DemoInvalid,
    DemoRevoked,
    ParityTooLow,
    RunUnpublishable,
)
from engine.services.draining import drain
from engine.serving.publication import PUBLISHED, token_digest
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, read_entries
from engine.storage.inbox_writer import Inbox
from engine.storage.tables import demo, demo_alert, new_id
from engine.workspace import Workspace, open_workspace
from tests.feedback_rows import said
from tests.services.sharing import Made, bundle_of, document, lower_parity, published, row_of


def test_publishing_hands_over_a_signed_document_and_a_signed_bundle(
    made: Made, workspace: Workspace
) -> None:
    found, token = workspace.demos.publish(
        made.svm, title="  餐馆评论 <b> ", description="Try it", consent="ok", examples=[{"text": "good food"}],
        languages=["zh_CN", "en"],
    )  # fmt: skip
    assert (found.title, found.state, found.serial, found.live) == ("餐馆评论 <b>", "on", 1, True)
    assert found.current is not None
    assert (found.current.run_id, found.current.number, found.former) == (made.svm, 1, None)
    assert found.languages == ("en", "zh_CN")
    said = published(token)
    assert (said.demo, said.serial, said.state, said.caveat, said.synthetic) == (
        found.id,
        1,
        "on",
        None,
        False,
    )
    assert said.inputs == ("text",)
    assert said.classes == ("complaint", "praise")
    assert said.examples == ({"text": "good food"},)
    assert (said.model.number, said.former) == (1, None)
    public = publishing.signing_key().public
    assert (
        open_bundle(bundle_of(said.model), trusted=public, digest=said.model.bundle).schema.classes
        == said.classes
    )
    assert [p.kind for p in workspace.demos.history(found.id)] == ["publish"]
    assert workspace.demos.link(token).endswith(f"/?d={token}")
    assert [d.id for d in workspace.demos.list(made.project)] == [found.id]


def test_only_the_hash_of_a_link_is_stored(made: Made, workspace: Workspace, bentu_home: Path) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    renewed = workspace.demos.renew_link(found.id)
    workspace.scope.engine.dispose()
    assert len(token) == len(renewed) == 32, "192 bits"
    for path in bentu_home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert token.encode() not in content and renewed.encode() not in content, path
    assert row_of(workspace, found.id).token_digest == hashlib.sha256(renewed.encode()).hexdigest()


def test_a_double_click_makes_one_demo_with_one_link(made: Made, workspace: Workspace) -> None:
    first, token = workspace.demos.publish(made.svm, title="a", idempotency="click")
    second, again = workspace.demos.publish(made.svm, title="a", idempotency="click")
    other, third = open_workspace("somebody").demos, workspace.demos.publish(made.svm, title="a")[1]
    assert (first.id, token) == (second.id, again)
    assert third != token
    assert other._named("click")[1] != token, "another owner's click is another link"
    assert len(workspace.demos.list(made.project)) == 2
    assert [v.number for v in workspace.demos.versions(first.id)] == [1]


def test_a_run_without_a_model_is_not_shared(made: Made, workspace: Workspace) -> None:
    waiting = workspace.runs.submit(made.project, workspace.runs.get(made.majority).recipe)
    with pytest.raises(RunUnpublishable):
        workspace.demos.publish(waiting.id, title="a")
    with pytest.raises(NotFound):
        workspace.demos.publish("run_no", title="a")
    assert workspace.demos.list(made.project) == []


def test_a_package_that_disagrees_is_shared_only_with_a_reason_that_visitors_read(
    made: Made, workspace: Workspace
) -> None:
    lower_parity(workspace, made.svm)
    for reason in ("", "  \n"):
        with pytest.raises(ParityTooLow) as caught:
            workspace.demos.publish(made.svm, title="a", override_reason=reason)
    for locale in LOCALES:
        what, _ = render_error(caught.value, locale)
        assert "99.49 %" in what and "240" in what and "99.5 %" in what, (
            "never rounded up to what is required"
        )
    assert not list((demo_home() / PUBLISHED).glob("*")) if (demo_home() / PUBLISHED).exists() else True
    found, token = workspace.demos.publish(made.svm, title="a", override_reason=" A trial among friends ")
    assert found.current is not None
    assert found.current.override_reason == published(token).caveat == "A trial among friends"


def test_a_reason_that_nobody_needed_is_not_shown(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a", override_reason="just in case")
    assert found.current is not None
    assert found.current.override_reason is None
    assert published(token).caveat is None


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " \n"}, {"title": "x" * 201}, {"description": "x" * 2001}, {"consent": "x" * 2001},
        {"examples": [{"text": " "}]}, {"examples": [{"other": "x"}]}, {"examples": [{"text": "a", "label": "b"}]},
        {"examples": ["text"]}, {"examples": [{"text": "x" * 2001}]}, {"examples": [{"text": "x"}] * 9},
        {"languages": []}, {"languages": ["de"]}, {"languages": ["en", "de"]},
        {"expires": datetime.now(UTC) - timedelta(seconds=1)},
    ],
)  # fmt: skip
def test_what_an_owner_writes_is_stored_whole_or_refused(
    made: Made, workspace: Workspace, fields: dict[str, Any]
) -> None:
    with pytest.raises(DemoInvalid) as caught:
        workspace.demos.publish(made.svm, **{"title": "a", **fields})
    assert all(render_error(caught.value, "en"))
    assert workspace.demos.list(made.project) == []
    found, token = workspace.demos.publish(made.svm, title="a")
    with pytest.raises(DemoInvalid):
        workspace.demos.edit(found.id, found.serial, **fields)
    assert published(token).serial == 1


def test_editing_reaches_visitors_and_an_older_tab_is_told(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    changed = workspace.demos.edit(
        found.id, found.serial, title="b", examples=[{"text": "x"}], languages=["en"]
    )
    assert (changed.title, changed.serial) == ("b", 2)
    assert (published(token).title, published(token).serial, published(token).languages) == ("b", 2, ("en",))
    with pytest.raises(DemoChanged) as caught:
        workspace.demos.edit(found.id, found.serial, title="c")
    assert "settings were changed at" in render_error(caught.value, "en")[0]
    assert workspace.demos.get(found.id).title == "b"


def test_saving_again_mends_a_damaged_model(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    place = bundle_of(published(token).model)
    (place / "recipe.yaml").write_text("tampered")
    again = workspace.demos.edit(found.id, found.serial)
    assert again.title == "a"
    said = published(token)
    assert said.serial == again.serial == 2
    open_bundle(bundle_of(said.model), trusted=publishing.signing_key().public, digest=said.model.bundle)


def test_off_on_and_a_new_link(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    assert not workspace.demos.switch(found.id, False).live
    assert published(token).state == "off"
    assert workspace.demos.switch(found.id, True).live
    renewed = workspace.demos.renew_link(found.id)
    assert document(token) is None, "the former link is dead"
    assert published(renewed).serial > 1
    assert len(list((demo_home() / PUBLISHED).glob("*.json"))) == 1


def test_switching_to_what_is_so_already_changes_nothing(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.svm, title="a")
    assert workspace.demos.switch(found.id, True).serial == found.serial


def test_a_revoked_demo_is_dead_and_stays_so(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.majority, title="a")
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    gone = workspace.demos.revoke(found.id)
    assert (gone.state, gone.live, document(token)) == ("revoked", False, None)
    acts: list[Callable[[], object]] = [
        lambda: workspace.demos.switch(found.id, True), lambda: workspace.demos.renew_link(found.id),
        lambda: workspace.demos.edit(found.id, gone.serial, title="b"),
        lambda: workspace.demos.promote(found.id, made.svm, gone.serial), lambda: workspace.demos.back(found.id, gone.serial),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(DemoRevoked):
            act()
    assert workspace.demos.revoke(found.id).serial == gone.serial, "a second click is no error"
    publishing.sync_publications(workspace.scope.engine)
    assert document(token) is None


def test_the_end_is_told_by_the_clock_of_the_database(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.services import demos as module

    found, token = workspace.demos.publish(made.svm, title="a", expires=now() + timedelta(hours=1))
    assert (found.expired, found.live) == (False, True)
    assert published(token).expires == found.expires
    monkeypatch.setattr(module, "now", lambda: now() + timedelta(days=1))
    assert not workspace.demos.get(found.id).expired, "a wrong clock in this process ends nothing"
    with write(workspace.scope.engine) as connection:
        connection.execute(update(demo).values(expires=datetime.now(UTC) - timedelta(seconds=2)))
    ended = workspace.demos.get(found.id)
    assert (ended.state, ended.expired, ended.live) == ("on", True, False)
    longer = workspace.demos.edit(found.id, ended.serial, expires=None)
    assert longer.live
    assert published(token).expires is None


def test_what_the_demo_process_reported_is_shown_in_words(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.svm, title="a")
    error = {"code": "BUNDLE_DAMAGED", "params": {"problem": {"message": "the file {file} was added, removed or changed", "params": {"file": "model/w.npy"}}}}  # fmt: skip
    with write(workspace.scope.engine) as connection:
        connection.execute(
            insert(demo_alert).values(
                id=new_id("alr"),
                owner=workspace.scope.owner,
                demo_id=found.id,
                key="k",
                error=error,
                at=now(),
            )
        )
    (alert,) = workspace.demos.alerts(found.id)
    assert "model/w.npy" in render_error(alert.error, "en")[0]


def test_examples_come_from_the_train_part_only(made: Made, workspace: Workspace) -> None:
    found = workspace.demos.suggest_examples(made.svm)
    assert 2 <= len(found) <= 3
    assert found == workspace.demos.suggest_examples(made.svm), "the same ones each time"
    split_id = workspace.runs.get(made.svm).split_id
    assert split_id
    parts = splits.assignment(workspace.scope, split_id)
    frame, _ = workspace.datasets.rows(made.version, limit=1000)
    train = set(frame[frame[ROW_ID].isin(parts.index[parts == "train"])]["text"])
    assert {e["text"] for e in found} <= train
    labels = {frame.set_index("text")["label"].to_dict()[e["text"]] for e in found}
    assert len(labels) == 2, "one of each class"
    workspace.demos.publish(made.svm, title="a", examples=found)


def test_texts_of_somebody_are_not_suggested(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_terms, "_first_rows", lambda *_: 0)
    assert workspace.demos.suggest_examples(made.svm) == [], "rows that were added from feedback"


@pytest.mark.parametrize("locale", LOCALES)
def test_the_state_of_the_process_for_strangers_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    assert workspace.demos.server().reachable == "here"
    assert not workspace.demos.server().alive
    monkeypatch.setenv("BENTU_DEMO_ADDRESS", "0.0.0.0")
    assert workspace.demos.server().reachable == "network"
    monkeypatch.setenv("BENTU_DEMO_URL", "https://demo.example/")
    assert workspace.demos.server().reachable == "proxy"
    assert workspace.demos.link("T" * 32) == "https://demo.example/?d=" + "T" * 32


def test_what_a_killed_deletion_left_in_the_inbox_goes_at_the_next_start(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = (workspace.demos.publish(made.svm, title=title)[0] for title in ("gone", "kept"))
    inbox = Inbox(demo_home())
    for each in (gone, kept):
        inbox.append("feedback", each.id, "k", said("a secret"))
    inbox.close()
    drain(workspace.scope.engine, demo_home())
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "forget", lambda *_: None)
        workspace.demos.delete(gone.id)
    publishing.sync_publications(workspace.scope.engine)
    assert [e.demo for e in read_entries(demo_home() / FILE, 0, 10)] == [kept.id]


def test_a_demo_whose_files_cannot_be_written_holds_up_no_other(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    demos = [workspace.demos.publish(made.svm, title=title) for title in ("1", "2", "3")]
    settle = publishing.settle

    def failing(engine: Engine, demo_id: str, *more: str) -> None:
        if demo_id == demos[1][0].id:
            raise PermissionError(13, "Permission denied")
        settle(engine, demo_id, *more)

    for _, token in demos:
        (demo_home() / PUBLISHED / f"{token_digest(token)}.json").unlink()
    monkeypatch.setattr(publishing, "settle", failing)
    assert publishing.sync_publications(workspace.scope.engine) == 2
    assert [document(token) is not None for _, token in demos] == [True, False, True]
