"""Draining: every entry of the demo process arrives once, whatever is killed, copied, put back or done at the same time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from engine.services import draining
from engine.services.draining import Drain, drain
from engine.storage.database import read, write
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, inbox_id
from engine.storage.inbox_writer import Inbox as Writer
from engine.storage.tables import demo, demo_alert, setting
from engine.workspace import Workspace
from tests.feedback_rows import raw_entry, said
from tests.services.taken_in import rows, tallies


def test_entries_arrive_once_with_their_tallies_and_alerts(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    project, demo_id = shared
    for i in range(1000):
        writer.append("feedback", demo_id, f"key{i}", said(f"text {i}"))
    writer.append("tally", demo_id, "t1", {"visits": 3, "answers": 5})
    writer.append("tally", demo_id, "t2", {"visits": 0, "answers": 2})
    error = {"code": "BUNDLE_DAMAGED", "params": {"file": "labels.json"}}
    writer.append("alert", demo_id, "a1", {"error": error})
    assert drain(workspace.scope.engine, demo_home()) == 1000
    assert drain(workspace.scope.engine, demo_home()) == 0
    assert workspace.inbox.counts(project)["pending"] == rows(workspace) == 1000
    assert tallies(workspace, demo_id) == (3, 7)
    with read(workspace.scope.engine) as connection:
        alerts = connection.execute(select(demo_alert)).all()
    assert [(a.demo_id, a.error) for a in alerts] == [(demo_id, error)]
    items, total = workspace.inbox.list(project, "pending", limit=3)
    assert total == 1000
    assert [i.inputs["text"] for i in items] == ["text 0", "text 1", "text 2"], "oldest first"


def test_an_alert_may_name_the_link_where_no_demo_can_be_believed(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    _, demo_id = shared
    with read(workspace.scope.engine) as connection:
        link = connection.execute(select(demo.c.token_digest).where(demo.c.id == demo_id)).scalar_one()
    error = {"code": "PUBLICATION_INVALID", "params": {}}
    writer.append("alert", link, "a1", {"error": error})
    writer.append("feedback", link, "k", said("a link is no demo"))
    assert drain(workspace.scope.engine, demo_home()) == 0
    with read(workspace.scope.engine) as connection:
        assert [(a.demo_id, a.error) for a in connection.execute(select(demo_alert))] == [(demo_id, error)]


def test_a_text_arrives_whole(workspace: Workspace, shared: tuple[str, str], writer: Writer) -> None:
    project, demo_id = shared
    text = "مرحبا \u202e 👩‍👩‍👧 外卖" * 900
    writer.append("feedback", demo_id, "k", said(text, comment=text[:2000]))
    assert drain(workspace.scope.engine, demo_home()) == 1
    (item,), _ = workspace.inbox.list(project, "pending")
    assert (item.inputs["text"], item.comment) == (text, text[:2000])


def test_a_file_read_again_from_the_start_doubles_nothing(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, demo_id = shared
    writer.append("feedback", demo_id, "k", said())
    drain(workspace.scope.engine, demo_home())
    monkeypatch.setattr(draining, "inbox_id", lambda path: "another name, as of a file that was copied")
    assert drain(workspace.scope.engine, demo_home()) == 0
    assert rows(workspace) == 1


KILLED = """
import os, signal, sys
from engine.services import draining, erasing
from engine.storage.database import open_database
from engine.storage.home import demo_home
at, when = int(sys.argv[1]), sys.argv[2]
take, calls = draining._take, 0
def killing(*given, **named):
    global calls
    calls += 1
    if calls == at and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    taken = take(*given, **named)
    if calls == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return taken
draining._take = killing
draining.BATCH = 100
draining.drain(open_database(), demo_home())
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_batches_and_inside_one_everything_still_comes_once(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, when: str
) -> None:
    project, demo_id = shared
    for i in range(450):
        writer.append("feedback", demo_id, f"key{i}", said(f"text {i}"))
        if i % 50 == 0:
            writer.append("tally", demo_id, f"t{i}", {"visits": 1, "answers": 50})
    for at in (2, 2):  # in the midst of a first reading, and of one that goes on
        done = subprocess.run([sys.executable, "-c", KILLED, str(at), when], check=False)
        assert done.returncode == -signal.SIGKILL
    assert 0 < rows(workspace) < 450
    drain(workspace.scope.engine, demo_home())
    assert workspace.inbox.counts(project)["pending"] == 450
    assert tallies(workspace, demo_id) == (9, 450)


def test_an_inbox_put_back_from_an_older_copy_is_read_again_and_counts_nothing_twice(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, tmp_path: Path
) -> None:
    _, demo_id = shared
    engine, home = workspace.scope.engine, demo_home()
    writer.append("feedback", demo_id, "old", said())
    writer.append("tally", demo_id, "t-old", {"visits": 1, "answers": 1})
    assert drain(engine, home) == 1
    writer.close()
    copy = (home / FILE).read_bytes()

    def put_back(keys: list[str]) -> None:
        for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (home / name).unlink(missing_ok=True)
        (home / FILE).write_bytes(copy)
        for key in keys:
            raw_entry(home, "feedback", demo_id, key, json.dumps(said()))

    for key in ("a", "b", "c"):
        raw_entry(home, "feedback", demo_id, key, json.dumps(said()))
    assert drain(engine, home) == 3
    put_back(["fewer"])  # ids end below the cursor
    assert drain(engine, home) == 1
    put_back(["x", "y"])
    assert drain(engine, home) == 2
    put_back([f"as-many-{i}" for i in range(3)])  # the cursor's id was given again
    assert drain(engine, home) == 3
    raw_entry(home, "tally", demo_id, "t-new", '{"visits": 5, "answers": 5}')
    assert drain(engine, home) == 0
    assert rows(workspace) == 10
    assert tallies(workspace, demo_id) == (6, 6)


def test_a_cursor_of_a_former_version_goes_on(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    _, demo_id = shared
    for key in ("taken", "new"):
        writer.append("feedback", demo_id, key, said())
    name = inbox_id(demo_home() / FILE)
    with write(workspace.scope.engine) as connection:
        connection.execute(insert(setting).values(owner="", key=f"inbox:{name}", value=1))
    assert drain(workspace.scope.engine, demo_home()) == 1
    assert drain(workspace.scope.engine, demo_home()) == 0


def test_two_drains_at_once_take_everything_once(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    _, demo_id = shared
    for i in range(500):
        writer.append("feedback", demo_id, f"key{i}", said(f"text {i}"))
        writer.append("tally", demo_id, f"t{i}", {"visits": 1, "answers": 1})
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: drain(workspace.scope.engine, demo_home()), range(4)))
    assert sum(taken) == rows(workspace) == 500
    assert tallies(workspace, demo_id) == (500, 500)


def test_a_drain_reads_the_file_only_when_it_has_changed(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, demo_id = shared
    calls = []
    real = draining.drain
    monkeypatch.setattr(draining, "drain", lambda *a: calls.append(1) or real(*a))
    monkeypatch.setattr(draining, "SETTLED_SECONDS", 0.0)
    take = Drain(workspace.scope.engine)
    writer.append("feedback", demo_id, "k", said())
    assert take() == 1
    assert take() == 0
    assert len(calls) == 1
    writer.append("feedback", demo_id, "l", said())
    assert take() == 1


def test_the_studio_never_writes_to_the_file(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    _, demo_id = shared
    writer.append("feedback", demo_id, "k", said())
    writer.close()
    before = (demo_home() / FILE).read_bytes()
    drain(workspace.scope.engine, demo_home())
    assert (demo_home() / FILE).read_bytes() == before


def test_without_an_inbox_file_there_is_nothing_to_do(workspace: Workspace) -> None:
    assert drain(workspace.scope.engine, demo_home()) == 0
    assert workspace.inbox.refresh() == 0
