"""Making a child version: the work of the jobs "preview_corrections" and "correct".

Version, split and the marks on the feedback are one transaction: either all of them are there or nothing is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, func, select, update

from engine.data.schema import ROW_ID, Schema
from engine.data.versions import check_table
from engine.feedback.corrections import CHANGING, Child, Correction, make_child
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.prepare.split import recount_split
from engine.services import datasets, dividing, importing, splits, stored_versions
from engine.services.accepted import PREVIEW, CorrectionsChanged, Items, NothingToChange, made
from engine.services.child_versions import ParentChanged, first_free_row, insert_child, keep_table
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read, serialise, write
from engine.storage.tables import feedback, new_id


def preview_corrections(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "preview_corrections"."""
    frame, schema = _loaded(context, scope, spec)
    child = _child(context, scope, spec, frame, schema, _accepted(scope, project_id, spec["items"]))
    changes = [change.model_dump(mode="json") for change in child.changes]
    scope.cache(PREVIEW, spec["key"], {"rows": len(child.table), "changes": changes})
    return {"key": spec["key"]}


def make_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "correct": the child version with its split, and then its profile.

    Raises:
        CorrectionsChanged: feedback is no longer as it was previewed.
        NothingToChange: the child would be its parent.
        ParentChanged: another tab deleted the parent meanwhile.
    """
    with read(scope.engine) as connection:
        known = made(connection, spec["version"], spec["key"])
    if known is not None:  # an earlier attempt ended after its transaction, or it was made by another tab
        return _completed(context, scope, project_id, known, existing=True)
    child = None
    while child is None:  # anew where another tab gave the ids of the new rows to others meanwhile
        child = _make(context, scope, project_id, spec)
    return _completed(context, scope, project_id, child[0], existing=child[1])


def _make(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> tuple[str, bool] | None:
    """The child's id and whether another tab made it; None where the ids of its new rows were given away meanwhile."""
    frame, schema = _loaded(context, scope, spec)
    said = _accepted(scope, project_id, spec["items"])
    child = _child(context, scope, spec, frame, schema, said)
    parent = datasets.Datasets(scope).version(spec["version"])
    if not any(change.outcome in CHANGING for change in child.changes):
        raise NothingToChange(count=len(said), version=parent.label)
    context.report("phase", name="checking")
    modality = modalities.get(schema.task)
    _, findings = check_table(child.table, schema, modality)
    keys = modality.read(child.table, schema).map(modality.key)
    former = splits.get(scope, spec["split"])
    recounted = recount_split(child.table, schema, keys, child.assignment, former.findings)
    context.check()
    context.report("phase", name="storing")
    stored = _stored(child)
    new = child.table[ROW_ID][~child.table[ROW_ID].isin(frame[ROW_ID])]
    split_id, version_id = new_id("spl"), new_id("ver")
    source = {
        "parent": parent.id, "parent_split": former.id, "split": split_id, "preview": spec["key"], "changes": stored["changes"],
        "feedback": [row.id for row in said], "demos": sorted({row.demo_id for row in said}), "synthetic": parent.synthetic,
    }  # fmt: skip
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        serialise(connection, f"dataset:{project_id}")
        known = made(connection, parent.id, spec["key"])
        if known is not None:
            return known, True
        if splits.current_id(connection, parent.id) is None:
            raise ParentChanged(version=parent.label)
        if len(new) and first_free_row(connection, parent.id) > new.min():
            return None
        insert_child(
            connection, scope, version_id, parent, child.table, parent.schema, stored["table"], source, findings
        )  # fmt: skip
        dividing.insert_split(
            connection, scope, split_id, version_id, former.spec, stored["assignment"], recounted
        )
        _mark(connection, scope, version_id, spec["items"])
    return version_id, False


def _completed(
    context: JobContext, scope: Scope, project_id: str, version_id: str, *, existing: bool
) -> dict[str, Any]:
    """The result of the job, once the version has its profile and its facts too."""
    if scope.cached("profile", version_id) is None:
        importing.profile_version(context, scope, project_id, {"version": version_id})
    splits.facts(scope, version_id)
    return {"version_id": version_id, "existing": existing}


def _loaded(context: JobContext, scope: Scope, spec: Mapping[str, Any]) -> tuple[pd.DataFrame, Schema]:
    context.report("phase", name="loading")
    return stored_versions.load_table(scope, spec["version"])


def _child(
    context: JobContext, scope: Scope, spec: Mapping[str, Any], frame: pd.DataFrame, schema: Schema, said: Sequence[Any]
) -> Child:  # fmt: skip
    parts = splits.assignment(scope, spec["split"])
    context.report("phase", name="correcting")
    corrections = [Correction(row.id, row.inputs, row.label, row.updated) for row in said]
    with read(scope.engine) as connection:
        first = first_free_row(connection, spec["version"])
    return make_child(frame, schema, parts, corrections, modalities.get(schema.task), first)


def _accepted(scope: Scope, project_id: str, items: Items) -> list[Any]:
    """The feedback that was previewed; raises `CorrectionsChanged` if any of it is not as it was."""
    query = select(feedback).where(feedback.c.project_id == project_id, *_waiting(scope))
    with read(scope.engine) as connection:
        rows = {row.id: row for row in connection.execute(query)}
    if any(item not in rows or rows[item].revision != revision for item, revision in items):
        raise CorrectionsChanged()
    return [rows[item] for item, _ in items]


def _waiting(scope: Scope) -> tuple[Any, ...]:
    unused = feedback.c.dataset_version_id.is_(None)
    return (feedback.c.owner == scope.owner, feedback.c.state == "accepted", unused)


def _stored(child: Child) -> dict[str, str]:
    """Digests of what the rows will point to. Changes name feedback and rows, no texts: there is one copy to erase."""
    changes = json.dumps([change.model_dump(mode="json") for change in child.changes])
    return {
        "table": keep_table(child.table), "assignment": dividing.keep_assignment(child.assignment),
        "changes": artifacts.put_bytes(changes.encode()),
    }  # fmt: skip


def _mark(connection: Connection, scope: Scope, version_id: str, items: Items) -> None:
    """Note on the feedback which version it went into; raises `CorrectionsChanged` if any of it moved on."""
    seen = (feedback.c.id == bindparam("item"), feedback.c.revision == bindparam("seen"))
    connection.execute(
        update(feedback).where(*seen, *_waiting(scope)).values(dataset_version_id=version_id),
        [{"item": item, "seen": revision} for item, revision in items],
    )
    of_version = select(func.count()).where(feedback.c.dataset_version_id == version_id)
    if connection.execute(of_version).scalar_one() != len(items):
        raise CorrectionsChanged()
