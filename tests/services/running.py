"""Jobs run to their end in the test's process."""

from __future__ import annotations

from typing import Any

from engine.services.inline import run_waiting
from engine.workspace import DatasetVersion, Job, Run, Workspace
from tests.shop import ended


def done(workspace: Workspace, job: Job) -> dict[str, Any]:
    """What the job ended with, once all that waits has run; its problem is raised."""
    result = ended(workspace, job).result
    assert result is not None
    return dict(result)


def trained(
    workspace: Workspace, version: DatasetVersion, family: str = "majority", **changes: object
) -> Run:
    """A quick run of the family on this version, ended, with changes of its recipe."""
    recipe = workspace.recipes.choose(version.project_id, family, "quick")
    run = workspace.runs.submit(version.project_id, recipe.model_copy(update={"data": version.id, **changes}))
    run_waiting(workspace.scope)
    return workspace.runs.get(run.id)
