from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, Select, event, func, select, text

from engine.jobs import events, queue
from engine.storage import tables
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import metadata, run


def fill(engine: Engine) -> None:
    """A project with a dataset, a version, a split, a run, its job with an event, an evaluation and an opening."""
    job_id, moment = "job_a", now()
    waiting = {  # by hand, so that it fits into the table of every revision
        "id": job_id, "owner": "me", "kind": "train", "lane": "training", "spec": {}, "priority": 0, "state": "queued",
        "attempt": 0, "max_attempts": 3, "executor": "local", "folder": "jobs/job_a", "seconds": 0.0, "created": moment,
        "queued_at": moment,
    }  # fmt: skip
    some: dict[str, Any] = {
        "owner": "me", "name": "n", "sample": False, "draft_revision": 0, "project_id": "prj_a", "dataset_id": "dat_a",
        "version_id": "ver_a", "split_id": "spl_a", "run_id": "run_a", "job_id": job_id, "number": 1, "digest": "d",
        "artifact": "a", "schema": {}, "rows": 1, "columns": 1, "source": {}, "findings": [], "spec": {}, "counts": {},
        "leaks": {}, "family": "f", "recipe": {}, "recipe_digest": "d", "stopped_early": False, "idempotency": "i",
        "part": "test", "predictions": "p", "headline": {}, "reason": "r", "opened": moment, "created": moment,
        "updated": moment,
    }  # fmt: skip
    ids = {"project": "prj_a", "dataset": "dat_a", "dataset_version": "ver_a", "split": "spl_a", "run": "run_a",
           "evaluation": "eva_a", "test_opening": "opn_a"}  # fmt: skip
    with write(engine) as connection:
        connection.execute(tables.job.insert().values(waiting))
        for name, row_id in ids.items():
            table = metadata.tables[name]
            values = {column.name: some[column.name] for column in table.c if column.name in some}
            if name == "run":
                values["predictions"] = {}
            connection.execute(table.insert().values(**values | {"id": row_id}))
        connection.execute(tables.job.update().values(project_id="prj_a"))
        events.add(connection, job_id, 0, "note", {})


def test_deleting_a_project_deletes_all_that_is_its_own(database: Engine) -> None:
    fill(database)
    with write(database) as connection:
        connection.execute(tables.project.delete())
        left = {
            t.name for t in metadata.sorted_tables if connection.scalar(select(func.count()).select_from(t))
        }
    assert left == set()


def test_a_version_that_runs_saw_cannot_be_deleted_alone(database: Engine) -> None:
    fill(database)
    with pytest.raises(Exception, match=r"(?i)foreign key"), write(database) as connection:
        connection.execute(tables.dataset_version.delete())


def test_every_row_of_a_user_carries_its_owner() -> None:
    without = {table.name for table in metadata.sorted_tables if "owner" not in table.c}
    assert without == {"job_event"}  # found through its job


def test_every_reference_has_an_index_for_its_deletion() -> None:
    for table in metadata.sorted_tables:
        first = {next(iter(index.columns)).name for index in table.indexes}
        first |= {next(iter(c.columns)).name for c in table.constraints if len(c.columns)}  # type: ignore[attr-defined]
        for column in table.c:
            assert not column.foreign_keys or column.name in first, f"{table.name}.{column.name}"


def test_pages_of_many_rows_come_through_an_index(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 28: with 10 000 runs and 1 M events, what pages ask must not read a whole table."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite, "before_cursor_execute", lambda c, cur, sql, args, *_: asked.append((sql, args)))
    job = queue.submit(sqlite, "me", "train", {}, "training", project_id=None)
    events.events(sqlite, job.id, after_id=7, limit=100)
    events.events(sqlite, job.id, kinds=("epoch",))
    queue.get(sqlite, "me", job.id)
    queue.list_jobs(sqlite, "me")
    queue.list_jobs(sqlite, "me", project_id="prj_a")
    queue.position(sqlite, "me", job.id)
    listing: Select[Any] = (
        select(run).where(run.c.owner == "me", run.c.project_id == "p", run.c.deleted.is_(None))
        .order_by(run.c.created.desc()).limit(50)
    )  # fmt: skip
    with write(sqlite) as connection:
        connection.execute(listing)
        for sql, arguments in [a for a in asked if a[0].lstrip().startswith("SELECT")]:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", arguments).all()
            assert not any(row.detail.startswith("SCAN") for row in plan), (sql, plan)


def test_sqlite_ids_of_events_are_never_used_twice(sqlite: Engine) -> None:
    job = queue.submit(sqlite, "me", "train", {}, "training")
    for _ in range(2):
        with write(sqlite) as connection:
            connection.execute(text("DELETE FROM job_event"))
            events.add(connection, job.id, 1, "note", {})
    assert events.events(sqlite, job.id)[0].id == 2
