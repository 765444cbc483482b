"""Corrections: what the owner accepted in the inbox becomes a child dataset version, and a run is repeated on it.

A preview is computed from the parent and the accepted items at their revisions; the version is made from exactly these,
or not at all. The child inherits the parent's division: its validation and test rows are the parent's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import select

from engine.errors import N_, RecipeError
from engine.feedback.corrections import CHANGING, Change, Outcome, counted
from engine.jobs.job import Job
from engine.modality import modalities
from engine.recipe import Split
from engine.services import datasets, lineage
from engine.services.accepted import (
    PREVIEW,
    CorrectionsChanged,
    NoCorrections,
    NotDivided,
    NothingToChange,
    accepted,
    division,
    made,
    preview_key,
    served,
)
from engine.services.datasets import DatasetVersion
from engine.services.runs import Run, Runs
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.tables import demo, feedback, project, split


class OtherDivision(RecipeError):
    code = "OTHER_DIVISION"
    message = N_(
        "The run “{name}” cannot be repeated on “{version}”: it was trained on rows that were divided otherwise."
    )
    remedy = N_(
        "Repeat a run of the division that the version inherits, or train on the version from the model page."
    )


@dataclass(frozen=True)
class Basis:
    """What the next version would be made from: `parent`, the newest version that came of `trained_on`.

    `trained_on` is the version that the demo's model (run `run_id`) was trained on; `waiting` counts accepted
    corrections that stand in no version yet.
    """

    parent: DatasetVersion
    trained_on: DatasetVersion
    run_id: str
    run_name: str
    demos: tuple[str, ...]
    waiting: int


@dataclass(frozen=True)
class VersionChanges:
    """What corrections make of a version: a preview, or the record of a version that was made (`child` is its id)."""

    key: str
    parent: DatasetVersion
    child: str | None
    rows: int
    changes: tuple[Change, ...]

    @property
    def counts(self) -> dict[Outcome, int]:
        """Corrections by outcome."""
        return counted(self.changes)

    @property
    def empty(self) -> bool:
        """Whether no row would be added or relabelled."""
        return not any(self.counts[outcome] for outcome in CHANGING)


class Corrections:
    """The corrections of one owner on their way into the data."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def bases(self, project_id: str) -> list[Basis]:
        """What new versions could be made from, one for each line of data behind the project's demos."""
        self._scope.row(project, project_id, "project")
        found: dict[str, Basis] = {}
        for answering in served(self._scope, demo.c.project_id == project_id):
            with read(self._scope.engine) as connection:
                parent = lineage.newest(connection, answering.version_id)
            if parent in found:
                found[parent] = replace(found[parent], demos=(*found[parent].demos, answering.title))
                continue
            versions = datasets.Datasets(self._scope)
            found[parent] = Basis(
                versions.version(parent), versions.version(answering.version_id), answering.run_id, answering.run_name,
                (answering.title,), len(accepted(self._scope, parent)),
            )  # fmt: skip
        return list(found.values())

    def preview(self, version_id: str, demo_id: str | None = None) -> VersionChanges | None:
        """What the corrections accepted by now would make of a version; None until its job ran.

        Args:
            version_id: the parent.
            demo_id: only corrections that came through this demo.
        """
        parent = datasets.Datasets(self._scope).version(version_id)
        key = preview_key(
            version_id, division(self._scope, parent, demo_id), accepted(self._scope, version_id, demo_id)
        )
        stored = self._scope.cached(PREVIEW, key)
        if stored is None:
            return None
        return VersionChanges(key, parent, None, stored["rows"], _changes(stored["changes"]))

    def start_preview(self, version_id: str, demo_id: str | None = None) -> Job:
        """Compute the preview, as a job.

        Raises:
            NotDivided: nothing says which rows of the version train.
            NoCorrections: nothing waits.
        """
        return self._scope.submit("preview_corrections", *self._order(version_id, demo_id))

    def start(
        self, version_id: str, previewed: str, demo_id: str | None = None, idempotency: str | None = None
    ) -> Job:
        """Make the child version that a preview showed, as a job. Its result is `{version_id, existing}`.

        Args:
            previewed: `VersionChanges.key` of the preview that the owner agreed to.
            idempotency: the same key gives the same job; the same preview never makes two versions.

        Raises:
            CorrectionsChanged: something was decided since the preview.
            NothingToChange: no row would be added or relabelled.
        """
        parent = datasets.Datasets(self._scope).version(version_id)
        with read(self._scope.engine) as connection:
            known = made(connection, version_id, previewed)
        # the job finds it and says so: the same answer for a double click and for a tab that comes later
        if known is not None:
            order = {"version": version_id, "key": previewed, "items": [], "split": ""}
            return self._scope.submit("correct", order, parent.project_id, idempotency=idempotency)
        spec, project_id = self._order(version_id, demo_id)
        stored = self._scope.cached(PREVIEW, spec["key"])
        if spec["key"] != previewed or stored is None:
            raise CorrectionsChanged()
        if not any(change.outcome in CHANGING for change in _changes(stored["changes"])):
            raise NothingToChange(count=len(spec["items"]), version=parent.label)
        return self._scope.submit("correct", spec, project_id, idempotency=idempotency)

    def difference(self, version_id: str) -> VersionChanges | None:
        """What made a child version another than its parent; None for a version that came from a file."""
        versions = datasets.Datasets(self._scope)
        child = versions.version(version_id)
        if child.parent_id is None or "changes" not in child.source:
            return None
        changes = _changes(json.loads(artifacts.read_bytes(child.source["changes"])))
        parent = versions.version(child.parent_id)
        return VersionChanges(child.source["preview"], parent, child.id, child.rows, changes)

    def table(
        self, found: VersionChanges, outcomes: Sequence[Outcome], offset: int = 0, limit: int = 50
    ) -> tuple[pd.DataFrame, int]:
        """A page of corrections for people, and how many there are with these outcomes.

        Columns: `input` as one reads it ("" when its feedback was deleted and it stands in no row), `before` (former
        labels, "" for a new row), `after`, `outcome`.
        """
        chosen = [change for change in found.changes if change.outcome in outcomes]
        page = chosen[offset : offset + limit]
        shown = _shown(self._scope, found, page)
        rows = [
            (shown.get(change.correction, ""), ", ".join(dict.fromkeys(change.before)), change.label, change.outcome)
            for change in page
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["input", "before", "after", "outcome"]), len(chosen)

    def retrain(self, run_id: str, version_id: str, idempotency: str | None = None) -> Run:
        """Repeat a run on a version of its lineage: the same recipe with other data, on the division that it inherits.

        Raises:
            OtherDivision: the version does not inherit the division that the run was trained on.
        """
        runs = Runs(self._scope)
        found, version = runs.get(run_id), datasets.Datasets(self._scope).version(version_id)
        with read(self._scope.engine) as connection:
            drawn = lineage.drawn(connection, [found.project_id])
            known = connection.execute(
                select(split.c.id, split.c.spec).where(split.c.version_id == version_id)
            ).all()
        same = [row for row in known if drawn.get(row.id, row.id) == found.drawn_id]
        if not any(Split.model_validate(row.spec) == found.recipe.split for row in same):
            raise OtherDivision(name=found.name, version=version.label)
        name = re.sub(r" · v\d+$", "", found.name)[:190] + f" · v{version.number}"
        recipe = found.recipe.model_copy(update={"data": version_id})
        return runs.submit(found.project_id, recipe, name=name, idempotency=idempotency, cloned_from=run_id)

    def _order(self, version_id: str, demo_id: str | None) -> tuple[dict[str, Any], str]:
        """What a job is told, and the project it belongs to."""
        parent = datasets.Datasets(self._scope).version(version_id)
        items = accepted(self._scope, version_id, demo_id)
        if not items:
            raise NoCorrections(version=parent.label)
        split_id = division(self._scope, parent, demo_id)
        if split_id is None:
            raise NotDivided(version=parent.label)
        key = preview_key(version_id, split_id, items)
        return {"version": version_id, "split": split_id, "items": items, "key": key}, parent.project_id


def _changes(stored: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    return tuple(Change.model_validate(change) for change in stored)


def _shown(scope: Scope, found: VersionChanges, page: Sequence[Change]) -> dict[str, str]:
    """The inputs of corrections as one reads them, from the feedback, else from the rows that they became."""
    schema = found.parent.schema
    modality, names = modalities.get(schema.task), list(schema.names("input"))
    query = select(feedback.c.id, feedback.c.inputs).where(
        feedback.c.id.in_([change.correction for change in page]), feedback.c.owner == scope.owner
    )
    with read(scope.engine) as connection:
        inputs = {row.id: row.inputs for row in connection.execute(query)}
    rows = {
        change.rows[0]: change.correction
        for change in page
        if change.rows and change.correction not in inputs
    }
    if rows and found.child:
        table, _ = datasets.Datasets(scope).rows(found.child, limit=len(rows), ids=list(rows))
        inputs |= {rows[row["row_id"]]: row for row in table.to_dict("records")}
    if not inputs:
        return {}
    frame = pd.DataFrame(
        [[cells.get(name, "") for name in names] for cells in inputs.values()], columns=names, dtype="str"
    )
    return dict(
        zip(inputs, (modality.show(value, 2000) for value in modality.read(frame, schema)), strict=True)
    )
