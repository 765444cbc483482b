"""The inbox: every entry of the demo process once and for its owner only, decisions by revision, undo, filters, exports."""

from __future__ import annotations

import csv
import io
import json
import logging
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, StatementError

from engine.data.spreadsheet import unguard
from engine.errors import BentuError, NotFound, error_from_json
from engine.feedback.corrections import LabelUnknown
from engine.feedback.queues import ClassMissing, FeedbackChanged, FeedbackUsed, NothingToUndo
from engine.i18n import render_error
from engine.services import draining, erasing
from engine.services.draining import Drain, drain, keep_draining
from engine.services.inbox import Inbox
from engine.services.scope import Scope
from engine.storage.database import open_database, read, write
from engine.storage.errors import DatabaseBusy
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, inbox_id, read_entries
from engine.storage.inbox_writer import Inbox as Writer
from engine.storage.inbox_writer import InboxBudgetSpent
from engine.storage.tables import dataset_version, demo, demo_alert, feedback, setting
from engine.workspace import Workspace
from tests.feedback_rows import add_feedback, make_demo, make_project, raw_entry, said


@pytest.fixture
def writer(bentu_home: Path) -> Iterator[Writer]:
    """The demo process' end of the inbox."""
    opened = Writer(demo_home())
    yield opened
    opened.close()


@pytest.fixture
def shared(workspace: Workspace) -> tuple[str, str]:
    """A project and a demo of it."""
    project = make_project(workspace.scope.engine)
    return project, make_demo(workspace.scope.engine, project)


def rows(ws: Workspace) -> int:
    with read(ws.scope.engine) as connection:
        return connection.execute(select(func.count()).select_from(feedback)).scalar_one()


def tallies(ws: Workspace, demo_id: str) -> tuple[int, int]:
    with read(ws.scope.engine) as connection:
        return tuple(
            connection.execute(select(demo.c.visits, demo.c.answers).where(demo.c.id == demo_id)).one()
        )


# --- draining ---------------------------------------------------------------------------------------------------------


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
    for at in (1, 2, 2):
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


@pytest.mark.parametrize("problem", [
    OperationalError("deadlock detected", None, Exception("40P01")), InternalError("x", None, Exception("x")),
    StatementError("x", "x", None, RuntimeError("x")),
])  # fmt: skip
def test_a_failure_that_is_not_the_entries_passes_none_over(
    workspace: Workspace,
    shared: tuple[str, str],
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception,
) -> None:
    _, demo_id = shared
    for i in range(3):
        writer.append("feedback", demo_id, f"k{i}", said())
    with monkeypatch.context() as patch:

        def failing(*_: Any, **__: Any) -> int:
            raise problem

        patch.setattr(draining, "_take", failing)
        with pytest.raises(type(problem)):
            drain(workspace.scope.engine, demo_home())
    assert drain(workspace.scope.engine, demo_home()) == 3


@pytest.mark.parametrize("problem", [
    IntegrityError("x", None, Exception("x")), DataError("x", None, Exception("x")), ValueError("x"), OverflowError("x"),
    StatementError("x", "x", None, ValueError("x")),
])  # fmt: skip
def test_an_entry_that_cannot_be_stored_holds_up_no_other(
    workspace: Workspace,
    shared: tuple[str, str],
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    problem: Exception,
) -> None:
    _, demo_id = shared
    for i in range(5):
        writer.append("feedback", demo_id, f"k{i}", said())
    take = draining._take

    def failing(connection: Any, entries: Any, *more: Any, **named: Any) -> int:
        if any(e.key == "k2" for e in entries):
            raise problem
        return take(connection, entries, *more, **named)

    monkeypatch.setattr(draining, "_take", failing)
    assert drain(workspace.scope.engine, demo_home()) == 4
    assert drain(workspace.scope.engine, demo_home()) == 0


def test_entries_that_cannot_be_read_hold_up_no_other(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    _, demo_id = shared
    writer.append("feedback", demo_id, "first", said())
    raw_entry(demo_home(), "feedback", demo_id, "deep", '{"x":' + "[" * 200_000 + "]" * 200_000 + "}")
    raw_entry(demo_home(), "feedback", demo_id, "blob", json.dumps(said()), at=b"2026")  # type: ignore[arg-type]
    writer.append("feedback", demo_id, "second", said())
    with closing(sqlite3.connect(demo_home() / FILE, isolation_level=None)) as connection:
        connection.execute("INSERT INTO entry VALUES (1000000000000, 'tally', 'd', 'far', 'no JSON', 'x')")
    writer.append("feedback", demo_id, "third", said())
    assert drain(workspace.scope.engine, demo_home()) == 3


def kept(demo_id: str) -> int:
    return sum(e.demo == demo_id for e in read_entries(demo_home() / FILE, 0, 10_000))


def test_what_comes_for_a_demo_that_is_gone_is_erased_by_the_drain(
    workspace: Workspace, shared: tuple[str, str], writer: Writer
) -> None:
    _, demo_id = shared
    with read(workspace.scope.engine) as connection:
        link = connection.execute(select(demo.c.token_digest).where(demo.c.id == demo_id)).scalar_one()
    take = Drain(workspace.scope.engine)
    for name in (demo_id, "dem_gone", link):
        writer.append("feedback", name, "k", said("a secret"))
    take()
    assert (kept(demo_id), kept("dem_gone"), kept(link)) == (1, 0, 1), (
        "a link that lives is no demo that is gone"
    )
    writer.append("feedback", "dem_gone", "later", said("a secret"))
    take()
    assert kept("dem_gone") == 0
    held = b"".join(p.read_bytes() for p in demo_home().glob(f"{FILE}*"))
    assert held.count(b"a secret") == 2


def test_a_file_that_was_busy_is_erased_from_at_the_next_drain(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, demo_id = shared
    take = Drain(workspace.scope.engine)
    writer.append("feedback", demo_id, "k", said("a secret"))
    assert take() == 1

    def busy(*_: Any) -> int:
        raise DatabaseBusy(seconds=1)

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "forget_demo", busy)
        workspace.demos.delete(demo_id)
        take()
    assert kept(demo_id) == 1
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "demos_in", busy)
        assert erasing.erase_gone(workspace.scope.engine, demo_home()) == 0
    take()
    assert kept(demo_id) == 0
    assert not erasing.owed()


def test_room_is_made_when_it_is_scarce_and_a_repeat_stays_one(
    bentu_home: Path, workspace: Workspace, shared: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_INBOX_MB", "1")
    _, demo_id = shared
    engine, writer = workspace.scope.engine, Writer(demo_home())
    text, sent = "x" * 10_000, iter(range(100_000))

    def flood() -> None:
        for k in sent:
            writer.append("feedback", demo_id, f"k{k}", said(text))

    for turn in range(1, 4):
        writer.append("alert", demo_id, "a", {"error": {"code": "MODEL_UNAVAILABLE", "params": {}}})
        with pytest.raises(InboxBudgetSpent):
            flood()
        drain(engine, demo_home())
        assert kept(demo_id) == 0
        assert rows(workspace) == next(sent) - turn * 2 + 1 > turn * 40
    writer.append("feedback", demo_id, "k0", said(text))
    assert drain(engine, demo_home()) == 0
    writer.append("feedback", demo_id, "next", said(text))
    assert drain(engine, demo_home()) == 1
    with read(engine) as connection:
        assert len(connection.execute(select(demo_alert)).all()) == 1
    writer.close()


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


def test_entries_of_demos_that_are_gone_are_passed_over_and_counted(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    _, demo_id = shared
    writer.append("feedback", "dem_gone", "k", said("a secret"))
    writer.append("tally", "dem_gone", "t", {"visits": 1, "answers": 1})
    writer.append("feedback", demo_id, "k", said())
    with caplog.at_level(logging.INFO):
        assert drain(workspace.scope.engine, demo_home()) == 1
    assert "'feedback': 1, 'tally': 1" in caplog.text
    assert "secret" not in caplog.text


MALFORMED = [
    {"nothing": "of it"},
    said("secret", confidence=2.0),
    said("secret", confidence=True),
    said("secret", model="1"),
    said("secret", model=0),
    said("secret", inputs=["secret"]),
    said("secret", inputs={"text": 5}),
    said("secret", inputs={}),
    said("secret \0"),
    said("secret \ud800"),
    said("secret", comment="x" * 200_000),
    said("secret", visitor="127.0.0.1"),
    said("secret", locale="xx"),
    said("secret", owner="somebody else"),
]


def test_a_malformed_entry_stops_nothing_and_its_text_is_not_logged(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    project, demo_id = shared
    writer.append("feedback", demo_id, "good0", said("first"))
    for i, payload in enumerate(MALFORMED):
        raw_entry(demo_home(), "feedback", demo_id, f"bad{i}", json.dumps(payload))
    raw_entry(demo_home(), "feedback", demo_id, "nan", '{"confidence": NaN, "secret": 1}')
    raw_entry(demo_home(), "feedback", demo_id, "list", '["secret"]')
    raw_entry(demo_home(), "feedback", demo_id, "text", "secret, and no JSON")
    raw_entry(demo_home(), "feedback", demo_id, "late", json.dumps(said("secret")), at="no time")
    raw_entry(demo_home(), "feedback", demo_id, "zone", json.dumps(said("secret")), at="2026-01-01T00:00:00")
    raw_entry(demo_home(), "feedback", demo_id, "key\n", json.dumps(said("secret")))
    raw_entry(demo_home(), "order", demo_id, "k", json.dumps(said("secret")))
    raw_entry(demo_home(), "tally", demo_id, "t", '{"visits": -5, "answers": 1}')
    raw_entry(demo_home(), "tally", demo_id, "t2", '{"visits": 1e99, "answers": 1}')
    raw_entry(demo_home(), "alert", demo_id, "a", '{"error": "secret"}')
    writer.append("feedback", demo_id, "good1", said("last"))
    with caplog.at_level(logging.INFO):
        assert drain(workspace.scope.engine, demo_home()) == 2
    items, _ = workspace.inbox.list(project, "pending")
    assert [i.inputs["text"] for i in items] == ["first", "last"]
    assert tallies(workspace, demo_id) == (0, 0)
    assert "secret" not in caplog.text
    assert "sha256" in caplog.text
    caplog.clear()
    assert drain(workspace.scope.engine, demo_home()) == 0, "and they are not looked at again"
    assert not caplog.records


def test_while_the_database_is_away_feedback_waits_and_later_all_of_it_comes(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, bentu_home: Path
) -> None:
    project, demo_id = shared
    for i in range(300):
        writer.append("feedback", demo_id, f"a{i}", said(f"text {i}"))
    engine = open_database(busy_seconds=0.1)
    blocker = sqlite3.connect(bentu_home / "bentu.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        drain(engine, demo_home())
    for i in range(300):
        writer.append("feedback", demo_id, f"b{i}", said(f"more {i}"))
    with pytest.raises(DatabaseBusy):
        drain(engine, demo_home())
    assert rows(workspace) == 0
    blocker.execute("ROLLBACK")
    blocker.close()
    assert drain(engine, demo_home()) == 600
    assert workspace.inbox.counts(project)["pending"] == 600
    engine.dispose()


def test_the_background_drain_survives_whatever_happens(
    workspace: Workspace, shared: tuple[str, str], writer: Writer, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    _, demo_id = shared
    failures = [DatabaseBusy(seconds=1), RuntimeError("a secret text"), OSError("disk")]
    real = draining.drain

    def failing(engine: Any, home: Path) -> int:
        if failures:
            raise failures.pop(0)
        return real(engine, home)

    monkeypatch.setattr(draining, "drain", failing)
    writer.append("feedback", demo_id, "k", said())
    stop = keep_draining(workspace.scope.engine, interval=0.02)
    deadline = time.monotonic() + 20
    while rows(workspace) < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop()
    assert rows(workspace) == 1
    assert "secret" not in caplog.text


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


# --- owners -----------------------------------------------------------------------------------------------------------


def test_feedback_belongs_to_the_owner_of_its_demo(workspace: Workspace, writer: Writer) -> None:
    engine = workspace.scope.engine
    mine, other = make_project(engine), make_project(engine, owner="other")
    my_demo, their_demo = make_demo(engine, mine), make_demo(engine, other, owner="other")
    writer.append("feedback", my_demo, "k", said("mine"))
    writer.append("feedback", their_demo, "k", said("theirs"))
    assert drain(engine, demo_home()) == 2
    theirs = Inbox(Scope("other", engine))
    (item,), total = theirs.list(other, "pending")
    assert (total, item.inputs["text"]) == (1, "theirs")

    inbox = workspace.inbox
    assert inbox.counts(other)["pending"] == 0
    assert inbox.sources(other) == []
    assert inbox.latest(other) is None
    assert inbox.ready(other) == 0
    for ask in (
        lambda: inbox.list(other, "pending"), lambda: inbox.get(item.id), lambda: inbox.history(item.id),
        lambda: inbox.classes(item.id), lambda: inbox.decide(item.id, "rejected", None, 0), lambda: inbox.undo(item.id),
        lambda: inbox.export(other, False),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    assert theirs.get(item.id).state == "pending"
    assert inbox.list(mine, "pending", demo_id=their_demo) == ([], 0)


# --- deciding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def item(workspace: Workspace, shared: tuple[str, str]) -> str:
    project, demo_id = shared
    return add_feedback(workspace.scope.engine, demo_id, project, [said()])[0]


def test_a_decision_moves_an_item_and_is_remembered(workspace: Workspace, item: str) -> None:
    decided = workspace.inbox.decide(item, "accepted", "complaint", 0)
    assert (decided.state, decided.label, decided.revision) == ("accepted", "complaint", 1)
    assert workspace.inbox.counts(decided.project_id) == {
        "pending": 0, "draft": 0, "accepted": 1, "rejected": 0, "later": 0,
    }  # fmt: skip
    assert workspace.inbox.ready(decided.project_id) == 1
    (change,) = workspace.inbox.history(item)
    assert (change.state, change.label, change.applied, change.revision) == ("accepted", "complaint", True, 1)


def test_accepting_needs_one_of_the_classes(workspace: Workspace, item: str) -> None:
    assert workspace.inbox.classes(item) == ("complaint", "praise", "question")
    with pytest.raises(ClassMissing):
        workspace.inbox.decide(item, "accepted", None, 0)
    with pytest.raises(LabelUnknown):
        workspace.inbox.decide(item, "accepted", "Complaint", 0)
    with pytest.raises(ValueError, match="no queue"):
        workspace.inbox.decide(item, "deleted", None, 0)
    assert workspace.inbox.get(item).revision == 0
    assert workspace.inbox.history(item) == []


def test_of_two_tabs_the_second_is_told_and_both_values_are_kept(workspace: Workspace, item: str) -> None:
    """Case 53 of the operations reference."""
    workspace.inbox.decide(item, "accepted", "complaint", 0)
    with pytest.raises(FeedbackChanged) as caught:
        workspace.inbox.decide(item, "rejected", "question", 0)
    assert caught.value.params["state"] == "accepted"
    assert caught.value.params["label"] == "complaint"
    assert (workspace.inbox.get(item).state, workspace.inbox.get(item).label) == ("accepted", "complaint")
    kept = [(c.state, c.label, c.applied) for c in workspace.inbox.history(item)]
    assert kept == [("accepted", "complaint", True), ("rejected", "question", False)]
    anyway = workspace.inbox.decide(item, "rejected", "question", workspace.inbox.get(item).revision)
    assert (anyway.state, anyway.label, anyway.revision) == ("rejected", "question", 2)
    back = workspace.inbox.undo(item)
    assert (back.state, back.label) == ("accepted", "complaint")


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_the_refusal_names_when_and_what(workspace: Workspace, item: str, locale: str) -> None:
    first = workspace.inbox.decide(item, "accepted", "complaint", 0)
    with pytest.raises(FeedbackChanged) as caught:
        workspace.inbox.decide(item, "later", None, 0)
    what, remedy = render_error(error_from_json(json.loads(json.dumps(caught.value.to_json()))), locale)
    assert first.updated.isoformat(timespec="seconds") in what
    assert ("accepted" if locale == "en" else "采纳") in what
    assert remedy


def test_the_same_decision_twice_is_one(workspace: Workspace, item: str) -> None:
    """A key that was pressed twice, or a tab that sent its click again after the connection dropped."""
    first = workspace.inbox.decide(item, "accepted", "complaint", 0)
    again = workspace.inbox.decide(item, "accepted", "complaint", 0)
    assert again == first
    assert len(workspace.inbox.history(item)) == 1


def test_two_decisions_in_the_same_moment_leave_one_winner(workspace: Workspace, item: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def attempt(state: str) -> str:
        try:
            return workspace.inbox.decide(item, state, None, 0).state
        except FeedbackChanged:
            return "told"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, ["rejected", "later", "draft", "rejected"]))
    winner = workspace.inbox.get(item).state
    assert winner in found
    assert set(found) - {winner} == {"told"}
    assert {c.state for c in workspace.inbox.history(item)} == {"rejected", "later", "draft"}


def test_undo_goes_back_step_by_step_also_in_another_session(workspace: Workspace, item: str) -> None:
    inbox = workspace.inbox
    inbox.decide(item, "accepted", "complaint", 0)
    inbox.decide(item, "rejected", None, 1)
    inbox.decide(item, "accepted", "complaint", 2)
    fresh = Inbox(Scope("local", workspace.scope.engine))
    assert fresh.latest(inbox.get(item).project_id) == inbox.get(item)
    seen = [(i.state, i.label) for i in (fresh.undo(item), fresh.undo(item), fresh.undo(item))]
    assert seen == [("rejected", None), ("accepted", "complaint"), ("pending", None)]
    with pytest.raises(NothingToUndo):
        fresh.undo(item)
    assert fresh.latest(inbox.get(item).project_id) is None
    assert len(fresh.history(item)) == 6, "an undo takes nothing out of the history"
    again = inbox.decide(item, "later", None, inbox.get(item).revision)
    assert fresh.undo(item, again.revision).state == "pending"


def test_undo_of_what_another_tab_changed_since_is_refused(workspace: Workspace, item: str) -> None:
    mine = workspace.inbox.decide(item, "accepted", "complaint", 0)
    workspace.inbox.decide(item, "later", None, 1)
    with pytest.raises(FeedbackChanged):
        workspace.inbox.undo(item, mine.revision)
    assert workspace.inbox.get(item).state == "later"


def test_what_stands_in_a_version_stays(workspace: Workspace, item: str) -> None:
    decided = workspace.inbox.decide(item, "accepted", "complaint", 0)
    with write(workspace.scope.engine) as connection:
        version = connection.scalar(select(dataset_version.c.id))
        connection.execute(update(feedback).where(feedback.c.id == item).values(dataset_version_id=version))
    used = workspace.inbox.get(item)
    assert (used.state, used.dataset_version) == ("accepted", "reviews v1")
    for act in (
        lambda: workspace.inbox.undo(item), lambda: workspace.inbox.decide(item, "rejected", None, decided.revision),
    ):  # fmt: skip
        with pytest.raises(FeedbackUsed, match="reviews v1"):
            act()
    assert workspace.inbox.latest(used.project_id) is None
    assert workspace.inbox.ready(used.project_id) == 0
    assert workspace.inbox.counts(used.project_id)["accepted"] == 1


# --- finding ----------------------------------------------------------------------------------------------------------


def test_filters_and_pages(workspace: Workspace, shared: tuple[str, str]) -> None:
    project, first = shared
    engine = workspace.scope.engine
    second = make_demo(engine, project, title="Second", versions=2)
    add_feedback(engine, first, project, [said(f"cold soup {i}") for i in range(7)])
    add_feedback(engine, first, project, [said("warm", right=True, correction=None, comment="100% GOOD_")])
    add_feedback(
        engine, second, project, [said("外卖太慢了", model=2), said("ПРИВЕТ Мир", model=1, comment="Größe")]
    )
    inbox = workspace.inbox

    def found(**filters: Any) -> int:
        items, total = inbox.list(project, "pending", **filters)
        assert len(items) == total
        return total

    assert found() == 10
    assert found(demo_id=first) == 8
    assert found(demo_id=second, model=2) == 1
    assert found(only_wrong=True) == 9
    assert found(search="COLD  ".lower()) == 7
    assert found(search="Cold") == 7
    assert found(search="太慢") == 1
    assert found(search="привет") == 1
    assert found(search="GRÖSSE") == 0
    assert found(search="größe") == 1
    assert found(search="100% good_") == 1
    assert found(search="%") == 1, "signs of the query language are ordinary text"
    assert found(search="text") == 0, "the name of a column is not its content"
    assert found(search="\\u5916") == 0
    assert found(search="'; DROP TABLE feedback; --") == 0
    page, total = inbox.list(project, "pending", offset=8, limit=4)
    assert (len(page), total) == (2, 10)
    assert [(s.demo_title, s.model, s.count) for s in inbox.sources(project)] == [
        ("Second", 2, 1), ("Second", 1, 1), ("Reviews", 1, 8),
    ]  # fmt: skip


def test_what_was_decided_stands_latest_first(workspace: Workspace, shared: tuple[str, str]) -> None:
    project, demo_id = shared
    ids = add_feedback(workspace.scope.engine, demo_id, project, [said(f"text {i}") for i in range(3)])
    for item in (ids[1], ids[0], ids[2]):
        workspace.inbox.decide(item, "rejected", None, 0)
    assert [i.id for i in workspace.inbox.list(project, "rejected")[0]] == [ids[2], ids[0], ids[1]]


def test_an_item_knows_its_place_in_its_queue(workspace: Workspace, shared: tuple[str, str]) -> None:
    project, demo_id = shared
    payloads = [said(f"text {i}", right=i % 3 == 0) for i in range(12)]
    inbox, ids = workspace.inbox, add_feedback(workspace.scope.engine, demo_id, project, payloads)
    for item in ids[:4]:
        inbox.decide(item, "accepted", "praise", 0)
    for state in ("pending", "accepted"):
        for filters in ({}, {"only_wrong": True}, {"search": "text 1"}):
            items, _ = inbox.list(project, state, **filters)
            assert [inbox.position(i, **filters) for i in items] == list(range(len(items)))
    assert inbox.position(inbox.get(ids[0]), only_wrong=True) is None


# --- taking away ------------------------------------------------------------------------------------------------------

FORMULAS = ['=HYPERLINK("http://x",A1)', "\t=1+1", "＝cmd", "-1", "+1", "@x", "'=x", 'plain\r\n,"text"']


def test_the_spreadsheet_file_runs_nothing_and_the_raw_one_changes_nothing(
    workspace: Workspace, shared: tuple[str, str]
) -> None:
    project, _ = shared
    engine = workspace.scope.engine
    evil = make_demo(engine, project, title="=1+1", classes=("=a()", "b"), inputs=("=col",))
    payloads = [said(answer="=a()", correction="b", inputs={"=col": text}, comment=text) for text in FORMULAS]
    ids = add_feedback(engine, evil, project, payloads)
    workspace.inbox.decide(ids[0], "accepted", "=a()", 0)

    raw = list(csv.DictReader(io.StringIO(workspace.inbox.export(project, False).decode(), newline="")))
    assert [(r["input:=col"], r["comment"]) for r in raw] == [(text, text) for text in FORMULAS]
    assert (raw[0]["queue"], raw[0]["label"], raw[1]["label"], raw[0]["demo"]) == (
        "accepted",
        "=a()",
        "",
        "=1+1",
    )
    assert raw[0]["right"] == "False"

    safe = workspace.inbox.export(project, True)
    assert safe.startswith(b"\xef\xbb\xbf")
    guarded = list(csv.DictReader(io.StringIO(safe.decode("utf-8-sig"), newline="")))
    for row in guarded:
        assert not [cell for cell in row.values() if cell[:1] in tuple("=+-@＝＋－＠\t\r")]
    assert [unguard(r["comment"]) for r in guarded] == FORMULAS


def test_an_empty_inbox_can_be_taken_away(workspace: Workspace, shared: tuple[str, str]) -> None:
    assert workspace.inbox.export(shared[0], True).decode("utf-8-sig").startswith("id,demo")


def test_deleting_a_project_takes_its_feedback(
    workspace: Workspace, shared: tuple[str, str], item: str
) -> None:
    workspace.inbox.decide(item, "rejected", None, 0)
    workspace.projects.delete(shared[0])
    with pytest.raises(BentuError):
        workspace.inbox.get(item)
    assert rows(workspace) == 0
