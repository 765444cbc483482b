"""Rows, documents and bundles agree after every start, whoever was killed between which two steps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine.packaging.bundle import open_bundle
from engine.packaging.signing import key_id
from engine.services import publishing
from engine.serving.publication import (
    BUNDLES,
    PUBLISHED,
    read_publication,
    token_digest,
    write_publication,
)
from engine.storage.database import read, write
from engine.storage.home import demo_home
from engine.storage.tables import demo, model_version
from engine.workspace import Workspace
from tests.services.sharing import Made, bundle_of, document, published, row_of

ROOT = Path(__file__).parents[2]


KILLED = """
import os, signal, sys
from engine.services import demo_bundles, demos, promotions, publishing
from engine.workspace import open_workspace
step, act, demo_id, run_id = sys.argv[1:5]
ws = open_workspace()
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
if step == "bundle":
    demo_bundles.sign_bundle = die
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
