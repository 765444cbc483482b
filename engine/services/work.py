"""Job kind -> work function: what a job's process does. One row a kind.

A work function takes `(context, scope, project_id, spec)` and returns the job's result as plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.jobs.context import JobContext
from engine.jobs.queue import Job
from engine.services import datasets, evaluations, projects, runs, splits
from engine.services.scope import Scope

Work = Callable[[JobContext, Scope, str, Mapping[str, Any]], dict[str, Any]]

WORK: Mapping[str, Work] = {
    "import": datasets.import_table,
    "sample": projects.add_sample_data,
    "profile": datasets.profile_version,
    "cleaning": datasets.preview_version,
    "split": splits.divide_version,
    "train": runs.train_run,
    "evaluate": evaluations.evaluate_test,
    "compare": evaluations.compare_runs,
}


def do_work(context: JobContext, scope: Scope, job: Job) -> dict[str, Any]:
    """Do the work of one job under its owner's scope."""
    return WORK[job.kind](context, scope, job.project_id or "", job.spec)
