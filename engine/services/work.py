"""Job kind -> work function: what a job's process does. One row a kind.

A work function takes `(context, scope, project_id, spec)` and returns the job's result as plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Engine, select

from engine.data.checks import checks
from engine.jobs.context import JobContext
from engine.jobs.process import Work
from engine.modality import modalities
from engine.models.family import families
from engine.prepare.augmentations import augmentations as augmentation_steps
from engine.prepare.filters import filters
from engine.prepare.steps import steps
from engine.services import (
    augmentations,
    checking,
    children,
    cleaning_previews,
    comparing,
    contents,
    differences,
    dividing,
    editing,
    evaluating,
    exporting,
    importing,
    lexicons,
    localities,
    mapping,
    new_tests,
    presets,
    projects,
    recipes,
    searching,
    training,
    trials,
)
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import job

Function = Callable[[JobContext, Scope, str, Mapping[str, Any]], dict[str, Any]]

FUNCTIONS: Mapping[str, Function] = {
    "import": importing.import_table,
    "sample": projects.add_sample_data,
    "profile": importing.profile_version,
    "contents": contents.look_inside_version,
    "cleaning": cleaning_previews.preview_version,
    "edit": editing.edit_version,
    "preview_edit": editing.preview_edit,
    "difference": differences.work_out,
    "export": exporting.export_version,
    "map": mapping.make_map,
    "locality": localities.check_locality,
    "augmentation": augmentations.preview_version,
    "lexicon": lexicons.import_lexicon,
    "preset": presets.bring_preset,
    "trial": trials.judge,
    "deep_checks": checking.check_deeply,
    "split": recipes.divide_data,
    "guard": dividing.guard_split,
    "new_test": new_tests.make_new_test,
    "train": training.train_run,
    "search": searching.search_on,
    "evaluate": evaluating.evaluate_test,
    "compare": comparing.compare_runs,
    "leak_effect": evaluating.measure_leak_effect,
    "preview_corrections": children.preview_corrections,
    "correct": children.make_version,
}


def know_errors() -> None:
    """Import all that a job may run: a process that reads the error in a job's row needs the class that says it."""
    for registry in (modalities, steps, augmentation_steps, filters, families, checks):
        list(registry)


def work(engine: Engine) -> Work:
    """The work functions as `engine.jobs` calls them, each under the scope of its job's owner."""
    return {kind: partial(_do, engine, function) for kind, function in FUNCTIONS.items()}


def _do(engine: Engine, function: Function, context: JobContext, spec: dict[str, Any]) -> dict[str, Any]:
    with read(engine) as connection:
        row = connection.execute(
            select(job.c.owner, job.c.project_id).where(job.c.id == context.job_id)
        ).one()
    return function(context, Scope(row.owner, engine), row.project_id or "", spec)
