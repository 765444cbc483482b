"""Importing: a staged file becomes a checked, stored and profiled dataset version, or nothing at all.

The work of the jobs "import" and "profile"; samples and the command line come through here too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from sqlalchemy import func, insert, select, update

from engine.data.checks import run_checks
from engine.data.profile import core_profile
from engine.data.readers import ReadOptions, Source, read_several, read_with_notes
from engine.data.schema import ROW_ID, Finding, Schema, make_schema
from engine.data.table_view import TableView
from engine.data.versions import check_table, table_digest
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.prepare.facts import first_facts
from engine.services import findings, splits, uploads
from engine.services.child_versions import keep_table
from engine.services.scope import Scope
from engine.services.stored_versions import load_table
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.tables import dataset, dataset_version, new_id, project


def import_table(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "import": read, check, store, profile. Raises `DataError`, and then nothing is stored."""
    done = scope.cached("import", context.job_id)
    if done is not None:  # an earlier attempt ended after its last step; the file may be gone
        return done
    context.report("phase", name="reading")
    frame, notes, source = _read(scope, spec, lambda share: context.report("progress", fraction=share * 0.5))
    done = store_table(
        context, scope, project_id, spec["name"], frame, spec["roles"], source, spec["task"], notes
    )
    scope.cache("import", context.job_id, done)
    for file in (spec, *spec.get("more", ())):
        uploads.discard(file["upload"])
    return done


def _read(
    scope: Scope, spec: Mapping[str, Any], report: Callable[[float], None]
) -> tuple[pd.DataFrame, tuple[Finding, ...], dict[str, Any]]:
    """The table of the staged file or files, what reading had to say, and what is kept of where they came from."""
    asked = [spec, *spec.get("more", ())]
    found = [uploads.find(file["upload"], scope.owner) for file in asked]
    sources = [
        Source(path, known.name, ReadOptions(**_tuples(file["options"])), path.parent)
        for file, (path, known) in zip(asked, found, strict=True)
    ]
    said = [
        {"file": known.name, "bytes": known.size, **{k: v for k, v in file["options"].items() if v}}
        for file, (_, known) in zip(asked, found, strict=True)
    ]
    if len(sources) == 1:
        (only,) = sources
        frame, notes = read_with_notes(only.path, only.name, only.options, report, only.room)
        return frame, notes, said[0]
    frame, notes = read_several(sources, differing=bool(spec.get("differing")), report=report)
    return frame, notes, {**said[0], "files": said}


def store_table(
    context: JobContext, scope: Scope, project_id: str, name: str, frame: pd.DataFrame, roles: Mapping[str, str],
    source: Mapping[str, Any], task: str = "text-classification", notes: Sequence[Finding] = (),
) -> dict[str, Any]:  # fmt: skip
    """Check a table of text cells, store it as a version of the dataset `name`, and profile it.

    Args:
        notes: what reading the file had to say; kept with the version's findings.
    """
    context.report("phase", name="checking")
    modality = modalities.get(task)
    schema, obstacles = check_table(frame, make_schema(roles, list(frame.columns), task), modality)
    context.check()
    context.report("phase", name="storing")
    digest = table_digest(frame, schema)
    existing = _existing(scope, project_id, digest)
    if existing:
        version_id, dataset_id = existing
    else:
        artifact = keep_table(frame)
        facts = first_facts(with_row_ids(frame), schema, modality)
        dataset_id, version_id = _insert(
            context, scope, project_id, name, digest, artifact, frame, schema, (*notes, *obstacles), source
        )
        splits.keep_facts(scope, version_id, None, facts)
    if scope.cached("profile", version_id) is None:
        context.report("phase", name="profiling")
        store_profile(context, scope, version_id, with_row_ids(frame), schema)
    return {"dataset_id": dataset_id, "version_id": version_id, "existing": bool(existing)}


def with_row_ids(frame: pd.DataFrame) -> pd.DataFrame:
    """A freshly read frame with the row ids that it has once stored."""
    if ROW_ID in frame.columns:
        return frame
    return frame.assign(**{ROW_ID: range(len(frame))})[[ROW_ID, *frame.columns]]


def store_profile(
    context: JobContext, scope: Scope, version_id: str, frame: pd.DataFrame, schema: Schema
) -> None:
    """Check a table and take its figures, and keep both; what takes a look into the contents follows in `contents`."""
    table = TableView(frame, schema, modalities.get(schema.task))
    found = run_checks(
        table, "core", lambda share: context.report("progress", fraction=0.5 + share * 0.25), context.check
    )
    profile = core_profile(table, found)
    findings.keep(scope, version_id, found)
    scope.cache("profile", version_id, profile.model_dump(mode="json"))


def profile_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "profile": the figures."""
    context.report("phase", name="loading")
    frame, schema = load_table(scope, spec["version"])
    context.report("phase", name="profiling")
    store_profile(context, scope, spec["version"], frame, schema)
    return {"version_id": spec["version"]}


def _existing(scope: Scope, project_id: str, digest: str) -> tuple[str, str] | None:
    with read(scope.engine) as connection:
        found = connection.execute(
            select(dataset_version.c.id, dataset_version.c.dataset_id).where(
                dataset_version.c.project_id == project_id, dataset_version.c.owner == scope.owner,
                dataset_version.c.digest == digest,
            ).order_by(dataset_version.c.created)
        ).first()  # fmt: skip
    return (found.id, found.dataset_id) if found else None


def _insert(
    context: JobContext, scope: Scope, project_id: str, name: str, digest: str, artifact: str, frame: pd.DataFrame, schema: Schema,
    findings: Sequence[Finding], source: Mapping[str, Any],
) -> tuple[str, str]:  # fmt: skip
    version_id = new_id("ver")
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        serialise(connection, f"dataset:{project_id}")
        dataset_id = connection.execute(
            select(dataset.c.id).where(
                dataset.c.project_id == project_id, dataset.c.owner == scope.owner, dataset.c.name == name
            )
        ).scalar_one_or_none()
        if dataset_id is None:
            dataset_id = new_id("dat")
            connection.execute(
                insert(dataset).values(
                    id=dataset_id, owner=scope.owner, project_id=project_id, name=name, created=now()
                )
            )
        number = connection.execute(
            select(func.coalesce(func.max(dataset_version.c.number), 0)).where(
                dataset_version.c.dataset_id == dataset_id
            )
        ).scalar_one()
        connection.execute(
            insert(dataset_version).values(
                id=version_id, owner=scope.owner, project_id=project_id, dataset_id=dataset_id, parent_id=None,
                number=number + 1, digest=digest, artifact=artifact, schema=schema.model_dump(mode="json"),
                rows=len(frame), columns=len(schema.columns), source=dict(source),
                findings=[asdict(f) for f in findings], created=now(),
            )
        )  # fmt: skip
        connection.execute(update(project).where(project.c.id == project_id).values(updated=now()))
    return dataset_id, version_id


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
