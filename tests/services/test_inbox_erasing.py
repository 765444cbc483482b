"""What leaves the demo process' file: entries of demos that are gone, and what was taken over where room is scarce."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.services import erasing
from engine.services.draining import Drain, drain
from engine.storage.database import read
from engine.storage.errors import DatabaseBusy
from engine.storage.home import demo_home
from engine.storage.inbox import FILE, read_entries
from engine.storage.inbox_writer import Inbox as Writer
from engine.storage.inbox_writer import InboxBudgetSpent
from engine.storage.tables import demo, demo_alert
from engine.workspace import Workspace
from tests.feedback_rows import said
from tests.services.taken_in import rows


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
