from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from engine.errors import NotFound
from engine.jobs import lease, queue
from engine.jobs.errors import NotResumable, QueueFull
from engine.jobs.job import LIMITS, Job, Limit
from engine.jobs.lease import Loss
from engine.jobs.spawn import environment
from engine.jobs.timing import Timing
from engine.storage.database import write
from engine.storage.errors import LowSpace

TIMING = Timing()


def run_to_end(database: Engine, job: Job, state: str = "succeeded") -> None:
    taken = lease.take_over(database, job.id, job.attempt, 1, None, TIMING)
    with write(database) as connection:
        lease.finish(connection, job.id, str(taken.lease_token), state, seconds=0)  # type: ignore[arg-type]


def test_a_submitted_job_waits_with_what_it_was_given(database: Engine) -> None:
    spec = {"text": "外卖 \u0000 \U0001f35c", "n": 1}
    job = queue.submit(database, "me", "echo", spec, "short", priority=3, max_attempts=2)
    assert queue.get(database, "me", job.id) == job
    assert (job.state, job.spec, job.priority, job.attempt, job.max_attempts) == ("queued", spec, 3, 0, 2)
    assert job.id.startswith("job_")
    assert job.active
    assert not job.over
    assert job.problem is None
    assert job.log_tail() == ""


def test_a_job_of_another_owner_is_not_found(database: Engine, submit: Callable[..., Job]) -> None:
    job = submit("echo", owner="you")
    for act in (queue.get, queue.position, queue.cancel, queue.resume):
        with pytest.raises(NotFound):
            act(database, "me", job.id)
    assert queue.list_jobs(database, "me") == []
    assert queue.get(database, "you", job.id).state == "queued"


def test_lists_are_newest_first_filtered_and_paged(database: Engine, submit: Callable[..., Job]) -> None:
    jobs = [submit(kind) for kind in ("echo", "steps", "echo")]
    assert [j.id for j in queue.list_jobs(database, "me")] == [j.id for j in reversed(jobs)]
    assert [j.id for j in queue.list_jobs(database, "me", limit=1, offset=1)] == [jobs[1].id]
    assert [j.id for j in queue.list_jobs(database, "me", kind="steps")] == [jobs[1].id]
    queue.cancel(database, "me", jobs[0].id)
    assert [j.id for j in queue.list_jobs(database, "me", states=("cancelled",))] == [jobs[0].id]


def test_a_double_click_is_one_job(database: Engine) -> None:
    """Case 9."""
    first = queue.submit(database, "me", "echo", {"n": 1}, "training", idempotency="click-1")
    second = queue.submit(database, "me", "echo", {"n": 2}, "training", idempotency="click-1")
    other = queue.submit(database, "you", "echo", {"n": 3}, "training", idempotency="click-1")
    assert first == second
    assert other.id != first.id
    assert len(queue.list_jobs(database, "me")) == 1


def test_a_full_queue_says_so_and_counts_only_its_owner(database: Engine) -> None:
    limits = LIMITS | {"training": Limit(1, 2)}
    for _ in range(2):
        queue.submit(database, "me", "echo", {}, "training", limits=limits)
    with pytest.raises(QueueFull) as caught:
        queue.submit(database, "me", "echo", {}, "training", limits=limits)
    assert caught.value.params == {"waiting": 2, "limit": 2}
    queue.submit(database, "you", "echo", {}, "training", limits=limits)
    queue.submit(database, "me", "echo", {}, "short", limits=limits)
    assert LIMITS["training"] == Limit(running=1, waiting=20)


def test_a_nearly_full_disk_takes_no_new_jobs(
    database: Engine, submit: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 20."""
    monkeypatch.setenv("BENTU_MIN_FREE_MB", str(10**12))
    with pytest.raises(LowSpace):
        submit("echo")
    monkeypatch.setenv("BENTU_MIN_FREE_MB", "1")
    submit("echo")
    assert len(queue.list_jobs(database, "me")) == 1


def test_order_is_priority_then_age(database: Engine) -> None:
    low, high, later = (queue.submit(database, "me", "echo", {}, "short", priority=p) for p in (0, 5, 0))
    assert [queue.position(database, "me", j.id) for j in (low, high, later)] == [2, 1, 3]
    wide = LIMITS | {"short": Limit(9, 9)}
    claimed = [lease.claim(database, "short", TIMING, limits=wide) for _ in range(4)]
    assert [j and j.id for j in claimed] == [high.id, low.id, later.id, None]
    assert queue.position(database, "me", low.id) is None


def test_owners_take_turns_on_one_slot(database: Engine, submit: Callable[..., Job]) -> None:
    """Case 19: nobody waits for another's ten."""
    jobs = {owner: [submit("echo", "training", owner) for _ in range(10)] for owner in "abc"}
    assert queue.position(database, "b", jobs["b"][0].id) == 3
    assert queue.position(database, "c", jobs["c"][9].id) == 30
    served = []
    for _ in range(30):
        job = lease.claim(database, "training", TIMING)
        assert job is not None
        served.append(job.owner)
        run_to_end(database, job)
    assert all(Counter(served[i : i + 3]) == Counter("abc") for i in range(0, 30, 3))


def test_an_owner_at_the_limit_is_passed_over(database: Engine, submit: Callable[..., Job]) -> None:
    mine, _, yours = submit("echo", "training"), submit("echo", "training"), submit("echo", "training", "you")
    first, second, third = (lease.claim(database, "training", TIMING) for _ in range(3))
    assert first is not None
    assert second is not None
    assert (first.id, second.id, third) == (mine.id, yours.id, None)
    run_to_end(database, first)
    assert lease.claim(database, "training", TIMING) is not None


def test_a_download_at_a_time_so_that_others_find_a_place_in_the_short_lane(
    database: Engine, submit: Callable[..., Job]
) -> None:
    first, second = submit("preset", "short"), submit("preset", "short", "you")
    profile = submit("echo", "short")
    claimed = [lease.claim(database, "short", TIMING) for _ in range(3)]
    assert [one and one.id for one in claimed] == [first.id, profile.id, None]
    assert lease.overview(database)[1] == {}, "none that could begin: the supervisor need not ask again"
    assert claimed[0] is not None
    run_to_end(database, claimed[0])
    assert lease.overview(database)[1] == {"short": 1}
    following = lease.claim(database, "short", TIMING)
    assert following is not None
    assert following.id == second.id


def test_jobs_of_a_group_count_as_one(database: Engine) -> None:
    limits = LIMITS | {"training": Limit(1, 2)}

    def submit(group_id: str | None = None) -> Job:
        return queue.submit(database, "me", "echo", {}, "training", group_id=group_id, limits=limits)

    workers, alone = [submit("search") for _ in range(3)], submit()
    with pytest.raises(QueueFull):
        submit()
    submit("search")
    claimed = [lease.claim(database, "training", TIMING) for _ in range(5)]
    assert [c.id for c in claimed if c][:3] == [w.id for w in workers]
    assert len([c for c in claimed if c]) == 4
    assert alone.id not in {c.id for c in claimed if c}
    for one in claimed:
        if one:
            run_to_end(database, one)
    following = lease.claim(database, "training", TIMING)
    assert following is not None
    assert following.id == alone.id


def test_lanes_do_not_wait_for_each_other(database: Engine, submit: Callable[..., Job]) -> None:
    training, short = submit("echo", "training"), submit("echo", "short")
    claimed = lease.claim(database, "short", TIMING)
    assert claimed is not None
    assert claimed.id == short.id
    assert queue.position(database, "me", training.id) == 1


def test_cancelling_what_waits_ends_it_at_once(database: Engine, submit: Callable[..., Job]) -> None:
    """Case 8, queued."""
    job = submit("echo")
    job.work.mkdir(parents=True)
    assert queue.cancel(database, "me", job.id).state == "cancelled"
    assert not job.work.exists()
    assert lease.claim(database, "short", TIMING) is None
    assert queue.cancel(database, "me", job.id, "keep").cancel == "discard"


def test_cancelling_what_runs_asks_it(database: Engine, submit: Callable[..., Job]) -> None:
    job = submit("echo")
    lease.claim(database, "short", TIMING)
    asked = [queue.cancel(database, "me", job.id, how) for how in ("keep", "discard", "keep")]
    assert [j.state for j in asked] == ["starting"] * 3
    assert [j.cancel for j in asked] == ["keep", "discard", "discard"]
    assert asked[1].cancel_at == asked[2].cancel_at is not None


def test_only_a_failed_job_is_resumed_and_gets_new_attempts(
    database: Engine, submit: Callable[..., Job]
) -> None:
    job = submit("echo")
    with pytest.raises(NotResumable):
        queue.resume(database, "me", job.id)
    claimed = lease.claim(database, "short", TIMING)
    assert claimed is not None
    run_to_end(database, claimed, "failed")
    resumed = queue.resume(database, "me", job.id)
    assert (resumed.state, resumed.attempt, resumed.max_attempts) == ("queued", 1, 4)
    assert resumed.finished is resumed.error is None


def test_a_job_is_not_resumed_while_its_process_still_ends(
    database: Engine, submit: Callable[..., Job]
) -> None:
    job = submit("echo")
    claimed = lease.claim(database, "short", TIMING)
    assert claimed is not None
    running = lease.take_over(database, job.id, 1, 4711, 1.0, TIMING)
    queue.cancel(database, "me", job.id, "keep")
    assert lease.revoke(database, queue.get(database, "me", job.id), TIMING)
    with pytest.raises(NotResumable):
        queue.resume(database, "me", job.id)
    assert [j.id for j in lease.orphans(database)] == [running.id]
    lease.forget_process(database, job.id, 1)
    assert queue.resume(database, "me", job.id).state == "queued"


CLAIMER = """
import json, sys
from engine.jobs import lease
from engine.jobs.job import LIMITS, Limit
from engine.jobs.timing import Timing
from engine.storage.database import open_database
engine, claimed = open_database(), []
limits = LIMITS | {"short": Limit(1000, 1000)}
while job := lease.claim(engine, "short", Timing(), limits=limits):
    claimed.append(job.id)
print(json.dumps(claimed))
"""


def test_no_job_is_claimed_twice(database: Engine) -> None:
    """300 jobs, 4 processes."""
    with write(database) as connection:
        limits = LIMITS | {"short": Limit(1, 1000)}
        ids = {
            queue.enqueue(connection, f"o{n % 7}", "echo", {}, "short", limits=limits).id for n in range(300)
        }
    command: list[Any] = [sys.executable, "-c", CLAIMER]
    claimers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) for _ in range(4)]
    claimed = [json.loads(process.communicate()[0]) for process in claimers]
    assert sum(len(c) for c in claimed) == 300
    assert set().union(*claimed) == ids
    assert sum(bool(c) for c in claimed) > 1


def test_a_lost_job_can_be_cancelled(database: Engine, submit: Callable[..., Job]) -> None:
    job = submit("echo")
    claimed = lease.claim(database, "short", TIMING)
    assert claimed is not None
    assert lease.lose(database, claimed, Loss("signal", "SIGKILL"))
    assert queue.cancel(database, "me", job.id).state == "cancelled"
