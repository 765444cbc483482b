"""A search over several real worker processes: they try at the same time, and what is killed loses one candidate."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Job, Plan, Search, Workspace

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def worker(workspace: Workspace) -> Iterator[None]:
    """A supervisor of its own that keeps nothing warm."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "worker", "--stay"], cwd=ROOT, env={**os.environ, "BENTU_WARM": ""},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield
    for job in workspace.jobs.active():
        workspace.jobs.cancel(job.id)
    process.terminate()
    process.wait(30)


def eventually(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def overlapping(found: Search) -> int:
    """How many candidates began while another one was tried."""
    spans = [(one.started, one.finished) for one in found.candidates if one.finished]
    return sum(any(a < begun < b for a, b in spans) for begun, _ in spans)


def test_two_workers_go_on_at_once_with_a_search_and_a_killed_one_comes_back(
    workspace: Workspace, imported: Callable[..., DatasetVersion], worker: None
) -> None:
    version = imported(rows=300)
    recipe = workspace.recipes.choose(version.project_id, "tfidf_svm", "quick")
    plan = Plan(minutes=5, most=12, workers=2)
    begun = workspace.searches.start(version.project_id, recipe, "settings", plan, inline=True)
    run_waiting(workspace.scope)
    workspace.searches.go_on(begun.id, 5, 1)

    def now() -> Search:
        return workspace.searches.get(begun.id)

    def running() -> bool:
        return [job.state for job in second_go()] == ["running", "running"]

    def second_go() -> list[Job]:
        return [job for job in now().jobs if job.spec["go"] == 2]

    eventually(running)
    pids = {job.id: int(job.pid or 0) for job in second_go()}
    assert len(set(pids.values())) == 2 and 0 not in pids.values()
    eventually(lambda: sum(one.state == "done" for one in now().candidates) >= 18)
    kept = {one.id: (one.params, one.score) for one in now().candidates if one.state == "done"}
    victim = second_go()[0].id
    os.kill(pids[victim], signal.SIGKILL)
    eventually(lambda: not now().active)
    found = now()
    assert [job.state for job in found.jobs] == ["succeeded"] * 4
    assert {job.id: job.attempt for job in second_go()} == {job: 1 + (job == victim) for job in pids}
    assert len(found.candidates) == 24
    assert sum(one.state == "lost" for one in found.candidates) <= 1
    assert {one.state for one in found.candidates} <= {"done", "lost"}
    ended = {one.id: (one.params, one.score) for one in found.candidates}
    assert {key: ended[key] for key in kept} == kept, "what was finished before stays as it was"
    assert overlapping(found) >= 2
    assert found.insight.best is not None
