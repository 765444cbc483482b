"""Differences between versions of one tree, where a version's bytes come from, and deleting one version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select, update

from engine.data.difference import CHANGES, ChangeKind, changes_between
from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Role, Schema
from engine.errors import N_, DataError, saying
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.services import datasets, lineage, stored_versions
from engine.services.child_versions import keep_mark
from engine.services.datasets import DatasetVersion
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read, write
from engine.storage.home import folder
from engine.storage.tables import dataset_version, feedback, model_version, new_id, run, split

RESULT = "difference"


class NotRelated(DataError):
    code = "VERSIONS_NOT_RELATED"
    message = N_("“{first}” and “{second}” are not of one tree, so their rows cannot be matched.")
    remedy = N_("Compare versions that were made from one another.")


class VersionInUse(DataError):
    code = "VERSION_IN_USE"
    message = N_("“{version}” cannot be deleted: {reason}.")
    remedy = N_("Keep it, or delete first what stands on it.")


@dataclass(frozen=True)
class VersionDifference:
    """What became of the rows from one version to another of the same tree.

    Args:
        first: the version before.
        second: the version after.
        counts: rows by kind of change.
        classes: for added and removed rows, how many each label has.
        roles: columns with another role, as (name, before, after).
    """

    first: DatasetVersion
    second: DatasetVersion
    counts: Mapping[ChangeKind, int]
    classes: Mapping[ChangeKind, Mapping[str, int]]
    roles: tuple[tuple[str, Role | None, Role | None], ...]


@dataclass(frozen=True)
class Trace:
    """A version and all that it was made from, oldest first; `size` is the bytes of its own stored table."""

    versions: tuple[DatasetVersion, ...]
    artifact: str
    size: int


class Differences:
    """The differences between one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, first_id: str, second_id: str) -> VersionDifference | None:
        """The difference from one version to another, or None until its job ran."""
        versions = datasets.Datasets(self._scope)
        first, second = versions.version(first_id), versions.version(second_id)
        stored = self._scope.cached(RESULT, _key(first_id, second_id))
        if stored is None:
            return None
        roles = tuple((name, before, after) for name, before, after in stored["roles"])
        return VersionDifference(first, second, stored["counts"], stored["classes"], roles)

    def start(self, first_id: str, second_id: str) -> Job:
        """Work the difference out, as a job; raises `NotRelated` for versions of two trees."""
        versions = datasets.Datasets(self._scope)
        first, second = versions.version(first_id), versions.version(second_id)
        with read(self._scope.engine) as connection:
            if second.id not in lineage.kin(connection, first.id):
                raise NotRelated(first=first.label, second=second.label)
        return self._scope.submit(RESULT, {"first": first_id, "second": second_id}, first.project_id)

    def rows(
        self, found: VersionDifference, kind: ChangeKind, offset: int = 0, limit: int = 50
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """A page of changed rows as they were and as they are, matched by place; added rows have no before, removed no after."""
        stored = self._scope.cached(RESULT, _key(found.first.id, found.second.id))
        assert stored is not None
        table = pq.read_table(artifacts.path(stored["rows"]), filters=[("kind", "==", kind)])
        ids = table["row"].slice(offset, limit).to_pylist()
        versions = datasets.Datasets(self._scope)
        before, after = (
            versions.rows(version.id, limit=limit, ids=ids)[0] for version in (found.first, found.second)
        )
        return before, after

    def trace(self, version_id: str) -> Trace:
        """Where the bytes of a version come from: itself and its ancestors, oldest first."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        versions = datasets.Datasets(self._scope)
        found = [versions.version(version_id)]
        while found[0].parent_id is not None:
            found.insert(0, versions.version(found[0].parent_id))
        return Trace(tuple(found), row.artifact, artifacts.size([row.artifact]))

    def standing_on(self, version_id: str) -> str | None:
        """Why a version cannot be deleted (a message id), or None."""
        self._scope.row(dataset_version, version_id, "dataset version")
        with read(self._scope.engine) as connection:
            return _standing_on(connection, version_id)

    def delete_version(self, version_id: str) -> None:
        """Delete one version with its splits; looks at its test part stay remembered.

        Raises:
            VersionInUse: versions, runs or demos stand on it, or it is the dataset's only one.
        """
        version = datasets.Datasets(self._scope).version(version_id)
        with write(self._scope.engine, durable=True) as connection:
            reason = _standing_on(connection, version_id)
            if reason is not None:
                raise VersionInUse(version=version.label, reason=saying(reason))
            keep_mark(connection, self._scope, version)
            datasets.forget_results(connection, self._scope.owner, [version_id])
            connection.execute(run.delete().where(run.c.version_id == version_id))
            connection.execute(split.delete().where(split.c.version_id == version_id))
            used = (feedback.c.dataset_version_id == version_id, feedback.c.owner == self._scope.owner)
            connection.execute(update(feedback).where(*used).values(dataset_version_id=None))
            connection.execute(dataset_version.delete().where(dataset_version.c.id == version_id))


def work_out(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "difference"."""
    context.report("phase", name="loading")
    first, first_schema = stored_versions.load_table(scope, spec["first"])
    second, second_schema = stored_versions.load_table(scope, spec["second"])
    context.report("phase", name="comparing")
    found = changes_between(first, first_schema, second, second_schema)
    ids = {kind: getattr(found, kind) for kind in CHANGES}
    sides: dict[ChangeKind, tuple[pd.DataFrame, Schema]] = {
        "added": (second, second_schema),
        "removed": (first, first_schema),
    }
    classes = {}
    for kind, (frame, schema) in sides.items():
        labels = labels_of(frame[frame[ROW_ID].isin(ids[kind])], schema)
        classes[kind] = {str(label): int(count) for label, count in labels.value_counts().items()}
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        pd.DataFrame([(kind, row) for kind in CHANGES for row in ids[kind]], columns=["kind", "row"]).astype(
            {"kind": "str", "row": "int64"}
        ).to_parquet(target, index=False)
        rows = artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)
    counts = {kind: len(ids[kind]) for kind in CHANGES}
    value = {"counts": counts, "classes": classes, "roles": json.loads(json.dumps(found.roles)), "rows": rows}
    scope.cache(RESULT, _key(spec["first"], spec["second"]), value)
    return {}


def _key(first_id: str, second_id: str) -> str:
    return f"{first_id}:{second_id}"


def _standing_on(connection: Connection, version_id: str) -> str | None:
    of_version = dataset_version.c.parent_id == version_id
    if connection.scalar(select(func.count()).select_from(dataset_version).where(of_version)):
        return N_("other versions were made from it")
    if connection.scalar(
        select(func.count()).select_from(run).where(run.c.version_id == version_id, run.c.deleted.is_(None))
    ):
        return N_("runs were trained on it")
    published = select(func.count()).select_from(model_version).join(run, run.c.id == model_version.c.run_id)
    if connection.scalar(published.where(run.c.version_id == version_id)):
        return N_("a model of a demo was trained on it")
    alone = select(func.count()).where(
        dataset_version.c.dataset_id == select(dataset_version.c.dataset_id).where(dataset_version.c.id == version_id).scalar_subquery()
    )  # fmt: skip
    if connection.scalar(alone) == 1:
        return N_("it is the only version of its dataset")
    return None
