"""The division that a version made by edits inherits: every row keeps its part, new ones go to train or validation."""

from __future__ import annotations

from typing import Any

import pandas as pd

from engine.data.edits import Edited
from engine.data.schema import ROW_ID, Finding, Role, Schema
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.models.family import IntArray
from engine.prepare.appended import place_added
from engine.prepare.split import recount_split
from engine.services import dividing, new_tests, splits
from engine.services.datasets import DatasetVersion
from engine.services.near_groups import READ_CHARS
from engine.services.scope import Scope
from engine.services.splits import SplitView
from engine.storage.tables import new_id


def inherited_division(
    context: JobContext, scope: Scope, former: SplitView, parent: DatasetVersion, edited: Edited, schema: Schema,
    parts: pd.Series[str],
) -> dict[str, Any]:  # fmt: skip
    """The child's split, its assignment kept: `{id, former, spec, artifact, found}`, ready for `dividing.insert_split`.

    Args:
        former: the parent's split.
        edited: what the edits made of the parent's table.
        schema: of the child.
        parts: the part of each row of the parent, by row id.
    """
    table, modality = edited.table, modalities.get(schema.task)
    notes: list[Finding] = []
    assignment = parts.reindex(table[ROW_ID])
    inputs = modality.read(table, schema)
    alike: IntArray | None = None
    if edited.added:
        if former.spec.near_duplicates:
            alike = _alike(context, [modality.show(value, READ_CHARS) for value in inputs])
        opened = new_tests.opened_ids(scope, parent.id)
        assignment, notes = place_added(
            table, schema, modality, parts.drop(list(edited.removed), errors="ignore"), former.spec, alike, opened,
            new_tests.keys_of_gone(scope, parent.id, schema, opened.difference(table[ROW_ID])),
        )  # fmt: skip
    found = recount_split(
        table, schema, inputs.map(modality.key), assignment, (*former.findings, *notes), alike
    )
    spec = former.spec
    if edited.test_changed or _reads_otherwise(parent.schema, schema):
        spec = spec.model_copy(update={"test_name": _test_name(scope, parent, spec.test_name)})
    artifact = dividing.keep_assignment(found.assignment)
    return {"id": new_id("spl"), "former": former.id, "spec": spec, "artifact": artifact, "found": found}


def _alike(context: JobContext, texts: list[str]) -> IntArray:
    from engine.data.near_duplicates import near_duplicate_groups

    def said(share: float) -> None:
        context.report("progress", fraction=share)
        context.check()

    context.report("phase", name="finding_copies")
    return near_duplicate_groups(texts, progress=said)


def _reads_otherwise(before: Schema, after: Schema) -> bool:
    """Whether the same rows have another truth or other inputs, so that scores on them are not of the same test."""
    roles: tuple[Role, ...] = ("label", "input")
    return any(before.names(role) != after.names(role) for role in roles)


def _test_name(scope: Scope, parent: DatasetVersion, former: str) -> str:
    """A name for test rows that are no longer those of the former set."""
    known = set(splits.Splits(scope).test_names(parent.id))
    number = 2
    while (name := f"{former[:60]} · {number}") in known:
        number += 1
    return name
