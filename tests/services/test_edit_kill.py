"""An edit that is killed with -9 leaves nothing half made, and the same edit then makes its one version."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from engine.data.edits import Append, Drop
from engine.errors import NotFound
from engine.jobs.upkeep import sweep_half_written
from engine.services.inline import run_waiting
from engine.storage.home import folder
from engine.workspace import DatasetVersion, Workspace

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, signal
from engine.services import {module}
from engine.services.inline import run_waiting
from engine.storage.home import folder
from engine.workspace import open_workspace

whole = {module}.{step}

def dies(*given, **named):
    whole(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

{module}.{step} = dies
run_waiting(open_workspace().scope)
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", ["keep_table", "insert_child"])
def test_a_killed_edit_leaves_nothing_half_made(
    workspace: Workspace, imported: Callable[..., DatasetVersion], step: str
) -> None:
    parent = imported(rows=60)
    first = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2))])
    killed("editing", step)
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 1
    assert workspace.jobs.get(first.id).state != "succeeded"

    again = workspace.datasets.start_edit(parent.id, [Drop(rows=(1, 2))], idempotency="again")
    run_waiting(workspace.scope)
    done = workspace.jobs.get(again.id)
    assert done.state == "succeeded", done.error
    assert done.result is not None and done.result["rows_removed"] == 2
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", ["keep_table", "insert_child"])
def test_a_killed_append_keeps_its_file_and_is_done_once(
    workspace: Workspace, imported: Callable[..., DatasetVersion], step: str
) -> None:
    parent = imported(rows=60)
    upload = workspace.datasets.stage(b"text,label\na new one,positive\nanother,negative\n", "more.csv").id
    workspace.datasets.start_edit(parent.id, [Append(upload=upload)])
    killed("editing", step)
    assert len(workspace.datasets.list(parent.project_id)[0].versions) == 1

    again = workspace.datasets.start_edit(parent.id, [Append(upload=upload)], idempotency="again")
    run_waiting(workspace.scope)
    done = workspace.jobs.get(again.id)
    assert done.state == "succeeded", done.error
    versions = workspace.datasets.list(parent.project_id)[0].versions
    assert sorted(v.rows for v in versions) == [60, 62]
    assert not (folder("uploads") / upload).exists()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_killed_export_leaves_no_file_behind(
    workspace: Workspace, imported: Callable[..., DatasetVersion], form: Literal["csv", "parquet"]
) -> None:
    version = imported(rows=60)
    first = workspace.exports.start(version.id, form)
    killed("exporting", "_write")
    with pytest.raises(NotFound):
        workspace.exports.file(first.id)
    left = [place.name for place in folder("tmp").iterdir()]
    assert len(left) == 1
    assert sweep_half_written() == [], "another process may be writing it"
    assert sweep_half_written(young=0) == left

    again = workspace.exports.start(version.id, form)
    run_waiting(workspace.scope)
    assert workspace.exports.file(again.id).size > 0
    assert list(folder("tmp").iterdir()) == []


def killed(module: str, step: str) -> None:
    """Let the waiting work be done by a process that is killed right after this step."""
    program = PROGRAM.format(module=module, step=step)
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
