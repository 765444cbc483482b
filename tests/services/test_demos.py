"""Demos: what is published, who may change it, what survives a kill between two steps, and what goes when a demo goes."""

from __future__ import annotations

import hashlib
import inspect
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine.data.readers import ReadOptions
from engine.data.schema import ROW_ID
from engine.errors import BentuError, NotFound
from engine.feedback.gate import CandidateWorse
from engine.i18n import LOCALES, render_error
from engine.packaging.bundle import open_bundle
from engine.packaging.signing import key_id
from engine.services import demo_terms, publishing, splits
from engine.services.demo_errors import (
    AlreadyServing,
    ComparisonMissing,
    DemoChanged,
    DemoInvalid,
    DemoRevoked,
    NoFormerVersion,
    ParityTooLow,
    RunUnpublishable,
)
from engine.services.demos import Demos
from engine.services.inline import run_waiting
from engine.services.runs import RunServes
from engine.services.scope import Scope
from engine.serving.publication import (
    BUNDLES,
    PUBLISHED,
    Publication,
    PublishedModel,
    read_publication,
    token_digest,
    write_publication,
)
from engine.storage.clock import now
from engine.storage.database import read, write
from engine.storage.home import demo_home
from engine.storage.tables import demo, demo_alert, feedback, model_version, new_id, promotion, run
from engine.workspace import Demo, Workspace, open_workspace

ROOT = Path(__file__).parents[2]
CSV = "text,label\n" + "".join(
    f"{'good' if i % 3 else 'bad'} food number {i},{'praise' if (i % 3 and i % 11) or i % 29 == 0 else 'complaint'}\n"
    for i in range(240)
)
"""Rows that a linear model mostly tells apart."""


@dataclass(frozen=True)
class Made:
    """A project with three finished runs: the majority class, and the linear SVM twice."""

    project: str
    version: str
    majority: str
    svm: str
    again: str


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    home = tmp_path_factory.mktemp("demos") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTU_HOME", str(home))
        ws = open_workspace()
        project = ws.projects.create("Reviews").id
        upload = ws.datasets.stage(CSV.encode(), "reviews.csv")
        roles = {"text": "input", "label": "label"}
        ws.datasets.start_import(project, upload.id, "reviews", ReadOptions(), roles, upload.id)
        run_waiting(ws.scope)
        families = ("majority", "tfidf_svm", "tfidf_svm")
        runs = [ws.runs.submit(project, ws.recipes.choose(project, name, "quick")) for name in families]
        run_waiting(ws.scope)
        assert [ws.runs.get(r.id).state for r in runs] == ["succeeded"] * 3
        for pair in ((0, 1), (1, 0), (1, 2)):
            ids = [runs[i].id for i in pair]
            ws.evaluations.start_comparison(ids, "validation", "macro_f1")
        run_waiting(ws.scope)
        ws.scope.engine.dispose()
        return home, Made(project, runs[0].version_id, *(r.id for r in runs))


@pytest.fixture
def made(made_home: tuple[Path, Made], bentu_home: Path) -> Made:
    """A copy of that home as this test's own; ask for it before `workspace`."""
    home, ids = made_home
    shutil.copytree(home, bentu_home, dirs_exist_ok=True)
    return ids


def document(token: str) -> Publication | None:
    return read_publication(demo_home(), token_digest(token), publishing.signing_key().public)


def published(token: str) -> Publication:
    found = document(token)
    assert found is not None
    return found


def bundle_of(model: PublishedModel) -> Path:
    return demo_home() / BUNDLES / model.bundle


def lower_parity(ws: Workspace, run_id: str) -> None:
    with write(ws.scope.engine) as connection:
        parity = {"n": 240, "agreement": 0.99496, "max_difference": 0.2, "seconds": 1.0, "ok": False}
        connection.execute(update(run).where(run.c.id == run_id).values(parity=parity))


def row_of(ws: Workspace, demo_id: str) -> Any:
    with read(ws.scope.engine) as connection:
        return connection.execute(select(demo).where(demo.c.id == demo_id)).one()


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


def test_promoting_needs_the_comparison_and_stops_what_is_worse(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.again, title="a")
    with pytest.raises(ComparisonMissing):
        workspace.demos.promote(found.id, made.majority, found.serial)
    view = workspace.demos.gate(found.id, made.majority)
    assert (view.part, view.metric, view.difference) == ("validation", "macro_f1", None)
    workspace.demos.start_gate(found.id, made.majority)
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, made.majority)
    assert view.difference is not None
    assert view.difference.verdict == "worse"
    with pytest.raises(CandidateWorse) as caught:
        workspace.demos.promote(found.id, made.majority, found.serial)
    assert f"{view.difference.difference * 100:+.1f}" in render_error(caught.value, "zh_CN")[0]
    assert workspace.demos.get(found.id).serial == 1
    assert published(token).model.number == 1


def test_both_opened_are_compared_on_the_sealed_rows(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.majority, title="a")
    workspace.evaluations.open_test(made.majority, "to share")
    run_waiting(workspace.scope)
    assert workspace.demos.gate(found.id, made.svm).part == "validation"
    workspace.evaluations.open_test(made.svm, "to share")
    run_waiting(workspace.scope)
    assert workspace.demos.gate(found.id, made.svm).part == "test"
    with pytest.raises(ComparisonMissing):
        workspace.demos.promote(found.id, made.svm, found.serial)
    workspace.demos.start_gate(found.id, made.svm)
    run_waiting(workspace.scope)
    workspace.demos.promote(found.id, made.svm, found.serial)
    assert workspace.demos.history(found.id)[0].part == "test"


def test_a_run_on_a_version_made_of_corrections_takes_the_place_on_the_same_rows(
    made: Made, workspace: Workspace
) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    add_feedback(
        workspace, found, "accepted", label="complaint", text="cold soup and a rude waiter, my own words"
    )
    workspace.corrections.start_preview(made.version)
    run_waiting(workspace.scope)
    preview = workspace.corrections.preview(made.version)
    assert preview is not None
    job = workspace.corrections.start(made.version, preview.key)
    run_waiting(workspace.scope)
    child = str((workspace.jobs.get(job.id).result or {})["version_id"])
    again = workspace.corrections.retrain(made.svm, child)
    run_waiting(workspace.scope)
    suggested = {e["text"] for e in workspace.demos.suggest_examples(again.id)}
    assert suggested and not any("rude waiter" in text for text in suggested), (
        "a visitor's text is not for visitors"
    )
    workspace.demos.start_gate(found.id, again.id)
    run_waiting(workspace.scope)
    view = workspace.demos.gate(found.id, again.id)
    assert view.difference is not None
    assert view.difference.n == 24
    found = workspace.demos.promote(found.id, again.id, found.serial)
    assert published(token).model.number == 2
    circle = workspace.projects.circle(made.project)
    assert (circle.demos, circle.live, circle.accepted, circle.untrained, circle.runs_since) == (
        1,
        1,
        0,
        0,
        0,
    )


def test_promote_and_back_with_what_let_it_pass(made: Made, workspace: Workspace) -> None:
    demos = workspace.demos
    found, token = demos.publish(made.majority, title="a")
    found = demos.promote(found.id, made.svm, found.serial)
    assert found.current is not None and found.former is not None
    assert (found.current.run_id, found.current.number, found.former.number) == (made.svm, 2, 1)
    said = published(token)
    assert said.former is not None
    assert (said.serial, said.model.number, said.former.number) == (2, 2, 1)
    with pytest.raises(AlreadyServing):
        demos.gate(found.id, made.svm)
    latest = demos.history(found.id)[0]
    assert latest.comparison is not None
    assert (latest.kind, latest.version_number, latest.former_number, latest.part) == (
        "promote",
        2,
        1,
        "validation",
    )
    assert latest.comparison.verdict == "better"

    found = demos.promote(found.id, made.again, found.serial)
    found = demos.back(found.id, found.serial)
    assert found.current is not None and found.former is not None
    assert (found.current.number, found.former.number) == (2, 1), "back twice goes back twice, not to and fro"
    found = demos.back(found.id, found.serial)
    assert found.current is not None
    assert (found.current.number, found.former) == (1, None)
    assert (published(token).model.number, published(token).former, published(token).serial) == (1, None, 5)
    with pytest.raises(NoFormerVersion):
        demos.back(found.id, found.serial)
    found = demos.promote(found.id, made.svm, found.serial)
    assert found.current is not None
    assert found.current.number == 2, "the same run stays the same version"
    assert [v.number for v in demos.versions(found.id)] == [3, 2, 1]
    assert [p.kind for p in demos.history(found.id)] == [
        "promote",
        "back",
        "back",
        "promote",
        "promote",
        "publish",
    ]


def test_back_knows_its_way_when_the_clock_was_set_back(
    made: Made, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = workspace.demos.publish(made.majority, title="a")
    from engine.services import promotions

    monkeypatch.setattr(promotions, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    assert found.former is not None
    found = workspace.demos.back(found.id, found.serial)
    assert found.current is not None
    assert found.current.run_id == made.majority


def test_one_goes_back_quickly_from_a_damaged_model(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.majority, title="a")
    former = bundle_of(published(token).model)
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    current = bundle_of(published(token).model)
    (current / "manifest.json").write_bytes(b"\0")
    shutil.rmtree(former)  # the way back must not depend on the demo's home being whole
    start = time.monotonic()
    found = workspace.demos.back(found.id, found.serial)
    assert time.monotonic() - start < 5
    said = published(token)
    open_bundle(bundle_of(said.model), trusted=publishing.signing_key().public, digest=said.model.bundle)
    assert found.current is not None
    assert found.current.number == said.model.number == 1


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(made: Made, workspace: Workspace) -> None:
    """Case 56."""
    found, token = workspace.demos.publish(made.majority, title="a")
    workspace.demos.start_gate(found.id, made.again)
    run_waiting(workspace.scope)
    gate = threading.Barrier(2)
    problems: list[BentuError] = []

    def owner(run_id: str) -> None:
        ws = open_workspace()
        gate.wait()
        try:
            ws.demos.promote(found.id, run_id, found.serial)
        except DemoChanged as problem:
            problems.append(problem)
        ws.scope.engine.dispose()

    threads = [threading.Thread(target=owner, args=(r,)) for r in (made.svm, made.again)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (problem,) = problems
    now_is = workspace.demos.get(found.id)
    assert now_is.current is not None
    assert now_is.serial == published(token).serial == 2
    for locale in LOCALES:
        what, remedy = render_error(problem, locale)
        assert now_is.current.run_name in what and "2" in what
        assert remedy
    assert len(workspace.demos.versions(found.id)) == 2, "the loser leaves no version behind"
    assert len(workspace.demos.history(found.id)) == 2


KILLED = """
import os, signal, sys
from engine.services import demos, promotions, publishing
from engine.workspace import open_workspace
step, act, demo_id, run_id = sys.argv[1:5]
ws = open_workspace()
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
if step == "bundle":
    publishing.sign_bundle = die
elif step == "row":
    promotions.claim = demos.insert_new = die
elif step == "document":
    publishing.write_publication = publishing.withdraw_publication = die
found = ws.demos.get(demo_id)
{"publish": lambda: ws.demos.publish(run_id, title="second", idempotency="k"),
 "promote": lambda: ws.demos.promote(demo_id, run_id, found.serial),
 "back": lambda: ws.demos.back(demo_id, found.serial),
 "revoke": lambda: ws.demos.revoke(demo_id),
 "renew": lambda: ws.demos.renew_link(demo_id),
 "delete": lambda: ws.demos.delete(demo_id)}[act]()
"""


@pytest.mark.parametrize(
    ("act", "step", "happened"),
    [
        ("publish", "bundle", False), ("publish", "row", False), ("publish", "document", True),
        ("promote", "bundle", False), ("promote", "row", False), ("promote", "document", True),
        ("back", "document", True), ("revoke", "document", True), ("renew", "document", True), ("delete", "document", True),
    ],
)  # fmt: skip
def test_a_kill_between_two_steps_is_mended_by_the_next_start(
    made: Made, workspace: Workspace, act: str, step: str, happened: bool
) -> None:
    demos = workspace.demos
    found, token = demos.publish(made.majority, title="first")
    candidate = made.svm
    if act == "back":
        found = demos.promote(found.id, made.svm, found.serial)
    before = published(token)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, step, act, found.id, candidate], cwd=ROOT, env={**os.environ}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert document(token) == before, "until the next start visitors have what they had"

    publishing.sync_publications(workspace.scope.engine)
    public = publishing.signing_key().public
    for path in (demo_home() / PUBLISHED).glob("*.json"):
        said = read_publication(demo_home(), path.stem, public)
        assert said is not None
        row = row_of(workspace, said.demo)
        assert (row.token_digest, row.serial) == (path.stem, said.serial)
        open_bundle(bundle_of(said.model), trusted=public, digest=said.model.bundle)
    leftovers = [p for p in (demo_home() / BUNDLES).iterdir() if p.name.startswith(".")]
    assert not leftovers
    if not happened:
        assert document(token) == before
        assert [d.title for d in demos.list(made.project)] == ["first"]
    elif act == "publish":
        second = next(d for d in demos.list(made.project) if d.title == "second")
        again, its_token = demos.publish(made.svm, title="second", idempotency="k")
        assert again.id == second.id
        assert published(its_token).title == "second", (
            "the click that died can be repeated, and shows its link"
        )
    elif act in ("promote", "back"):
        assert published(token).serial == before.serial + 1
        assert published(token).model.number == {"promote": 2, "back": 1}[act]
    else:
        assert document(token) is None


def test_what_is_in_order_is_left_alone_at_a_start(made: Made, workspace: Workspace) -> None:
    workspace.demos.publish(made.svm, title="a")
    assert publishing.sync_publications(workspace.scope.engine) == 0


def test_a_start_lays_lost_bundles_out_again_and_drops_documents_without_a_row(
    made: Made, workspace: Workspace
) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    said = published(token)
    shutil.rmtree(bundle_of(said.model))
    write_publication(demo_home(), token_digest("forged"), said, publishing.signing_key())
    publishing.sync_publications(workspace.scope.engine)
    assert bundle_of(said.model).is_dir()
    assert document("forged") is None
    assert workspace.demos.get(found.id).serial == published(token).serial == 1


def test_a_database_from_a_copy_overtakes_what_visitors_have_seen(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    for title in ("b", "c"):
        found = workspace.demos.edit(found.id, found.serial, title=title)
    with write(workspace.scope.engine) as connection:
        connection.execute(update(demo).values(serial=1, title="a"))
    publishing.sync_publications(workspace.scope.engine)
    assert (published(token).title, published(token).serial) == ("a", 4)
    assert workspace.demos.get(found.id).serial == 4


def test_a_new_key_signs_everything_anew(made: Made, workspace: Workspace, bentu_home: Path) -> None:
    _, token = workspace.demos.publish(made.svm, title="a")
    before = key_id(publishing.signing_key().public)
    (bentu_home / "keys/signing.key").unlink()
    public = publishing.signing_key().public
    assert key_id(public) != before
    assert publishing.sync_publications(workspace.scope.engine) == 1
    said = published(token)
    open_bundle(bundle_of(said.model), trusted=public, digest=said.model.bundle)


def test_one_demo_that_cannot_be_mended_does_not_hold_up_the_others(
    made: Made, workspace: Workspace, bentu_home: Path
) -> None:
    _, token = workspace.demos.publish(made.majority, title="sound")
    broken, _ = workspace.demos.publish(made.svm, title="broken")
    with read(workspace.scope.engine) as connection:
        version = connection.execute(select(model_version).where(model_version.c.demo_id == broken.id)).one()
    (bentu_home / "artifacts/sha256" / version.bundle[:2] / version.bundle).unlink()
    shutil.rmtree(demo_home() / BUNDLES)
    publishing.sync_publications(workspace.scope.engine)
    assert bundle_of(published(token).model).is_dir()


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


def test_a_run_that_serves_stays(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.majority, title="Tasting")
    found = workspace.demos.promote(found.id, made.svm, found.serial)
    for run_id in (made.majority, made.svm):
        with pytest.raises(RunServes) as caught:
            workspace.runs.delete(run_id)
        assert "Tasting" in render_error(caught.value, "zh_CN")[0]
    found = workspace.demos.promote(found.id, made.again, found.serial)
    workspace.runs.delete(made.majority)
    assert [v.number for v in workspace.demos.versions(found.id)] == [3, 2, 1], "the history keeps its names"
    workspace.demos.revoke(found.id)
    workspace.runs.delete(made.svm)


def test_a_dataset_behind_a_demo_stays(made: Made, workspace: Workspace) -> None:
    found, _ = workspace.demos.publish(made.svm, title="a")
    workspace.demos.revoke(found.id)
    for run_id in (made.majority, made.svm, made.again):
        workspace.runs.delete(run_id)
    dataset_id = workspace.datasets.version(made.version).dataset_id
    with pytest.raises(BentuError) as caught:
        workspace.datasets.delete(dataset_id)
    assert caught.value.code == "DATASET_PUBLISHED"
    workspace.demos.delete(found.id)
    workspace.datasets.delete(dataset_id)


def add_feedback(
    ws: Workspace, found: Demo, state: str = "pending", label: str | None = None, text: str = "x"
) -> None:
    values = {
        "id": new_id("fbk"), "owner": ws.scope.owner, "project_id": found.project_id, "demo_id": found.id, "key": new_id("k"),
        "model": 1, "inputs": {"text": text}, "answer": "praise", "confidence": 0.9, "right": False, "correction": "complaint",
        "comment": None, "visitor": "v", "locale": "en", "received": now(), "state": state, "label": label, "revision": 1,
        "updated": now(),
    }  # fmt: skip
    with write(ws.scope.engine) as connection:
        connection.execute(insert(feedback).values(**values))


def test_deleting_a_demo_takes_all_of_it_and_nothing_else(made: Made, workspace: Workspace) -> None:
    from engine.storage import inbox_writer
    from engine.storage.inbox import read_entries

    kept, its_token = workspace.demos.publish(made.svm, title="kept")
    found, token = workspace.demos.publish(made.majority, title="gone")
    alone = bundle_of(published(token).model)
    for each in (kept, found):
        add_feedback(workspace, each)
    inbox = inbox_writer.Inbox(demo_home())
    for each in (kept, found):
        inbox.append("tally", each.id, "k", {"visits": 1, "answers": 0})
    inbox.close()
    assert workspace.demos.get(found.id).waiting == 1
    workspace.demos.delete(found.id)
    with pytest.raises(NotFound):
        workspace.demos.get(found.id)
    assert document(token) is None
    assert not alone.exists()
    assert {e.demo for e in read_entries(demo_home() / "inbox.db", 0, 10)} == {kept.id}
    with read(workspace.scope.engine) as connection:
        for table in (model_version, promotion, feedback):
            assert set(connection.scalars(select(table.c.demo_id))) == {kept.id}
    assert bundle_of(published(its_token).model).is_dir()
    assert workspace.runs.get(made.majority).state == "succeeded"


def test_deleting_a_project_says_and_takes_its_demos(made: Made, workspace: Workspace) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    workspace.demos.publish(made.majority, title="b")
    add_feedback(workspace, found)
    gone = workspace.projects.deletion(made.project)
    assert (gone.demos, gone.feedback) == (2, 1)
    workspace.projects.delete(made.project)
    assert document(token) is None
    assert not list((demo_home() / BUNDLES).iterdir())
    with read(workspace.scope.engine) as connection:
        assert not connection.execute(select(demo.c.id)).all()


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


def test_nothing_of_another_owner_is_found_by_any_method(made: Made, workspace: Workspace) -> None:
    """Threat T16, over every method: one that is added without an owner fails here."""
    found, token = workspace.demos.publish(made.majority, title="a")
    before = (row_of(workspace, found.id), document(token))
    stranger = Demos(Scope("stranger", workspace.scope.engine))
    values = {
        "demo_id": found.id, "run_id": made.svm, "project_id": made.project, "serial": found.serial, "title": "b", "on": False,
    }  # fmt: skip
    tried = 0
    for name, method in inspect.getmembers(stranger, inspect.ismethod):
        parameters = inspect.signature(method).parameters
        if name.startswith("_") or not {"demo_id", "run_id", "project_id"} & set(parameters):
            continue
        given = {p: values[p] for p in parameters if p in values}
        if name == "edit":
            given["title"] = "b"
        with pytest.raises(NotFound):
            method(**given)
        tried += 1
    assert tried == 16
    assert (row_of(workspace, found.id), document(token)) == before
    theirs = workspace.scope.engine
    with pytest.raises(NotFound):
        Demos(Scope("stranger", theirs)).gate(found.id, made.svm)


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
