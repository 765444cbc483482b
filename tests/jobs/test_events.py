from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import Engine

from engine.jobs import events
from engine.jobs.events import Event, plain, thin
from engine.jobs.job import Job
from engine.storage.clock import now
from engine.storage.database import write


def test_a_reader_asks_for_what_came_after(database: Engine, submit: Callable[..., Job]) -> None:
    job, other = submit("echo"), submit("echo")
    with write(database) as connection:
        events.append(connection, job.id, 1, [Event(n, now(), "epoch", {"epoch": n}) for n in (1, 2)])
        events.append(connection, other.id, 1, [Event(1, now(), "epoch", {"epoch": 9})])
    first = events.events(database, job.id)
    assert [(e.seq, e.payload["epoch"], e.attempt) for e in first] == [(1, 1, 1), (2, 2, 1)]
    with write(database) as connection:
        events.append(connection, job.id, 1, [Event(3, now(), "log", {"text": "slow"})])
        events.add(connection, job.id, 1, "lost", {"reason": "signal"})
    later = events.events(database, job.id, first[-1].id)
    assert [(e.seq, e.kind) for e in later] == [(3, "log"), (4, "lost")]
    assert [e.seq for e in events.events(database, job.id, kinds=("log",))] == [3]
    assert [e.seq for e in events.events(database, job.id, limit=1)] == [1]


def test_writing_again_what_may_have_been_written_doubles_nothing(
    database: Engine, submit: Callable[..., Job]
) -> None:
    job = submit("echo")
    entries = [Event(n, now(), "epoch", {"epoch": n}) for n in range(1, 4)]
    for upto in (2, 3):
        with write(database) as connection:
            events.append(connection, job.id, 1, entries[:upto])
    assert [e.seq for e in events.events(database, job.id)] == [1, 2, 3]


def test_thin_keeps_both_ends() -> None:
    points = list(range(2000))
    thinned = thin(points)
    assert len(thinned) == 500
    assert (thinned[0], thinned[-1]) == (0, 1999)
    assert thinned == sorted(set(thinned))
    assert max(b - a for a, b in pairwise(thinned)) <= 5
    assert thin([1, 2, 3]) == [1, 2, 3]


def test_plain_is_what_json_can_hold() -> None:
    reported = {
        "loss": np.float32(0.5),
        "step": np.int64(3),
        7: (1, math.nan, np.float64("inf")),
        "ok": np.True_,
    }
    assert plain(reported) == {"loss": 0.5, "step": 3, "7": [1, None, None], "ok": True}
    for wrong in (object(), b"bytes", np.zeros(3)):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            plain({"x": wrong})
