"""Jobs of one group (the workers of a search) take one slot of their lane together, and run at the same time."""

from __future__ import annotations

from sqlalchemy import Engine

from engine.jobs import queue
from engine.jobs.job import Job
from tests.jobs.watching import Running, Until, eventually


def deaf(database: Engine, group_id: str | None, owner: str = "me") -> Job:
    return queue.submit(database, owner, "deaf", {}, "training", group_id=group_id)


def states(database: Engine, *jobs: Job) -> list[str]:
    return [queue.get(database, one.owner, one.id).state for one in jobs]


def test_all_workers_of_a_group_run_at_once_and_nobody_else(
    database: Engine, supervised: Running, until: Until
) -> None:
    first, second, third = (deaf(database, "a") for _ in range(3))
    other, stranger, sibling = deaf(database, "b"), deaf(database, None, "you"), deaf(database, "b")
    eventually(lambda: states(database, first, second, third) == ["running"] * 3)
    late = deaf(database, "a")
    eventually(lambda: states(database, late) == ["running"])
    assert states(database, other, stranger, sibling) == ["queued"] * 3
    for one in (first, second, third):
        queue.cancel(database, "me", one.id)
        until(one)
    assert states(database, other, stranger) == ["queued"] * 2, "one of the group still runs"
    queue.cancel(database, "me", late.id)
    eventually(lambda: states(database, stranger) == ["running"])
    assert states(database, other, sibling) == ["queued"] * 2
    queue.cancel(database, "you", stranger.id)
    eventually(lambda: states(database, other, sibling) == ["running"] * 2)


def test_workers_that_an_earlier_supervisor_started_count_as_one_too(
    database: Engine, supervised: Running, until: Until
) -> None:
    first, second = (deaf(database, "a") for _ in range(2))
    eventually(lambda: states(database, first, second) == ["running"] * 2)
    supervised.leave()
    orphans = supervised.children()
    other, late = deaf(database, "b"), deaf(database, "a")
    supervised.start()
    eventually(lambda: states(database, late) == ["running"])
    assert states(database, other) == ["queued"]
    for one in (first, second, late):
        queue.cancel(database, "me", one.id)
        until(one)
    for orphan in orphans:
        orphan.process.wait()
    eventually(lambda: states(database, other) == ["running"])
