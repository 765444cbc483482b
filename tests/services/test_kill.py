"""Case 1 on a real training: kill -9 in the middle, and the run ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.recipe import Augmentation, Step
from engine.workspace import DatasetVersion, Run, Workspace

Importer = Callable[..., DatasetVersion]
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def worker(workspace: Workspace) -> Iterator[None]:
    """A worker of its own that keeps TensorFlow warm, so that it is loaded once for all trainings."""
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "worker", "--stay"],
        cwd=ROOT,
        env={**os.environ, "BENTU_WARM": "training"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    for job in workspace.jobs.active():
        workspace.jobs.cancel(job.id)
    process.terminate()
    process.wait(30)


def eventually(condition: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def epochs(workspace: Workspace, run: Run) -> dict[int, float]:
    """Validation loss by epoch, the last report of each."""
    return {
        e.payload["epoch"]: e.payload["val_loss"] for e in workspace.runs.events(run.id) if e.kind == "epoch"
    }


def test_a_killed_training_goes_on_and_ends_with_the_same_loss(
    workspace: Workspace, imported: Importer, worker: None
) -> None:
    version = imported(rows=900)  # else it may be over before it is killed
    recipe = workspace.recipes.choose(version.project_id, "case_network", "quick")
    params = {**recipe.family.params, "epochs": 6, "patience": 0, "max_features": 200, "batch_size": 8}
    augment = Augmentation(
        steps=(Step(name="delete"), Step(name="snippets")), factor=0.5
    )  # copies are drawn again too
    changes = {"family": recipe.family.model_copy(update={"params": params}), "augment": augment}
    recipe = recipe.model_copy(update=changes)

    whole = workspace.runs.submit(version.project_id, recipe)
    eventually(lambda: not workspace.runs.get(whole.id).active)
    assert workspace.runs.get(whole.id).state == "succeeded", workspace.runs.get(whole.id).error

    killed = workspace.runs.submit(version.project_id, recipe)
    eventually(lambda: len(epochs(workspace, killed)) >= 2)
    process = workspace.jobs.get(killed.job_id).pid
    assert process is not None
    os.kill(process, signal.SIGKILL)
    start = time.monotonic()
    eventually(lambda: workspace.jobs.get(killed.job_id).attempt == 2, 30)
    assert time.monotonic() - start < 15
    eventually(lambda: not workspace.runs.get(killed.id).active)

    ended = workspace.runs.get(killed.id)
    assert ended.state == "succeeded", ended.error
    first, second = epochs(workspace, whole), epochs(workspace, killed)
    assert set(second) == set(first) == set(range(1, 7))
    assert all(abs(first[i] - second[i]) < 1e-6 for i in first), (first, second)
    assert ended.environment is not None and ended.environment["augmented_rows"] > 0
    assert ended.metrics == workspace.runs.get(whole.id).metrics
