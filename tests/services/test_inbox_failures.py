"""Draining where something fails: an entry that cannot be taken holds up no other, and a database that is away loses none."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, StatementError

from engine.services import draining
from engine.services.draining import drain, keep_draining
from engine.storage.database import open_database
from engine.storage.errors import DatabaseBusy
from engine.storage.home import demo_home
from engine.storage.inbox import FILE
from engine.storage.inbox_writer import Inbox as Writer
from engine.workspace import Workspace
from tests.feedback_rows import raw_entry, said
from tests.services.taken_in import rows, tallies


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
