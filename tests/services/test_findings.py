"""Findings with all their rows: kept with the version, found again, set aside and taken back, forgotten with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from sqlalchemy import func, select

from engine.data.checks import Stage, checks
from engine.data.edits import Drop
from engine.data.findings import Found, found, handle
from engine.data.limits import FINDING_ROWS
from engine.data.table_view import TableView
from engine.errors import NotFound
from engine.services.findings import NOTE_CHARS, NoteTooLong, keep, rows_of
from engine.services.inline import run_waiting
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.tables import result
from engine.workspace import DatasetVersion, Workspace

Importer = Callable[..., DatasetVersion]


class Toy:
    """A deep check that says something of all rows."""

    name, order, title = "toy_check", 1, "Toy"
    task: str | None = None
    stage: Stage = "deep"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[::-1]
        scores = np.linspace(1, 0, len(rows))
        yield found("toy", "info", "Toy: {count}", rows, suggested=["x"] * len(rows), scores=scores)


class Broken(Toy):
    name, order, title = "broken_check", 2, "Broken"

    def run(self, table: TableView) -> Iterable[Found]:
        raise ZeroDivisionError


@pytest.fixture
def toys() -> Iterator[None]:
    known = [check for check in checks if check.stage == "deep"]
    for check in known:
        checks.unregister(check.name)
    checks.register(Toy())
    checks.register(Broken())
    yield
    for name in (Toy.name, Broken.name):
        checks.unregister(name)
    for check in known:
        checks.register(check)


REPEATED = b"text,label,region\n" + b"".join(
    b"same %d,%s,%s\n" % (i % 3, b"p" if i % 2 else b"n", b"" if i % 5 else b"north") for i in range(3000)
)
ROLES = {"text": "input", "label": "label", "region": "slice"}


def test_all_rows_are_kept_though_a_finding_quotes_a_thousand(
    workspace: Workspace, imported: Importer
) -> None:
    version = imported(content=REPEATED, roles=ROLES)
    said = {one.code: one for one in workspace.datasets.findings(version.id)}
    assert len(said["duplicates"].rows) == FINDING_ROWS and said["duplicates"].count == 3000
    kept = workspace.findings.rows(version.id, "duplicates")
    assert kept is not None and kept.groups is not None and kept.suggested is None
    assert sorted(kept.rows) == list(range(3000))
    for group in set(kept.groups.tolist()):
        assert len({int(row) % 3 for row in kept.rows[kept.groups == group]}) == 1
    missing = said["missing_values"]
    assert handle(missing) == "missing_values:region"
    empty = workspace.findings.rows(version.id, handle(missing))
    assert empty is not None and empty.rows.tolist() == [i for i in range(3000) if i % 5]
    assert workspace.findings.rows(version.id, "no such finding") is None


def test_findings_of_one_code_come_together_without_mixing_groups(
    workspace: Workspace, imported: Importer
) -> None:
    version, scope = imported(rows=60), workspace.scope
    pairs = [
        found("overlap", "info", "{first}", np.array(rows), groups=np.array([0, 0]), first=name, second="x")
        for name, rows in (("a", [1, 2]), ("b", [5, 6]))
    ]
    keep(scope, version.id, pairs)
    alone = rows_of(scope, version.id, "overlap:b:x")
    assert alone is not None and alone.rows.tolist() == [5, 6]
    both = rows_of(scope, version.id, "overlap")
    assert both is not None and both.groups is not None
    assert both.rows.tolist() == [1, 2, 5, 6] and len(set(both.groups.tolist())) == 2


def test_deep_checks_are_a_job_whose_findings_join_the_others(
    workspace: Workspace, imported: Importer, toys: None
) -> None:
    version = imported(rows=60)
    before = workspace.datasets.findings(version.id)
    assert not workspace.findings.deep_done(version.id) and workspace.findings.deep_job(version.id) is None
    job = workspace.findings.start_deep(version.id)
    assert workspace.findings.start_deep(version.id).id == job.id, "a double click is one job"
    run_waiting(workspace.scope)
    assert workspace.jobs.get(job.id).state == "succeeded"
    assert workspace.findings.deep_done(version.id)
    after = workspace.datasets.findings(version.id)
    assert after[: len(before)] == before
    assert [one.code for one in after[len(before) :]] == ["toy", "check_broke"]
    kept = workspace.findings.rows(version.id, "toy")
    assert kept is not None and kept.scores is not None and kept.suggested == ("x",) * 60
    assert kept.rows.tolist() == list(range(59, -1, -1)) and kept.scores[0] == 1
    assert workspace.findings.rows(version.id, "toy").rows.tolist() == kept.rows.tolist()  # type: ignore[union-attr]
    again = workspace.findings.start_deep(version.id)
    assert again.id != job.id, "it can be run anew"


def test_a_finding_is_set_aside_with_a_note_and_taken_back(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=REPEATED, roles=ROLES)
    workspace.findings.set_aside(version.id, "duplicates", " copies are meant ")
    workspace.findings.set_aside(version.id, "missing_values:region")
    aside = workspace.findings.aside(version.id)
    assert {name: one.note for name, one in aside.items()} == {
        "duplicates": "copies are meant", "missing_values:region": "",
    }  # fmt: skip
    assert workspace.datasets.findings(version.id), "what is set aside is still known"
    workspace.findings.take_back(version.id, "duplicates")
    assert set(workspace.findings.aside(version.id)) == {"missing_values:region"}
    with pytest.raises(NotFound):
        workspace.findings.set_aside(version.id, "nothing")
    with pytest.raises(NoteTooLong):
        workspace.findings.set_aside(version.id, "duplicates", "x" * (NOTE_CHARS + 1))


def test_a_version_made_by_a_fix_begins_with_what_was_set_aside(
    workspace: Workspace, imported: Importer
) -> None:
    version = imported(content=REPEATED, roles=ROLES)
    workspace.findings.set_aside(version.id, "duplicates", "copies are meant")
    job = workspace.datasets.start_edit(version.id, [Drop(rows=(1,))])
    run_waiting(workspace.scope)
    child = (workspace.jobs.get(job.id).result or {})["version_id"]
    assert workspace.findings.aside(child)["duplicates"].note == "copies are meant"
    workspace.findings.take_back(child, "duplicates")
    assert workspace.findings.aside(child) == {}
    assert set(workspace.findings.aside(version.id)) == {"duplicates"}, "the parent keeps its own"


def test_everything_goes_with_the_dataset(workspace: Workspace, imported: Importer, toys: None) -> None:
    version = imported(content=REPEATED, roles=ROLES)
    workspace.findings.start_deep(version.id)
    run_waiting(workspace.scope)
    workspace.findings.set_aside(version.id, "duplicates")
    files = list((artifacts.root() / "sha256").glob("??/*"))
    assert files
    assert artifacts.collect(workspace.scope.engine, young=-1) == [], "a row keeps each file"
    workspace.datasets.delete(version.dataset_id)
    with read(workspace.scope.engine) as connection:
        left = connection.scalar(select(func.count()).where(result.c.kind.in_(("found", "aside", "profile"))))
    assert left == 0
    artifacts.collect(workspace.scope.engine, young=-1)
    assert not list((artifacts.root() / "sha256").glob("??/*"))


def test_nothing_of_another_owner(workspace: Workspace, imported: Importer) -> None:
    version = imported(content=REPEATED, roles=ROLES)
    stranger = Workspace(Scope("stranger", workspace.scope.engine)).findings
    for ask in (
        lambda: stranger.of(version.id), lambda: stranger.rows(version.id, "duplicates"), lambda: stranger.start_deep(version.id),
        lambda: stranger.aside(version.id), lambda: stranger.set_aside(version.id, "duplicates"),
        lambda: stranger.take_back(version.id, "duplicates"), lambda: stranger.deep_done(version.id), lambda: stranger.deep_job(version.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
