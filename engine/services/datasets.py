"""Datasets: immutable versions of a table, their rows, profiles and cleaning previews.

A version is Parquet under its content digest plus a schema. The same file with the same roles is the same
version, however often it comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, BinaryIO

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select

from engine.data.edits import Edit
from engine.data.findings import read_finding
from engine.data.profile import FORMAT, Profile
from engine.data.readers import Preview, ReadOptions, preview_file, suggest_roles
from engine.data.schema import ROW_ID, Finding, Role, Schema
from engine.errors import N_, DataError, NotFound
from engine.jobs.job import Job
from engine.prepare.filters import RowFilter, filters
from engine.prepare.preview import CleaningPreview
from engine.recipe import Step
from engine.services import kept_vectors, uploads
from engine.services.cleaning_previews import cleaning_key
from engine.services.found_rows import ASIDE, FOUND, findings_of
from engine.services.scope import Scope
from engine.services.stored_versions import page_of_rows, schema_of
from engine.services.uploads import Upload
from engine.storage import artifacts
from engine.storage.database import read, serialise, write
from engine.storage.tables import (
    dataset,
    dataset_version,
    demo,
    job,
    model_version,
    project,
    result,
    run,
    split,
    test_opening,
)


class DatasetInUse(DataError):
    code = "DATASET_IN_USE"
    message = N_("The dataset “{name}” cannot be deleted: {runs} {runs:run was|runs were} trained on it.")
    remedy = N_("Delete those runs first, or keep the dataset.")


class DatasetPublished(DataError):
    code = "DATASET_PUBLISHED"
    message = N_("The dataset “{name}” cannot be deleted: a model of the demo “{demo}” was trained on it.")
    remedy = N_("Delete that demo on the share page first, or keep the dataset.")


@dataclass(frozen=True)
class DatasetVersion:
    """One immutable version. `source` says which file it came from and how that was read, or which corrections made it
    a child of the version `parent_id`."""

    id: str
    project_id: str
    dataset_id: str
    parent_id: str | None
    dataset_name: str
    number: int
    digest: str
    rows: int
    schema: Schema
    source: Mapping[str, Any]
    findings: tuple[Finding, ...]
    created: datetime
    split_id: str | None

    @property
    def label(self) -> str:
        """How people refer to it: "reviews v2"."""
        return f"{self.dataset_name} v{self.number}"

    @property
    def synthetic(self) -> bool:
        return bool(self.source.get("synthetic"))


@dataclass(frozen=True)
class Dataset:
    """A named line of versions, oldest first."""

    id: str
    name: str
    created: datetime
    versions: tuple[DatasetVersion, ...]


@dataclass(frozen=True)
class DatasetDeletion:
    """What deleting a dataset takes with it; `runs` above 0 forbids it. `openings` of its test part stay remembered."""

    versions: int
    runs: int
    bytes: int
    openings: int = 0


class Datasets:
    """The datasets of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def stage(self, source: BinaryIO | bytes, name: str) -> Upload:
        """Write an uploaded file to disk; keep the id, not the bytes."""
        return uploads.stage(source, name, self._scope.owner)

    def stage_text(self, text: str) -> Upload:
        """Stage pasted text; it is read like a file."""
        name = "pasted.txt" if "\t" not in text else "pasted.tsv"
        return uploads.stage(text.encode(), name, self._scope.owner)

    def upload(self, upload_id: str) -> Upload:
        """What is known of a staged file; raises `NotFound` when it is gone."""
        return uploads.find(upload_id, self._scope.owner)[1]

    def discard(self, upload_id: str) -> None:
        """Remove a staged file."""
        uploads.discard(upload_id)

    def preview(self, upload_id: str, options: ReadOptions | None = None) -> Preview:
        """The first decoded rows of a staged file, and how certain encoding and separator are."""
        path, known = uploads.find(upload_id, self._scope.owner)
        return preview_file(path, known.name, options or ReadOptions(), path.parent)

    def suggest_roles(self, preview: Preview) -> dict[str, Role]:
        """A draft of the column roles, from names and values."""
        return suggest_roles(preview.rows, preview.columns)

    def start_import(
        self, project_id: str, upload_id: str, name: str, options: ReadOptions, roles: Mapping[str, str],
        idempotency: str, task: str = "text-classification", inline: bool = False,
        more: Sequence[tuple[str, ReadOptions]] = (), differing: bool = False,
    ) -> Job:  # fmt: skip
        """Read a staged file, or several, into a dataset version and profile it, as a job.

        Args:
            more: further files, each by its upload and options; one archive may be named several times, each time with
                another member. Together with the first they become one table with a column that says the file.
            differing: whether cells may stay empty where a file lacks a column of another one.

        Its result is `{dataset_id, version_id, existing}`. Nothing is stored unless the whole file is sound.
        """
        self._scope.row(project, project_id, "project")
        _, known = uploads.find(upload_id, self._scope.owner)
        spec: dict[str, Any] = {
            "upload": upload_id, "file": known.name, "name": name, "options": asdict(options), "roles": dict(roles),
            "task": task,
        }  # fmt: skip
        if more:
            for other, _ in more:
                uploads.find(other, self._scope.owner)
            spec |= {"more": [{"upload": u, "options": asdict(o)} for u, o in more], "differing": differing}
        return self._scope.submit("import", spec, project_id, idempotency=idempotency, inline=inline)

    def list(self, project_id: str) -> list[Dataset]:
        """The project's datasets, newest first."""
        self._scope.row(project, project_id, "project")
        versions = _versions(self._scope, dataset_version.c.project_id == project_id)
        with read(self._scope.engine) as connection:
            rows = connection.execute(
                select(dataset)
                .where(dataset.c.project_id == project_id, dataset.c.owner == self._scope.owner)
                .order_by(dataset.c.created.desc())
            ).all()
        return [
            Dataset(r.id, r.name, r.created, tuple(v for v in versions if v.dataset_id == r.id)) for r in rows
        ]

    def version(self, version_id: str) -> DatasetVersion:
        """One version; raises `NotFound`."""
        found = _versions(self._scope, dataset_version.c.id == version_id)
        if not found:
            raise NotFound(kind="dataset version", id=version_id)
        return found[0]

    def deletion(self, dataset_id: str) -> DatasetDeletion:
        """What deleting a dataset would remove."""
        self._scope.row(dataset, dataset_id, "dataset")
        ids = select(dataset_version.c.id).where(dataset_version.c.dataset_id == dataset_id)
        with read(self._scope.engine) as connection:
            runs = connection.execute(
                select(func.count())
                .select_from(run)
                .where(run.c.version_id.in_(ids), run.c.deleted.is_(None))
            ).scalar_one()
            digests = connection.scalars(
                select(dataset_version.c.artifact).where(dataset_version.c.dataset_id == dataset_id)
            ).all()
            opened = connection.scalar(
                select(func.count())
                .select_from(test_opening)
                .join(split, split.c.id == test_opening.c.split_id)
                .where(split.c.version_id.in_(ids))
            )
        return DatasetDeletion(len(digests), runs, artifacts.size(digests), opened or 0)

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset with its versions and splits; refused while runs were trained on it."""
        row = self._scope.row(dataset, dataset_id, "dataset")
        with write(self._scope.engine) as connection:
            ids = select(dataset_version.c.id).where(dataset_version.c.dataset_id == dataset_id)
            living = select(func.count()).where(run.c.version_id.in_(ids), run.c.deleted.is_(None))
            if runs := connection.scalar(living):
                raise DatasetInUse(name=row.name, runs=runs)
            published = (
                select(demo.c.title)
                .join(model_version, model_version.c.demo_id == demo.c.id)
                .join(run, run.c.id == model_version.c.run_id)
                .where(run.c.version_id.in_(ids))
            )
            if title := connection.scalar(published.limit(1)):
                raise DatasetPublished(name=row.name, demo=title)
            forget_results(connection, self._scope.owner, connection.scalars(ids).all())
            own = (
                result.c.owner == self._scope.owner,
                result.c.kind == "row_mark",
                result.c.key == dataset_id,
            )
            connection.execute(result.delete().where(*own))
            connection.execute(run.delete().where(run.c.version_id.in_(ids)))
            connection.execute(
                dataset.delete().where(dataset.c.id == dataset_id, dataset.c.owner == self._scope.owner)
            )

    def start_edit(
        self, version_id: str, edits: Sequence[Edit], *, include_test: bool = False, note: str = "",
        idempotency: str | None = None,
    ) -> Job:  # fmt: skip
        """Make a child version by dropping, relabelling or adding rows, or by other roles, as a job.

        The child inherits the split: rows keep their part, and those of the sealed test part stay as they are unless
        `include_test`; then the child's test set has another name. Added rows never enter the test part.

        Args:
            edits: from `engine.data.edits`.
            include_test: whether rows of the test part change too; refused once it was opened.
            note: why, in a person's words; the first 500 characters are kept with the version.
            idempotency: the same key gives the same job; the same edits of a version never make two.

        Its result is `{version_id, existing, rows_removed, rows_added, relabelled, test_rows_kept, test_rows_changed}`.
        """
        from engine.services import editing

        return editing.start_edit(
            self._scope, version_id, edits, include_test=include_test, note=note, idempotency=idempotency
        )

    def edit_preview(
        self, version_id: str, edits: Sequence[Edit], *, include_test: bool = False
    ) -> Mapping[str, Any] | None:
        """What edits would change, if it was computed already: the counts of `start_edit`, `parts` (changed rows by part),
        `classes` (removed rows by label) and `sample` (ids of the first rows that would change)."""
        from engine.services import editing

        return editing.read_preview(self._scope, version_id, edits, include_test)

    def row_filters(self, task: str) -> Sequence[RowFilter]:
        """The rules by which rows of this task can be dropped, in order; an edit `Filter` names one."""
        return [rule for rule in filters if rule.task in (None, task)]

    def start_edit_preview(
        self, version_id: str, edits: Sequence[Edit], *, include_test: bool = False
    ) -> Job:
        """Count what edits would change, as a job."""
        from engine.services import editing

        return editing.start_preview(self._scope, version_id, edits, include_test)

    def rows(
        self, version_id: str, offset: int = 0, limit: int = 50, ids: Sequence[int] | None = None
    ) -> tuple[pd.DataFrame, int]:
        """A page of rows as they came, with `row_id` first, and how many there are in all.

        Args:
            offset: rows to skip.
            limit: rows of the page.
            ids: only these row ids, in this order.
        """
        row = self._scope.row(dataset_version, version_id, "dataset version")
        path = str(artifacts.path(row.artifact))
        if ids is not None:
            wanted = list(ids)[offset : offset + limit]
            page = pq.read_table(path, filters=[(ROW_ID, "in", wanted or [-1])]).to_pandas()
            order = {r: i for i, r in enumerate(wanted)}
            return page.sort_values(ROW_ID, key=lambda s: s.map(order)).reset_index(drop=True), len(ids)
        return page_of_rows(path, offset, limit), row.rows

    def profile(self, version_id: str) -> Profile | None:
        """The stored profile; None until its job ran, and where an older Bentu made it in another format."""
        self._scope.row(dataset_version, version_id, "dataset version")
        stored = self._scope.cached("profile", version_id)
        if not stored or stored.get("format", 1) != FORMAT:
            return None
        return Profile.model_validate(stored)

    def findings(self, version_id: str) -> tuple[Finding, ...]:
        """What reading, the profile and the deep checks found, as far as they ran; the rest is in `Findings`."""
        return findings_of(self._scope, version_id)

    def start_profile(self, version_id: str) -> Job:
        """Profile a version, as a job."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.submit("profile", {"version": version_id}, row.project_id)

    def cleaning_preview(self, version_id: str, steps: Sequence[Step]) -> CleaningPreview | None:
        """What these steps change, if it was computed already."""
        stored = self._scope.cached("cleaning", cleaning_key(self._scope, version_id, steps))
        return CleaningPreview.model_validate(stored) if stored else None

    def start_cleaning_preview(self, version_id: str, steps: Sequence[Step]) -> Job:
        """Count what the steps change and sample it, as a job."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        spec = {"version": version_id, "steps": [s.model_dump(mode="json") for s in steps]}
        return self._scope.submit("cleaning", spec, row.project_id)


def forget_results(connection: Connection, owner: str, version_ids: Sequence[str]) -> None:
    """Remove what was computed from versions that are being deleted: profiles and previews hold their texts."""
    key, kind = result.c.key, result.c.kind
    serialise(connection, kept_vectors.RESULT)
    for version_id in version_ids:
        parts = kind.in_(
            (
                "augmentation",
                "cleaning",
                "corrections",
                "edit_preview",
                "export",
                "facts",
                FOUND,
                "locality",
                "map",
                "trial",
                "trial_result",
                kept_vectors.RESULT,
            )
        ) & key.startswith(f"{version_id}:", autoescape=True)
        computed = (kind.in_(("profile", "facts", "map", ASIDE)) & (key == version_id)) | parts
        between = (kind == "difference") & (
            key.startswith(f"{version_id}:", autoescape=True)
            | key.endswith(f":{version_id}", autoescape=True)
        )
        connection.execute(result.delete().where(result.c.owner == owner, computed | between))
        asked = (job.c.spec["version"].as_string() == version_id) & job.c.finished.is_not(None)
        connection.execute(
            job.delete().where(job.c.owner == owner, asked)
        )  # labels, patterns, notes that were asked for


def _versions(scope: Scope, *conditions: Any) -> list[DatasetVersion]:
    newest = (
        select(split.c.version_id, func.max(split.c.created).label("created"))
        .group_by(split.c.version_id)
        .subquery()
    )
    with read(scope.engine) as connection:
        rows = connection.execute(
            select(dataset_version, dataset.c.name.label("dataset_name"), split.c.id.label("split_id"))
            .join(dataset, dataset.c.id == dataset_version.c.dataset_id)
            .outerjoin(newest, newest.c.version_id == dataset_version.c.id)
            .outerjoin(
                split, (split.c.version_id == dataset_version.c.id) & (split.c.created == newest.c.created)
            )
            .where(dataset_version.c.owner == scope.owner, *conditions)
            .order_by(dataset_version.c.number)
        ).all()
    return [
        DatasetVersion(
            id=r.id, project_id=r.project_id, dataset_id=r.dataset_id, parent_id=r.parent_id,
            dataset_name=r.dataset_name, number=r.number,
            digest=r.digest, rows=r.rows, schema=schema_of(r), source=r.source,
            findings=tuple(read_finding(f) for f in r.findings), created=r.created,
            split_id=r.split_id,
        )
        for r in rows
    ]  # fmt: skip
