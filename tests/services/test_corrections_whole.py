"""A version of accepted corrections is made whole or not at all, and once: deaths, kills, and decisions meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.i18n import render_error
from engine.services import children, dividing, importing, splits
from engine.services.accepted import CorrectionsChanged, NoCorrections
from engine.services.inline import run_waiting
from engine.storage.database import read, write
from engine.storage.tables import job as job_table
from engine.storage.tables import split
from tests.shop import Shop, ended

ROOT = Path(__file__).parents[2]


def test_one_preview_makes_one_version(shop: Shop) -> None:
    shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    first = shop.ws.corrections.start(shop.version.id, key, idempotency="click")
    again = shop.ws.corrections.start(shop.version.id, key, idempotency="click")
    assert first.id == again.id
    other_tab = shop.ws.corrections.start(shop.version.id, key, idempotency="another tab")
    results = [ended(shop.ws, job).result or {} for job in (first, other_tab)]
    later = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result
    assert not results[0]["existing"]
    assert results[1] == later == {"version_id": results[0]["version_id"], "existing": True}
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 2
    with pytest.raises(NoCorrections):
        shop.ws.corrections.start_preview(shop.version.id)


STEPS = [
    (children, "check_table"), (children, "_stored"), (children, "insert_child"), (dividing, "insert_split"), (children, "_mark"),
    (importing, "store_profile"),
]  # fmt: skip


MOMENTS = [(*STEPS[0], False), *((*step, True) for step in STEPS), (*STEPS[-1], False)]
"""After a step is before the next one; before the last one, all that is written at once has been."""


@pytest.mark.parametrize(
    ("module", "step", "done"),
    MOMENTS,
    ids=[f"{'after' if done else 'before'}-{name}" for _, name, done in MOMENTS],
)
def test_a_death_between_steps_leaves_nothing_half_made(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, module: Any, step: str, done: bool
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    whole = getattr(module, step)

    def dies(*given: Any, **named: Any) -> Any:
        if done:
            whole(*given, **named)
        raise MemoryError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        job = shop.ws.corrections.start(shop.version.id, key)
        run_waiting(shop.ws.scope)
        assert shop.ws.jobs.get(job.id).state == "failed"
    versions = shop.ws.datasets.list(shop.project)[0].versions
    with read(shop.ws.scope.engine) as connection:
        divided = set(connection.scalars(select(split.c.version_id)))
    made = {v.id for v in versions if v.parent_id}
    assert set(filter(None, shop.marked().values())) == made
    assert divided == {v.id for v in versions}
    assert len(made) == (1 if step == "store_profile" else 0)

    child = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result or {}
    assert shop.marked() == {item: child["version_id"]}
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 2
    assert shop.ws.datasets.profile(child["version_id"]) is not None
    assert splits.facts(shop.ws.scope, child["version_id"]).rows == 81


KILLED = """
import os, signal, sys
from engine.services import children, importing
from engine.services.inline import run_job_here
from engine.workspace import open_workspace
module = {"children": children, "importing": importing}[sys.argv[2]]
whole = getattr(module, sys.argv[3])
def dies(*given, **named):
    whole(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, sys.argv[3], dies)
run_job_here(open_workspace().scope, sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "step", "there"), [("children", "_mark", 0), ("importing", "store_profile", 1)]
)
def test_a_killed_process_leaves_all_of_a_version_or_nothing(
    shop: Shop, module: str, step: str, there: int
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    job = shop.ws.corrections.start(shop.version.id, key)
    with write(shop.ws.scope.engine) as connection:
        connection.execute(update(job_table).where(job_table.c.id == job.id).values(executor="inline"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, job.id, module, step], cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL
    made = [v for v in shop.ws.datasets.list(shop.project)[0].versions if v.parent_id]
    assert len(made) == there
    assert list(shop.marked().values()) == ([made[0].id] if there else [None])
    for version in made:
        view = shop.ws.splits.current(version.id)
        assert view is not None
        assert view.counts["train"] == 81

    result = ended(shop.ws, shop.ws.corrections.start(shop.version.id, key)).result or {}
    assert shop.marked() == {item: result["version_id"]}
    assert result["existing"] == bool(there)
    assert shop.ws.datasets.profile(result["version_id"]) is not None


def test_what_was_decided_since_the_preview_is_not_taken_unseen(shop: Shop) -> None:
    first, second = shop.accept("the rider was kind", "praise"), shop.accept("cold soup", "complaint")
    key = shop.preview().key
    late = shop.ws.corrections.start(shop.version.id, key)
    shop.change(second, label="praise")
    run_waiting(shop.ws.scope)
    problem = shop.ws.jobs.get(late.id).problem
    assert isinstance(problem, CorrectionsChanged)
    with pytest.raises(CorrectionsChanged):
        shop.ws.corrections.start(shop.version.id, key)
    assert not any(shop.marked().values())
    assert len(shop.ws.datasets.list(shop.project)[0].versions) == 1
    shop.change(first, state="rejected", label=None)
    child = shop.make()
    assert shop.rows(child).loc[100, "label"] == "praise"
    assert shop.marked() == {first: None, second: child.id}
    assert render_error(problem, "zh_CN") != render_error(problem, "en")


def test_a_change_between_reading_and_marking_undoes_everything(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = shop.accept("the rider was kind", "praise")
    key = shop.preview().key
    whole = children._stored

    def meanwhile(child: Any) -> Any:
        shop.change(item, label="complaint")
        return whole(child)

    monkeypatch.setattr(children, "_stored", meanwhile)
    job = shop.ws.corrections.start(shop.version.id, key)
    run_waiting(shop.ws.scope)
    assert isinstance(shop.ws.jobs.get(job.id).problem, CorrectionsChanged)
    assert shop.marked() == {item: None}
    assert [v.number for v in shop.ws.datasets.list(shop.project)[0].versions] == [1]
