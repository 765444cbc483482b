"""An edit that is killed with -9 leaves nothing half made, and the same edit then makes its one version."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.edits import Drop
from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Workspace

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, signal
from engine.services import editing
from engine.services.inline import run_waiting
from engine.workspace import open_workspace

whole = editing.{step}

def dies(*given, **named):
    whole(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

editing.{step} = dies
run_waiting(open_workspace().scope)
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", ["keep_table", "insert_child"])
def test_a_killed_edit_leaves_nothing_half_made(
    workspace: Workspace, imported: Callable[..., DatasetVersion], step: str
) -> None:
    parent = imported(rows=60)
    killed = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2))])
    ended = subprocess.run([sys.executable, "-c", PROGRAM.format(step=step)], cwd=ROOT, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 1
    assert workspace.jobs.get(killed.id).state != "succeeded"

    again = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2))], idempotency="again")
    run_waiting(workspace.scope)
    done = workspace.jobs.get(again.id)
    assert done.state == "succeeded", done.error
    assert done.result is not None and done.result["rows_removed"] == 2
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 2
