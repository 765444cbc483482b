"""The inbox file: kept once, kept for good, read without writing, and erased when that is asked for."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from engine.storage.errors import DatabaseDamaged, DatabaseDamagedNoCopy, DatabaseUnreachable
from engine.storage.inbox import (
    FILE,
    Entry,
    demos_in,
    forget_demo,
    inbox_id,
    last_id,
    make_room,
    next_id,
    read_entries,
)
from engine.storage.inbox_writer import Inbox, InboxBudgetSpent, InboxShareSpent


def entries(home: Path) -> list[Entry]:
    return read_entries(home / FILE, 0, 100_000)


def test_what_is_appended_is_there_once(bentu_home: Path) -> None:
    assert (inbox_id(bentu_home / FILE), entries(bentu_home)) == (None, [])
    assert (last_id(bentu_home / FILE), next_id(bentu_home / FILE, 5), demos_in(bentu_home / FILE)) == (
        0,
        5,
        set(),
    )
    inbox = Inbox(bentu_home)
    assert last_id(inbox.path) == 0
    payload = {"inputs": {"text": "שלום 😀\ud800"}, "right": True, "comment": None, "confidence": 0.1}
    assert inbox.append("feedback", "d", "k", payload) is None
    assert inbox.append("feedback", "d", "k", {"right": False}) == payload
    assert inbox.append("alert", "d", "k", {"right": False}) is None
    assert inbox.append("feedback", "e", "k", {"right": False}) is None
    first, *more = entries(bentu_home)
    assert (first.id, first.kind, first.demo, first.key, first.payload) == (1, "feedback", "d", "k", payload)
    assert first.at.tzinfo is not None
    assert [e.id for e in more] == [2, 3]
    assert [e.id for e in read_entries(inbox.path, 1, 1)] == [2]
    assert read_entries(inbox.path, 3, 10) == []
    name = inbox_id(inbox.path)
    inbox.close()
    again = Inbox(bentu_home)
    assert inbox_id(again.path) == name and name
    assert again.append("feedback", "d", "k", {}) == payload
    again.close()


def test_many_threads_lose_and_double_nothing(bentu_home: Path) -> None:
    inbox = Inbox(bentu_home)
    start = threading.Barrier(100)

    def post(thread: int) -> list[bool]:
        start.wait()
        return [
            inbox.append("feedback", "d", f"{k % 500}", {"k": k % 500}) is None
            for k in range(thread, 1000, 100)
        ]

    with ThreadPoolExecutor(100) as pool:
        new = [kept for said in pool.map(post, range(100)) for kept in said]
    inbox.close()
    assert (len(new), sum(new)) == (1000, 500)
    found = entries(bentu_home)
    assert sorted(int(e.key) for e in found) == list(range(500))
    assert [e.id for e in found] == sorted(e.id for e in found)
    assert all(e.payload == {"k": int(e.key)} for e in found)


def test_entries_are_never_changed(bentu_home: Path) -> None:
    inbox = Inbox(bentu_home)
    inbox.append("feedback", "d", "k", {"right": True})
    with (
        closing(sqlite3.connect(inbox.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="never"),
    ):
        connection.execute("UPDATE entry SET payload = '{}'")
    with pytest.raises(ValueError, match="JSON"):
        inbox.append("feedback", "d", "other", {"confidence": float("nan")})
    inbox.close()


def test_reading_writes_nothing_and_does_not_wait_for_the_writer(bentu_home: Path) -> None:
    inbox = Inbox(bentu_home)
    inbox.append("feedback", "d", "k", {})
    before = inbox.path.read_bytes()
    with closing(sqlite3.connect(inbox.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(entries(bentu_home)) == 1
        other.execute("ROLLBACK")
    assert inbox.path.read_bytes() == before
    inbox.close()


def test_erasing_a_demo_leaves_no_trace_and_ids_go_on(bentu_home: Path) -> None:
    assert forget_demo(bentu_home, "d") == 0
    inbox = Inbox(bentu_home)
    for k in range(50):
        inbox.append("feedback", "d", f"{k}", {"text": f"secret words {k} " * 50})
    inbox.append("feedback", "e", "kept", {"text": "kept words"})
    inbox.remember("link:1", '{"demo": "d", "envelope": "secret words of the owner"}')
    inbox.append("alert", "d", "flush", {})
    assert forget_demo(bentu_home, "d") == 51
    assert [e.key for e in entries(bentu_home)] == ["kept"]
    held = b"".join(p.read_bytes() for p in bentu_home.glob(f"{FILE}*"))
    assert b"secret words" not in held and b"kept words" in held
    inbox.append("feedback", "e", "next", {})
    assert [e.id for e in entries(bentu_home)] == [51, 53]
    inbox.close()


def test_a_spent_budget_refuses_feedback_but_not_alerts(
    bentu_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_INBOX_MB", "1")
    inbox = Inbox(bentu_home)
    for k in range(30):
        inbox.append("feedback", f"d{k % 3}", f"{k}", {"text": "x" * 20_000})
    with pytest.raises(InboxBudgetSpent) as caught:
        inbox.append("feedback", "d0", "large", {"text": "x" * 500_000})
    assert (caught.value.code, caught.value.params) == ("INBOX_BUDGET_SPENT", {"limit": 1})
    assert inbox.append("feedback", "d0", "0", {}) == {"text": "x" * 20_000}
    inbox.append("alert", "d0", "told", {})
    inbox.append("tally", "d0", "counted", {"visits": 1})
    assert len(entries(bentu_home)) == 32
    assert inbox.path.stat().st_size < 1_200_000
    for k in range(3):
        forget_demo(bentu_home, f"d{k}")
    inbox.append("feedback", "e", "room again", {"text": "x" * 20_000})
    inbox.close()


def fill_share(inbox: Inbox, demo: str, length: int = 10_000) -> int:
    for k in range(10_000):
        try:
            inbox.append("feedback", demo, f"{k}", {"text": "x" * length})
        except InboxShareSpent:
            return k
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("length", [10, 300, 10_000, 100_000])
def test_one_demo_takes_half_of_the_budget_and_leaves_the_rest(
    bentu_home: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setenv("BENTU_INBOX_MB", "1")
    inbox = Inbox(bentu_home)
    kept = fill_share(inbox, "greedy", length)
    assert kept * length < 500_000 + length
    inbox.append("feedback", "other", "k", {"text": "x" * 10_000})
    inbox.append("alert", "greedy", "told", {})
    assert inbox.append("feedback", "greedy", "0", {}) is not None, "what is there is there"
    inbox.close()
    again = Inbox(bentu_home)
    with pytest.raises(InboxShareSpent):
        again.append("feedback", "greedy", "more", {"text": "x" * length})
    again.append("feedback", "other", "l", {"text": "x" * 10_000})
    assert make_room(bentu_home, 0) == 0
    assert make_room(bentu_home, 3) == 3
    again.append("feedback", "greedy", "more", {"text": "x" * length})
    assert next_id(again.path, 0) == 4
    again.close()


def test_room_is_made_only_above_half_of_the_budget_and_ids_go_on(
    bentu_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENTU_INBOX_MB", "1")
    assert make_room(bentu_home, 10) == 0
    inbox = Inbox(bentu_home)
    for k in range(20):
        inbox.append("feedback", "d", f"{k}", {"text": f"secret {k} " + "x" * 10_000})
    assert make_room(bentu_home, 20) == 0, "there is room enough"
    for k in range(20):
        inbox.append("feedback", "e", f"{k}", {"text": f"secret {k} " + "x" * 20_000})
    assert make_room(bentu_home, 38) == 38
    assert [e.id for e in entries(bentu_home)] == [39, 40]
    assert make_room(bentu_home, 40) == 0
    held = b"".join(p.read_bytes() for p in bentu_home.glob(f"{FILE}*"))
    assert b"secret 17 " not in held and b"secret 19 " in held
    assert demos_in(inbox.path) == {"e"}
    inbox.append("feedback", "d", "next", {})
    assert (last_id(inbox.path), next_id(inbox.path, 40), next_id(inbox.path, 41)) == (41, 41, 41)
    forget_demo(bentu_home, "d")
    assert last_id(inbox.path) == 41, "an id that was given is never given again"
    inbox.close()


def test_nobody_waits_for_ever_when_a_commit_fails(bentu_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(bentu_home)
    lost: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "_room", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            inbox.append("feedback", "d", "k", {})
        inbox.post("alert", "d", "a", {}, lambda: lost.append("a"))
        with pytest.raises(ZeroDivisionError):
            inbox.append("feedback", "d", "k", {})
    assert lost == ["a"]
    assert inbox.append("feedback", "d", "k", {}) is None
    inbox.close()
    with pytest.raises(DatabaseUnreachable):
        inbox.append("feedback", "d", "late", {})
    inbox.remember("late", "ignored")


def test_a_file_that_is_no_database_is_refused(bentu_home: Path) -> None:
    (bentu_home / FILE).write_bytes(b"scribbled over" * 1000)
    with pytest.raises((DatabaseDamaged, DatabaseDamagedNoCopy)):
        Inbox(bentu_home)
    with pytest.raises((DatabaseDamaged, DatabaseDamagedNoCopy)):
        entries(bentu_home)


def test_a_file_that_was_just_begun_is_empty(bentu_home: Path) -> None:
    (bentu_home / FILE).touch()
    assert (inbox_id(bentu_home / FILE), entries(bentu_home)) == (None, [])
    with closing(sqlite3.connect(bentu_home / FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert (inbox_id(bentu_home / FILE), entries(bentu_home)) == (None, [])


KILLED = """
import os, sys, threading
from pathlib import Path
from engine.storage.inbox_writer import Inbox
inbox = Inbox(Path(sys.argv[1]))
def post(thread):
    for k in range(10_000):
        inbox.append("feedback", "d", f"{thread}-{k}", {"k": k})
        os.write(1, f"{thread}-{k}\\n".encode())  # one call: lines of threads do not mix
for thread in range(8):
    threading.Thread(target=post, args=(thread,)).start()
"""


def test_what_was_acknowledged_survives_a_kill(bentu_home: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(bentu_home)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(200)]
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.read().splitlines()
    writer.wait()
    writer.stdout.close()
    keys = [e.key for e in entries(bentu_home)]  # before anybody repaired anything
    assert len(keys) == len(set(keys))
    assert set(told) <= set(keys)
    inbox = Inbox(bentu_home)
    assert inbox.append("feedback", "d", told[0], {}) is not None
    inbox.close()
