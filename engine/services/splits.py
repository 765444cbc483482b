"""Splits: who is in train, validation and test, drawn once per dataset version and then kept; the sealed test part.

The assignment is lineage, not recipe. Once the test part of a version was opened its split is frozen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select, update

from engine.data.findings import finding, read_finding
from engine.data.schema import ROW_ID, Finding
from engine.errors import N_, DataError
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.models.family import Facts, IntArray
from engine.prepare.facts import first_facts, train_facts
from engine.prepare.split import SplitResult, assign_split, recount_split
from engine.recipe import Split
from engine.services import datasets, lineage, near_groups, stored_versions
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id, split


class SplitOpened(DataError):
    code = "SPLIT_OPENED"
    message = N_(
        "The test part of this dataset version was opened {openings} {openings:time|times}, so its split is frozen."
    )
    remedy = N_("Keep this split. To divide anew, save a dataset version with other rows first: test rows that somebody has seen must not return as unseen ones.")  # fmt: skip


@dataclass(frozen=True)
class SplitView:
    """A split as pages show it. `openings` counts how often its test set was opened, as far as that can be known.

    `elsewhere` of them were openings of the same table imported elsewhere: with other roles, in another project, or in a
    dataset that was deleted since. Its division may be another.
    """

    id: str
    version_id: str
    spec: Split
    counts: Mapping[str, int]
    class_counts: Mapping[str, Mapping[str, int]]
    leaks: Mapping[str, int]
    findings: tuple[Finding, ...]
    openings: int
    elsewhere: int
    created: datetime
    opened_in_lineage: int = 0
    """How often any test set of the lineage was opened, this one or another."""

    @property
    def frozen(self) -> bool:
        """Whether the rows cannot be divided anew: a test part of the version's own lineage was opened."""
        return self.opened_in_lineage > 0

    @property
    def near_known(self) -> bool:
        """Whether the leaks count nearly equal texts too."""
        return "near_test_in_train" in self.leaks


class Splits:
    """The splits of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def current(self, version_id: str) -> SplitView | None:
        """The split of a dataset version, or None while there is none."""
        return current(self._scope, version_id)

    def get(self, split_id: str) -> SplitView:
        """One split; raises `NotFound`."""
        return get(self._scope, split_id)

    def start(self, version_id: str, spec: Split) -> Job:
        """Divide a version, as a job; raises `SplitOpened` once its test part was opened."""
        return start(self._scope, version_id, spec)

    def start_guard(self, version_id: str) -> Job:
        """Look for nearly equal texts across the parts of a version's split, as a job; its leaks count them afterwards."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.submit("guard", {"version": version_id}, row.project_id)

    def start_new_test(self, version_id: str, name: str, rows: int, seed: int = 0) -> Job:
        """Make a new test set of about `rows` rows for a divided version, as a job: `new_tests.make_new_test`.

        Raises:
            NameOfTestTaken, NameOfTestMissing: the name does not tell the test sets of the lineage apart.
            NotDivided: the version has no split yet.
        """
        from engine.services import new_tests

        return new_tests.start(self._scope, version_id, name, rows, seed)

    def parts_of(self, version_id: str, ids: Sequence[int]) -> Mapping[str, int]:
        """How many of these rows each part of the version's split has; nothing where there is no split."""
        view = current(self._scope, version_id)
        if view is None:
            return {}
        counts = assignment(self._scope, view.id).reindex(list(ids)).value_counts()
        return {str(part): int(count) for part, count in counts.items()}

    def test_names(self, version_id: str) -> list[str]:
        """Names of the test sets that there are in the version's lineage, the first one first."""
        from engine.services import new_tests

        return new_tests.names(self._scope, version_id)

    def column_values(self, version_id: str, column: str) -> list[tuple[str, int]]:
        """The distinct values of a version's column and their rows, the most frequent first, at most `MOST_VALUES`."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        return list(_values(row.artifact, column))

    def near_found(self, version_id: str) -> bool:
        """Whether nearly equal texts were looked for in a version and some were found."""
        self._scope.row(dataset_version, version_id, "dataset version")
        return near_groups.found_some(self._scope, version_id)

    def regrouped(self, version_id: str) -> Split | None:
        """What to divide by so that linked rows stay together, with the same shares; None without a split."""
        view = current(self._scope, version_id)
        if view is None:
            return None
        near = view.spec.near_duplicates or view.near_known
        return view.spec.model_copy(update={"near_duplicates": near, "regroup": view.spec.kind == "given"})


MOST_VALUES = 1000


@lru_cache(maxsize=16)
def _values(artifact: str, column: str) -> tuple[tuple[str, int], ...]:
    """By the table's digest, so that a page that is drawn again reads nothing."""
    cells = pd.read_parquet(artifacts.path(artifact), columns=[column])[column]
    counts = cells.fillna("").str.strip().value_counts()
    return tuple((str(value), int(count)) for value, count in counts.iloc[:MOST_VALUES].items())


def current(scope: Scope, version_id: str) -> SplitView | None:
    """The split of a version, or None while there is none."""
    row = _current(scope, version_id)
    return _view(scope, row) if row else None


def current_id(connection: Connection, version_id: str) -> str | None:
    """Id of the split of a version within a transaction, or None while there is none."""
    return connection.scalar(
        select(split.c.id)
        .where(split.c.version_id == version_id)
        .order_by(split.c.created.desc(), split.c.id)
        .limit(1)
    )


def get(scope: Scope, split_id: str) -> SplitView:
    """One split by id; raises `NotFound`."""
    return _view(scope, scope.row(split, split_id, "split"))


def assignment(scope: Scope, split_id: str) -> pd.Series:
    """The part of every row ("train", "validation", "test", "excluded"), indexed by row id."""
    return _stored(scope, split_id)["part"]


def fold_codes(scope: Scope, split_id: str) -> pd.Series | None:
    """The fold of every row by row id, -1 where it is in none; None for a division without folds.

    A child version's rows have the folds that its parent's were dealt; rows that the parent lacks have none.
    """
    stored = _stored(scope, split_id)
    if "fold" in stored:
        return stored["fold"]
    version_id = scope.row(split, split_id, "split").version_id
    project_id = scope.row(dataset_version, version_id, "dataset version").project_id
    with read(scope.engine) as connection:
        first = lineage.drawn(connection, {project_id}).get(split_id, split_id)
    if first == split_id:
        return None
    above = _stored(scope, first)
    if "fold" not in above:
        return None
    return above["fold"].reindex(stored.index).fillna(-1).astype("int64")


def _stored(scope: Scope, split_id: str) -> pd.DataFrame:
    """Parts, and folds where there are some, by row id."""
    return _read_assignment(scope.row(split, split_id, "split").artifact)


@lru_cache(maxsize=2)
def _read_assignment(artifact: str) -> pd.DataFrame:
    """By digest, checked once: a page that is drawn again reads nothing. What callers change is a copy of theirs."""
    artifacts.verify(artifact)
    return pd.read_parquet(artifacts.path(artifact)).set_index(ROW_ID)


def facts(scope: Scope, version_id: str) -> Facts:
    """What dial, estimate and suitability may know of a version: facts of the train part of its split, kept by a job.

    Before there is a split they are of the train part of the one that it starts with.
    """
    row = _current(scope, version_id)
    split_id = row.id if row else None
    stored = scope.cached("facts", _facts_key(version_id, split_id))
    if stored is None:  # divided before facts were kept with a split: measured here once
        frame, schema = stored_versions.load_table(scope, version_id)
        modality = modalities.get(schema.task)
        if split_id is None:
            measured = first_facts(frame, schema, modality)
        else:
            parts = assignment(scope, split_id).reindex(frame[ROW_ID])
            measured = train_facts(frame, schema, modality, parts)
        keep_facts(scope, version_id, split_id, measured)
        return measured
    return Facts(**stored)


def keep_facts(scope: Scope, version_id: str, split_id: str | None, measured: Facts) -> None:
    """Keep the facts of a split's train part, or with None those of a version that is not divided yet."""
    scope.cache("facts", _facts_key(version_id, split_id), asdict(measured))


def _facts_key(version_id: str, split_id: str | None) -> str:
    return f"{version_id}:{split_id or ''}"


def start(scope: Scope, version_id: str, spec: Split) -> Job:
    """Divide a version anew, as a job; refused once its test part was opened."""
    row = scope.row(dataset_version, version_id, "dataset version")
    refuse_redraw(scope, version_id, spec)
    spec_json = {"version": version_id, "split": spec.model_dump(mode="json")}
    return scope.submit("split", spec_json, row.project_id)


def ensure(scope: Scope, version_id: str, spec: Split, frame: pd.DataFrame, report: Any = None) -> SplitView:
    """The version's split that was drawn by `spec` (it becomes the current one), else a new one. `frame` is the version's table.

    All folds of a division are one split. `report` is the job's.

    Raises:
        SplitOpened: when another spec is asked for after the test part was opened.
    """
    spec = spec.whole
    with read(scope.engine) as connection:
        known = _drawn(connection, version_id, spec)
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
        known = _drawn(connection, version_id, spec)  # another job may have been faster
        if known is not None:
            return _view(scope, known)
        insert_split(connection, scope, split_id, version_id, spec, artifact, found)
    keep_facts(scope, version_id, split_id, measured)
    return get(scope, split_id)


def _moved(scope: Scope, version_id: str, spec: Split, found: SplitResult) -> list[Finding]:
    """How many rows changed their part when nearly equal texts were brought together in a division like the one before."""
    former = _current(scope, version_id)
    if former is None or not spec.near_duplicates or spec.kind == "given":
        return []
    before = Split.model_validate(former.spec)
    if before.near_duplicates or before.kind != spec.kind:
        return []
    old = assignment(scope, former.id).reindex(found.assignment.index)
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


def refuse_redraw(scope: Scope, version_id: str, spec: Split) -> None:
    """Raise `SplitOpened` if a test part of the lineage was opened and `spec` would divide the version in a new way."""
    with read(scope.engine) as connection:
        _drawn(connection, version_id, spec)


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
    row = _current(scope, version_id)
    if row is None:
        return {"split_id": None}
    inherited = scope.row(dataset_version, version_id, "dataset version").parent_id is not None
    asked = None if inherited else Split.model_validate(row.spec)
    former = [read_finding(stored) for stored in row.findings]
    found = recount_split(
        frame, schema, inputs.map(modality.key), assignment(scope, row.id), former, alike, asked
    )
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        connection.execute(
            update(split)
            .where(split.c.id == row.id)
            .values(leaks=dict(found.leaks), findings=_findings_json(found))
        )
    return {"split_id": row.id}


def _current(scope: Scope, version_id: str) -> Any:
    scope.row(dataset_version, version_id, "dataset version")
    with read(scope.engine) as connection:
        return connection.execute(
            select(split)
            .where(split.c.version_id == version_id, split.c.owner == scope.owner)
            .order_by(split.c.created.desc(), split.c.id)
            .limit(1)
        ).one_or_none()


def _drawn(connection: Connection, version_id: str, spec: Split) -> Any:
    """The version's split that was drawn by `spec`, or None; raises `SplitOpened` where no new one may be drawn."""
    rows = connection.execute(
        select(split).where(split.c.version_id == version_id).order_by(split.c.created.desc(), split.c.id)
    ).all()
    known = next((row for row in rows if Split.model_validate(row.spec) == spec.whole), None)
    if known is None and (opened := lineage.openings_of(connection, version_id).own):
        raise SplitOpened(openings=opened)
    return known


def _made_current(scope: Scope, version_id: str, split_id: str) -> SplitView:
    """A split that was drawn before is the version's split again, with the record of who looked at it."""
    now_current = current(scope, version_id)
    if now_current is None or now_current.id != split_id:
        with write(scope.engine, durable=True) as connection:
            connection.execute(update(split).where(split.c.id == split_id).values(created=now()))
    return get(scope, split_id)


def _view(scope: Scope, row: Any) -> SplitView:
    with read(scope.engine) as connection:
        openings = lineage.openings_of(connection, row.version_id)
    spec = Split.model_validate(row.spec)
    return SplitView(
        id=row.id, version_id=row.version_id, spec=spec, counts=row.counts["parts"],
        class_counts=row.counts["classes"], leaks=row.leaks,
        findings=tuple(read_finding(f) for f in row.findings),
        openings=openings.on(spec.test_name) + openings.elsewhere, elsewhere=openings.elsewhere, created=row.created,
        opened_in_lineage=openings.own,
    )  # fmt: skip
