"""The inbox: for the owner of a demo only, what it finds, in which order, and what it gives to take away."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import select

from engine.data.spreadsheet import unguard
from engine.errors import BentuError, NotFound
from engine.services.draining import drain
from engine.services.inbox import Inbox
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.home import demo_home
from engine.storage.inbox_writer import Inbox as Writer
from engine.storage.tables import feedback
from engine.workspace import Workspace
from tests.feedback_rows import add_feedback, make_demo, make_project, said


def test_feedback_belongs_to_the_owner_of_its_demo(workspace: Workspace) -> None:
    engine = workspace.scope.engine
    mine, other = make_project(engine), make_project(engine, owner="other")
    my_demo, their_demo = make_demo(engine, mine), make_demo(engine, other, owner="other")
    writer = Writer(demo_home())
    writer.append("feedback", my_demo, "k", said("mine"))
    writer.append("feedback", their_demo, "k", said("theirs"))
    writer.close()
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


def test_deleting_a_project_takes_its_feedback(workspace: Workspace, shared: tuple[str, str]) -> None:
    project, demo_id = shared
    (item,) = add_feedback(workspace.scope.engine, demo_id, project, [said()])
    workspace.inbox.decide(item, "rejected", None, 0)
    workspace.projects.delete(project)
    with pytest.raises(BentuError):
        workspace.inbox.get(item)
    with read(workspace.scope.engine) as connection:
        assert not connection.execute(select(feedback)).all()
