"""Dividing: a split is drawn and kept, or its leaks are counted once more; the work of the jobs, and what children share of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, update

from engine.data.findings import finding, read_finding
from engine.data.schema import ROW_ID, Finding
from engine.errors import N_
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.models.family import IntArray
from engine.prepare.facts import train_facts
from engine.prepare.split import SplitResult, assign_split, recount_split
from engine.recipe import Split
from engine.services import datasets, near_groups, splits, stored_versions
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id, split


def ensure(
    scope: Scope, version_id: str, spec: Split, frame: pd.DataFrame, report: Any = None
) -> splits.SplitView:
    """The version's split that was drawn by `spec` (it becomes the current one), else a new one. `frame` is the version's table.

    All folds of a division are one split. `report` is the job's.

    Raises:
        SplitOpened: when another spec is asked for after the test part was opened.
    """
    spec = spec.whole
    with read(scope.engine) as connection:
        known = splits.drawn(connection, version_id, spec)
    if known is not None:
        return _made_current(scope, version_id, known.id)
    schema = datasets.Datasets(scope).version(version_id).schema
    modality = modalities.get(schema.task)
    inputs = modality.read(frame, schema)
    alike: IntArray | None
    if spec.near_duplicates:
        alike = near_groups.sure_groups(scope, version_id, frame, inputs, modality, report or _quiet)
    else:
        alike = near_groups.known_groups(scope, version_id, frame)
    found = assign_split(frame, schema, spec, inputs.map(modality.key), alike)
    found = replace(found, findings=(*found.findings, *_moved(scope, version_id, spec, found)))
    artifact = keep_assignment(found.assignment, found.folds)
    measured = train_facts(frame, schema, modality, found.assignment)
    split_id = new_id("spl")
    with write(scope.engine, durable=True) as connection:
        serialise(connection, f"split:{version_id}")
        known = splits.drawn(connection, version_id, spec)  # another job may have been faster
        if known is not None:
            return splits.view(scope, known)
        insert_split(connection, scope, split_id, version_id, spec, artifact, found)
    splits.keep_facts(scope, version_id, split_id, measured)
    return splits.get(scope, split_id)


def _moved(scope: Scope, version_id: str, spec: Split, found: SplitResult) -> list[Finding]:
    """How many rows changed their part when nearly equal texts were brought together in a division like the one before."""
    former = splits.current_row(scope, version_id)
    if former is None or not spec.near_duplicates or spec.kind == "given":
        return []
    before = Split.model_validate(former.spec)
    if before.near_duplicates or before.kind != spec.kind:
        return []
    old = splits.assignment(scope, former.id).reindex(found.assignment.index)
    ids = found.assignment.index[(old != found.assignment).to_numpy()].to_numpy(dtype="int64")
    return [
        finding(
            "split_moved",
            "info",
            N_("{count} {count:row is|rows are} in another part than in the division before."),
            ids,
        )
    ]


def _quiet(kind: str, **payload: Any) -> None:
    """Where nobody watches."""


def keep_assignment(assignment: pd.Series, folds: pd.Series | None = None) -> str:
    """Store the part of every row, and its fold where there are folds (by the same row ids); the digest."""
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        parts = assignment.rename("part").rename_axis(ROW_ID).reset_index()
        if folds is not None:
            parts["fold"] = folds.to_numpy()
        parts.to_parquet(target, index=False)
        return artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)


def insert_split(
    connection: Connection, scope: Scope, split_id: str, version_id: str, spec: Split, artifact: str, found: SplitResult,
    shares: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write the row of a split whose assignment was kept as `artifact`; `shares` names the test sets whose rows its own holds."""
    connection.execute(
        insert(split).values(
            id=split_id, owner=scope.owner, version_id=version_id, spec=spec.model_dump(mode="json"), artifact=artifact,
            counts={
                "parts": dict(found.counts), "classes": {p: dict(c) for p, c in found.class_counts.items()}, "shares": list(shares)
            },
            leaks=dict(found.leaks), findings=_findings_json(found), created=now(),
        )
    )  # fmt: skip


def _findings_json(found: SplitResult) -> Any:
    return json.loads(json.dumps([asdict(one) for one in found.findings]))


def divide_version(context: JobContext, scope: Scope, version_id: str, spec: Split) -> str:
    """Load a version and make sure of its split, in a job; returns the split's id."""
    context.report("phase", name="loading")
    frame, _ = stored_versions.load_table(scope, version_id)
    context.report("phase", name="splitting")
    return ensure(scope, version_id, spec, frame, context.report).id


def guard_split(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "guard": count the leaks of a version's split once more, nearly equal texts included.

    Nobody's part changes, so a frozen split may be guarded too.
    """
    version_id = spec["version"]
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    modality = modalities.get(schema.task)
    inputs = modality.read(frame, schema)
    alike = near_groups.sure_groups(scope, version_id, frame, inputs, modality, context.report)
    row = splits.current_row(scope, version_id)
    if row is None:
        return {"split_id": None}
    inherited = scope.row(dataset_version, version_id, "dataset version").parent_id is not None
    asked = None if inherited else Split.model_validate(row.spec)
    former = [read_finding(stored) for stored in row.findings]
    found = recount_split(
        frame, schema, inputs.map(modality.key), splits.assignment(scope, row.id), former, alike, asked
    )
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        connection.execute(
            update(split)
            .where(split.c.id == row.id)
            .values(leaks=dict(found.leaks), findings=_findings_json(found))
        )
    return {"split_id": row.id}


def _made_current(scope: Scope, version_id: str, split_id: str) -> splits.SplitView:
    """A split that was drawn before is the version's split again, with the record of who looked at it."""
    now_current = splits.current(scope, version_id)
    if now_current is None or now_current.id != split_id:
        with write(scope.engine, durable=True) as connection:
            connection.execute(update(split).where(split.c.id == split_id).values(created=now()))
    return splits.get(scope, split_id)
