"""Findings of a dataset version: those of its profile and of the deep checks, all the rows they are about, and what was set aside.

The rows themselves are kept by `engine.services.found_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.edits import SEALED, later_copies
from engine.data.findings import handle
from engine.data.labels import labels_of
from engine.data.schema import ROW_ID, Finding, FixKind, Schema
from engine.data.versions import read_stored
from engine.errors import N_, DataError, NotFound
from engine.jobs import queue
from engine.jobs.job import Job
from engine.services import splits
from engine.services.found_rows import ASIDE, FOUND, FoundRows, findings_of, keep, rows_of
from engine.services.scope import Scope
from engine.services.slice_repeats import near_rates
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.tables import dataset_version

__all__ = ["FOUND", "Aside", "Effect", "Findings", "FoundRows", "NoteTooLong", "keep", "rows_of"]

DEEP_JOB = "deep_checks"
DEEP_ROWS = 200_000
"""Rows up to which the page starts the deep checks by itself."""
NOTE_CHARS = 500


class NoteTooLong(DataError):
    code = "NOTE_TOO_LONG"
    message = N_("The note has {length} characters; up to {limit} are kept.")
    remedy = N_("Shorten the note.")


@dataclass(frozen=True)
class Aside:
    """That a person saw a finding and finds it fine, when, and what they noted."""

    note: str
    when: datetime


@dataclass(frozen=True)
class Effect:
    """What a fix would change: `rows` of them, of which `test` lie in the sealed test part, which was opened `openings`
    times. Where nothing is `divided` yet no row is sealed."""

    rows: int
    test: int
    openings: int = 0
    divided: bool = False


class Findings:
    """The findings of one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def of(self, version_id: str) -> tuple[Finding, ...]:
        """What reading said, what the profile found, and what the deep checks found, as far as they ran."""
        return findings_of(self._scope, version_id)

    def rows(self, version_id: str, name: str) -> FoundRows | None:
        """All rows of the finding with this handle or code; None where only what the finding quotes is known."""
        self._scope.row(dataset_version, version_id, "dataset version")
        return rows_of(self._scope, version_id, name)

    def effect(
        self, version_id: str, name: str, kind: FixKind, rows: Sequence[int] | None = None
    ) -> Effect | None:
        """How many rows a fix of the finding `name` would drop or relabel, all or those named; None where its rows are not known.

        Of copies one stays, as `edits.later_copies` says; a row that has the suggested label already is not changed.
        """
        self._scope.row(dataset_version, version_id, "dataset version")
        found = rows_of(self._scope, version_id, name)
        if found is None:
            return None
        current = splits.current(self._scope, version_id)
        ids, sealed = _changing(self._scope, version_id, found, kind, None if current is None else current.id)
        if rows is not None:
            named = np.isin(ids, np.asarray(rows, dtype=np.int64))
            ids, sealed = ids[named], sealed[named]
        if current is None:
            return Effect(len(ids), 0)
        return Effect(len(ids), int(sealed.sum()), current.openings, True)

    def known(self, version_id: str) -> bool:
        """Whether all rows of the profile's findings are kept; not so for a profile that an earlier Bentu made."""
        self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.cached(FOUND, f"{version_id}:core") is not None

    def deep_done(self, version_id: str) -> bool:
        """Whether the deep checks have looked at this version."""
        self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.cached(FOUND, f"{version_id}:deep") is not None

    def near_rates(self, version_id: str) -> Mapping[tuple[str, str], float] | None:
        """The share of rows that equal or nearly equal another one, by slice column and value; None until the deep checks ran."""
        return near_rates(self._scope, version_id)

    def deep_job(self, version_id: str) -> Job | None:
        """The latest job that ran or runs the deep checks over this version, however it ended."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        jobs = queue.list_jobs(
            self._scope.engine, self._scope.owner, project_id=row.project_id, kind=DEEP_JOB
        )
        return next((job for job in jobs if job.spec["version"] == version_id), None)

    def start_deep(self, version_id: str) -> Job:
        """Run the deep checks (near-duplicates, label errors and the like) over a version, as a job; once at a time."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        former = self.deep_job(version_id)
        if former is not None and former.active:
            return former
        key = f"{DEEP_JOB}:{version_id}:{former.id if former else ''}"
        return self._scope.submit(
            DEEP_JOB, {"version": version_id}, row.project_id, idempotency=key, priority=-1
        )  # what somebody waits for goes first

    def aside(self, version_id: str) -> Mapping[str, Aside]:
        """What was set aside, by the handle of the finding; a version made by a fix begins with what its parent says."""
        return {
            name: Aside(one["note"], datetime.fromisoformat(one["when"]))
            for name, one in self._aside(version_id).items()
        }

    def _aside(self, version_id: str) -> dict[str, Any]:
        """What is kept for a version, or else for the one that it was made from, unless rows were added since."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        stored = self._scope.cached(ASIDE, version_id)
        if stored is not None:
            return stored
        counts = row.source.get("counts")
        if row.parent_id is None or counts is None or counts["rows_added"]:
            return {}
        return self._aside(row.parent_id)

    def set_aside(self, version_id: str, name: str, note: str = "") -> None:
        """Note that the finding `name` was seen and is fine; raises `NotFound`, `NoteTooLong`."""
        if len(note) > NOTE_CHARS:
            raise NoteTooLong(length=len(note), limit=NOTE_CHARS)
        if name not in {handle(one) for one in self.of(version_id)}:
            raise NotFound(kind="finding", id=name)
        stored = self._aside(version_id)
        self._scope.cache(
            ASIDE, version_id, {**stored, name: {"note": note.strip(), "when": now().isoformat()}}
        )

    def take_back(self, version_id: str, name: str) -> None:
        """Let the finding `name` count again."""
        stored = self._aside(version_id)
        self._scope.cache(ASIDE, version_id, {key: one for key, one in stored.items() if key != name})


@lru_cache(maxsize=2)
def _changing(
    scope: Scope, version_id: str, found: FoundRows, kind: FixKind, split_id: str | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ids of the rows that a fix changes, and which of them are sealed; kept, for a dialog asks at every click."""
    parts = None if split_id is None else splits.assignment(scope, split_id)
    ids = found.rows
    if kind == "dedupe" and found.groups is not None:
        ids = later_copies(ids, found.groups, parts)
    elif kind == "relabel" and found.suggested is not None:
        row = scope.row(dataset_version, version_id, "dataset version")
        ids = ids[_labels(row, ids) != np.asarray(found.suggested, dtype=object)]
    sealed = np.zeros(len(ids), dtype=bool) if parts is None else (parts.reindex(ids) == SEALED).to_numpy()
    return ids, sealed


def _labels(row: Any, ids: NDArray[np.int64]) -> NDArray[np.object_]:
    """The labels of some rows of a version, in the order of `ids`."""
    schema = Schema.model_validate(row.schema)
    frame = read_stored(artifacts.path(row.artifact), schema.names("label"))
    labels = labels_of(frame, schema).to_numpy(dtype=object)
    return np.asarray(labels[pd.Index(frame[ROW_ID]).get_indexer(pd.Index(ids))], dtype=object)
