"""Splits: who is in train, validation and test, drawn once per dataset version and then kept; the sealed test part.

The assignment is lineage, not recipe. Once the test part of a version was opened its split is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from engine.data.findings import read_finding
from engine.data.schema import ROW_ID, Finding
from engine.errors import N_, DataError
from engine.jobs.job import Job
from engine.modality import modalities
from engine.models.family import Facts
from engine.prepare.facts import first_facts, train_facts
from engine.recipe import Split
from engine.services import lineage, near_groups, stored_versions
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.database import read
from engine.storage.tables import dataset_version, split


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
    row = current_row(scope, version_id)
    return view(scope, row) if row else None


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
    return view(scope, scope.row(split, split_id, "split"))


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
    row = current_row(scope, version_id)
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


def refuse_redraw(scope: Scope, version_id: str, spec: Split) -> None:
    """Raise `SplitOpened` if a test part of the lineage was opened and `spec` would divide the version in a new way."""
    with read(scope.engine) as connection:
        drawn(connection, version_id, spec)


def current_row(scope: Scope, version_id: str) -> Any:
    """The stored row of a version's split, or None while there is none; raises `NotFound` for a version of another owner."""
    scope.row(dataset_version, version_id, "dataset version")
    with read(scope.engine) as connection:
        return connection.execute(
            select(split)
            .where(split.c.version_id == version_id, split.c.owner == scope.owner)
            .order_by(split.c.created.desc(), split.c.id)
            .limit(1)
        ).one_or_none()


def drawn(connection: Connection, version_id: str, spec: Split) -> Any:
    """The version's split that was drawn by `spec`, or None; raises `SplitOpened` where no new one may be drawn."""
    rows = connection.execute(
        select(split).where(split.c.version_id == version_id).order_by(split.c.created.desc(), split.c.id)
    ).all()
    known = next((row for row in rows if Split.model_validate(row.spec) == spec.whole), None)
    if known is None and (opened := lineage.openings_of(connection, version_id).own):
        raise SplitOpened(openings=opened)
    return known


def view(scope: Scope, row: Any) -> SplitView:
    """A stored split as pages show it."""
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
