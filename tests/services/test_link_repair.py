"""A link that the demo process counted as withdrawn, or saw in a newer state, mends itself at the studio's next start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, update

from engine.services import publishing
from engine.services.desk import Desk
from engine.services.draining import drain
from engine.serving.errors import DemoNotFound
from engine.serving.publication import PUBLISHED, token_digest
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.home import demo_home
from engine.storage.tables import demo, demo_alert, new_id
from engine.workspace import Workspace
from tests.services.sharing import Made, document, published
from tests.serving.studio import generous

VISITOR = "0" * 16


@pytest.fixture
def desk(made: Made, workspace: Workspace) -> Iterator[Desk]:
    with Desk(demo_home(), publishing.signing_key().public, limits=generous()) as opened:
        yield opened


def start(workspace: Workspace) -> int:
    return publishing.sync_publications(workspace.scope.engine)


def test_a_link_that_was_emptied_and_put_back_opens_after_the_next_start(
    made: Made, workspace: Workspace, desk: Desk
) -> None:
    _, token = workspace.demos.publish(made.svm, title="a")
    assert desk.find(token, VISITOR).title == "a"
    folder, away = demo_home() / PUBLISHED, demo_home() / "away"
    folder.rename(away)
    folder.mkdir()  # a mount point without its volume
    with pytest.raises(DemoNotFound):
        desk.find(token, VISITOR)
    folder.rmdir()
    away.rename(folder)
    with pytest.raises(DemoNotFound):
        desk.find(token, VISITOR)
    desk.close()
    drain(workspace.scope.engine, demo_home())
    assert start(workspace) == 1
    assert published(token).serial == 2
    with Desk(demo_home(), publishing.signing_key().public, limits=generous()) as opened:
        assert opened.find(token, VISITOR).title == "a"
    assert start(workspace) == 0, "once is enough"


def test_a_database_from_before_the_link_was_renewed_opens_after_the_next_start(
    made: Made, workspace: Workspace, desk: Desk
) -> None:
    found, old = workspace.demos.publish(made.svm, title="a")
    assert desk.find(old, VISITOR).title == "a"
    new = workspace.demos.renew_link(found.id)
    for title in ("b", "c"):
        workspace.demos.edit(found.id, workspace.demos.get(found.id).serial, title=title)
    assert desk.find(new, VISITOR).title == "c"
    with write(workspace.scope.engine) as connection:
        connection.execute(update(demo).values(serial=1, title="a", token_digest=token_digest(old)))
    start(workspace)
    assert document(new) is None
    with pytest.raises(DemoNotFound):
        desk.find(old, VISITOR)
    desk.close()
    drain(workspace.scope.engine, demo_home())
    start(workspace)
    with Desk(demo_home(), publishing.signing_key().public, limits=generous()) as opened:
        assert opened.find(old, VISITOR).title == "a"
        with pytest.raises(DemoNotFound):
            opened.find(new, VISITOR)


@pytest.mark.parametrize(
    ("params", "serial"),
    [({"found": 1, "seen": 5}, 6), ({"found": 1, "seen": 1}, 2), ({"found": 2, "seen": 9}, 1),
     ({"found": 1, "seen": 10**30}, 2 + publishing.FURTHEST), ({"found": 1, "seen": -(10**30)}, 2),
     ({"found": 1}, 1), ({"found": True, "seen": 5}, 1), ({"found": "1", "seen": "5"}, 1), ({}, 1)],
    ids=str,
)  # fmt: skip
def test_what_a_demo_process_reports_moves_the_number_no_further_than_it_must(
    made: Made, workspace: Workspace, params: dict[str, object], serial: int
) -> None:
    found, token = workspace.demos.publish(made.svm, title="a")
    error = {"code": "PUBLICATION_OUTDATED", "params": params}
    with write(workspace.scope.engine) as connection:
        values = {"id": new_id("alr"), "owner": workspace.scope.owner, "demo_id": found.id, "key": "k"}
        connection.execute(insert(demo_alert).values(**values, error=error, at=now()))
    for _ in range(2):
        start(workspace)
        assert workspace.demos.get(found.id).serial == published(token).serial == serial


def test_a_copy_under_the_name_of_another_demo_is_written_over(made: Made, workspace: Workspace) -> None:
    tokens = [workspace.demos.publish(run, title="x")[1] for run in (made.svm, made.majority)]
    mine, theirs = (demo_home() / PUBLISHED / f"{token_digest(token)}.json" for token in tokens)
    shutil.copy(theirs, mine)
    assert start(workspace) == 1
    assert published(tokens[0]).link == token_digest(tokens[0])
