"""Editing: rows dropped, relabelled, added or read in other roles make a child version. The work of the jobs "edit" and "preview_edit".

Version and split are one transaction: both are there or nothing is. The parent stays, so going back is choosing it again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from engine.data import edits
from engine.data.edits import Asked, Edit, Edited, aligned, apply_edits, later_copies
from engine.data.findings import finding, some
from engine.data.readers import SOURCE_COLUMN, ReadOptions, read_with_notes
from engine.data.schema import ROW_ID, Finding, Schema, make_schema
from engine.data.table_view import TableView
from engine.data.versions import check_table
from engine.errors import N_, DataError
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.params import read_params
from engine.prepare.filters import filters
from engine.services import datasets, dividing, importing, lineage, splits, stored_versions, uploads
from engine.services.child_versions import ParentChanged, first_free_row, insert_child, keep_table
from engine.services.datasets import DatasetVersion
from engine.services.found_rows import rows_of
from engine.services.inherited import inherited_division
from engine.services.scope import Scope
from engine.services.splits import SplitView
from engine.storage.database import read, serialise, write
from engine.storage.tables import dataset_version, new_id

PREVIEW = "edit_preview"
"""Kind of the stored results that hold previews; their keys begin with the parent's id."""
NOTE_CHARS = 500
SAMPLE_ROWS = 1000

_read_edits: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])


class NothingToEdit(DataError):
    code = "NOTHING_TO_EDIT"
    message = N_("This would change no row of “{version}”, so no version is made. {kept} {kept:row lies in the sealed test part and stays|rows lie in the sealed test part and stay}.")  # fmt: skip
    remedy = N_("Choose other rows, or allow the test part to change.")


class NothingLeft(DataError):
    code = "NOTHING_LEFT"
    message = N_("This would leave no row of “{version}”.")
    remedy = N_("Choose fewer rows.")


class OpenedTestChanged(DataError):
    code = "TEST_PART_OPENED"
    message = N_(
        "{rows} of these rows {rows:lies|lie} in a test part that was opened {openings} {openings:time|times}; such a part never changes."
    )
    remedy = N_("Leave the test part as it is, or make a new test set on the prepare page.")


class FoundRowsMissing(DataError):
    code = "FOUND_ROWS_MISSING"
    message = N_("The rows of the finding “{name}” are not known any more.")
    remedy = N_("Let the data be looked at anew, then try again.")


def start_edit(
    scope: Scope, version_id: str, wanted: Sequence[Edit], *, include_test: bool = False, note: str = "",
    idempotency: str | None = None,
) -> Job:  # fmt: skip
    """Put the making of a child version in line; see `Datasets.start_edit`."""
    row = scope.row(dataset_version, version_id, "dataset version")
    return scope.submit(
        "edit", {**_spec(version_id, wanted, include_test), "note": note.strip()[:NOTE_CHARS]}, row.project_id, idempotency=idempotency
    )  # fmt: skip


def start_preview(scope: Scope, version_id: str, wanted: Sequence[Edit], include_test: bool) -> Job:
    """Put the counting of what edits would change in line; see `Datasets.start_edit_preview`."""
    row = scope.row(dataset_version, version_id, "dataset version")
    return scope.submit("preview_edit", _spec(version_id, wanted, include_test), row.project_id)


def read_preview(
    scope: Scope, version_id: str, wanted: Sequence[Edit], include_test: bool
) -> dict[str, Any] | None:
    """The stored preview, or None until its job ran."""
    scope.row(dataset_version, version_id, "dataset version")
    return scope.cached(PREVIEW, _key(_spec(version_id, wanted, include_test)))


def _spec(version_id: str, wanted: Sequence[Edit], include_test: bool) -> dict[str, Any]:
    return {
        "version": version_id,
        "edits": [edit.model_dump(mode="json") for edit in wanted],
        "include_test": include_test,
    }


def _key(spec: Mapping[str, Any]) -> str:
    asked = json.dumps([spec["edits"], spec["include_test"]], sort_keys=True, ensure_ascii=False)
    return f"{spec['version']}:{hashlib.sha256(asked.encode()).hexdigest()}"


def preview_edit(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "preview_edit": counts, by part too, and the first rows that would change."""
    frame, schema, parts, edited, _ = _edited(context, scope, spec)
    changed = [*edited.removed, *edited.relabelled]
    by_part = Counter(parts.reindex(changed)) if parts is not None else Counter()
    classes = _classes(frame, schema, edited.removed)
    found = {**_counts(edited), "parts": dict(by_part), "classes": classes, "sample": changed[:SAMPLE_ROWS]}
    scope.cache(PREVIEW, _key(spec), found)
    return {"version_id": spec["version"]}


def edit_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "edit": the child with the split that it inherits, and then its profile.

    Returns:
        `{version_id, existing, rows_removed, rows_added, relabelled, test_rows_kept, test_rows_changed}`

    Raises:
        NothingToEdit, NothingLeft: the child would be its parent, or empty.
        OpenedTestChanged: rows of an opened test part were to change.
        ParentChanged: another tab deleted the parent or divided it anew meanwhile.
        DataError: what the rows or roles would then be wrong in.
    """
    key = _key(spec)
    with read(scope.engine) as connection:
        known = _made(connection, scope, spec["version"], key)
    if known is not None:  # an earlier attempt ended after its transaction, or another tab made it
        return _completed(context, scope, project_id, known, existing=True)
    made = None
    while made is None:  # anew where another tab gave the ids of the new rows to others meanwhile
        made = _make(context, scope, project_id, spec, key)
    version_id, existing = made
    for edit in spec["edits"]:
        if edit["kind"] == "append":
            uploads.discard(edit["upload"])
    return _completed(context, scope, project_id, version_id, existing=existing)


def _make(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any], key: str
) -> tuple[str, bool] | None:
    """The child's id and whether another tab made it; None where the ids of its new rows were given away meanwhile."""
    frame, schema, parts, edited, notes = _edited(context, scope, spec)
    parent = datasets.Datasets(scope).version(spec["version"])
    schema = _schema(schema, frame, spec)
    if edited.empty and schema == parent.schema:
        raise NothingToEdit(version=parent.label, kept=len(edited.kept))
    if not len(edited.table):
        raise NothingLeft(version=parent.label)
    former = splits.current(scope, parent.id)
    if edited.test_changed and former is not None and former.openings:
        raise OpenedTestChanged(rows=edited.test_changed, openings=former.openings)
    context.report("phase", name="checking")
    schema, obstacles = check_table(edited.table, schema, modalities.get(schema.task))
    division = None
    if former is not None and parts is not None:
        division = inherited_division(context, scope, former, parent, edited, schema, parts)
    context.check()
    context.report("phase", name="storing")
    artifact, version_id = keep_table(edited.table), new_id("ver")
    source = _source(spec, key, parent, edited, former, division)
    with write(scope.engine, durable=True) as connection:
        context.fence(connection)
        serialise(connection, f"dataset:{project_id}")
        known = _made(connection, scope, parent.id, key)
        if known is not None:
            return known, True
        if not _stands(connection, parent.id, former):
            raise ParentChanged(version=parent.label)
        if edited.added and first_free_row(connection, parent.id) > edited.added[0]:
            return None
        if edited.test_changed and former is not None and (looks := _looks(connection, parent.id, former)):
            raise OpenedTestChanged(rows=edited.test_changed, openings=looks)  # opened meanwhile
        insert_child(
            connection, scope, version_id, parent, edited.table, schema, artifact, source, (*notes, *obstacles)
        )  # fmt: skip
        if division is not None:
            dividing.insert_split(
                connection, scope, division["id"], version_id, division["spec"], division["artifact"], division["found"]
            )  # fmt: skip
    return version_id, False


def _completed(
    context: JobContext, scope: Scope, project_id: str, version_id: str, *, existing: bool
) -> dict[str, Any]:
    if scope.cached("profile", version_id) is None:
        importing.profile_version(context, scope, project_id, {"version": version_id})
    splits.facts(scope, version_id)
    source = datasets.Datasets(scope).version(version_id).source
    return {"version_id": version_id, "existing": existing, **source["counts"]}


def _stands(connection: Connection, version_id: str, former: SplitView | None) -> bool:
    """Whether the parent is still there, divided as it was when the work began."""
    there = connection.scalar(select(dataset_version.c.id).where(dataset_version.c.id == version_id))
    return there is not None and splits.current_id(connection, version_id) == (former.id if former else None)


def _looks(connection: Connection, version_id: str, former: SplitView) -> int:
    found = lineage.openings_of(connection, version_id)
    return found.on(former.spec.test_name) + found.elsewhere


def _made(connection: Connection, scope: Scope, parent_id: str, key: str) -> str | None:
    """The version that the same edits made of the same parent, or None; one that was divided anew since is another thing,
    and so is one whose parent was."""
    query = select(dataset_version.c.id, dataset_version.c.source).where(
        dataset_version.c.parent_id == parent_id, dataset_version.c.owner == scope.owner,
        dataset_version.c.source["edit"].as_string() == key,
    )  # fmt: skip
    above = splits.current_id(connection, parent_id)
    for row in connection.execute(query.order_by(dataset_version.c.number.desc())):
        inherited = (row.source.get("parent_split"), row.source.get("split"))
        if inherited == (above, splits.current_id(connection, row.id)):
            return str(row.id)
    return None


def _edited(
    context: JobContext, scope: Scope, spec: Mapping[str, Any]
) -> tuple[pd.DataFrame, Schema, pd.Series[str] | None, Edited, list[Finding]]:
    """The parent's table and schema, the part of its rows, what the edits make of it, and what reading added files said."""
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, spec["version"])
    view = splits.current(scope, spec["version"])
    parts = splits.assignment(scope, view.id) if view is not None else None
    context.report("phase", name="editing")
    asked, notes = Asked(), []
    for edit in _read_edits.validate_python(spec["edits"]):
        notes += _resolve(context, scope, spec["version"], edit, frame, schema, parts, asked)
        context.check()
    with read(scope.engine) as connection:
        first = first_free_row(connection, spec["version"])
    done = apply_edits(frame, schema, asked, parts, first, include_test=spec["include_test"])
    return frame, schema, parts, done, notes


def _resolve(
    context: JobContext, scope: Scope, version_id: str, edit: Edit, frame: pd.DataFrame, schema: Schema,
    parts: pd.Series[str] | None, asked: Asked,
) -> list[Finding]:  # fmt: skip
    """Write what an edit comes to into `asked`; what there is to say about it."""
    match edit:
        case edits.Drop():
            asked.removed.update(edit.rows)
        case edits.Relabel():
            asked.labels.update(edit.labels)
        case edits.DropFound() | edits.DedupeFound() | edits.RelabelFound():
            _resolve_found(scope, version_id, edit, parts, asked)
        case edits.Filter():
            rule = filters.get(edit.name)
            params = read_params(rule.Params, edit.params, rule.name)
            table = TableView(frame, schema, modalities.get(schema.task))
            asked.removed.update(rule.rows(table, params, parts, context.check).tolist())
        case edits.Append():
            return _append(context, scope, edit, frame, asked)
    return []


def _resolve_found(
    scope: Scope, version_id: str, edit: Any, parts: pd.Series[str] | None, asked: Asked
) -> None:
    found = rows_of(scope, version_id, edit.code)
    if found is None:
        raise FoundRowsMissing(name=edit.code)
    named = None if isinstance(edit, edits.DedupeFound) or edit.rows is None else set(edit.rows)
    if isinstance(edit, edits.DedupeFound):
        if found.groups is None:
            raise FoundRowsMissing(name=edit.code)
        asked.removed.update(later_copies(found.rows, found.groups, parts).tolist())
    elif isinstance(edit, edits.DropFound):
        asked.removed.update(r for r in found.rows.tolist() if named is None or r in named)
    else:
        if found.suggested is None:
            raise FoundRowsMissing(name=edit.code)
        pairs = zip(found.rows.tolist(), found.suggested, strict=True)
        asked.labels.update({row: label for row, label in pairs if label and (named is None or row in named)})


def _append(
    context: JobContext, scope: Scope, edit: edits.Append, frame: pd.DataFrame, asked: Asked
) -> list[Finding]:
    path, known = uploads.find(edit.upload, scope.owner)
    options = ReadOptions(**importing._tuples(edit.options))
    added, said = read_with_notes(
        path, known.name, options, lambda share: context.report("progress", fraction=share / 2), path.parent
    )
    if SOURCE_COLUMN in frame.columns and SOURCE_COLUMN not in added.columns:
        added = added.assign(**{SOURCE_COLUMN: options.member or known.name})
    rows, lacking, extra = aligned(added, list(frame.columns))
    asked.added = rows if asked.added is None else pd.concat([asked.added, rows], ignore_index=True)
    notes = list(said)
    if lacking:
        message = N_("The added file lacks the columns {columns}; its rows are empty there.")
        notes.append(finding("append_lacking", "info", message, columns=some(lacking, 8)))
    if extra:
        message = N_("The added file has more columns, which were left out: {columns}.")
        notes.append(finding("append_extra", "info", message, columns=some(extra, 8)))
    return notes


def _schema(schema: Schema, frame: pd.DataFrame, spec: Mapping[str, Any]) -> Schema:
    """The schema with the roles that the edits give, its classes as they were."""
    for edit in spec["edits"]:
        if edit["kind"] == "roles":
            columns = [name for name in frame.columns if name != ROW_ID]
            made = make_schema(edit["roles"], columns, schema.task)
            schema = made.model_copy(update={"classes": schema.classes})
    return schema


def _source(
    spec: Mapping[str, Any], key: str, parent: DatasetVersion, edited: Edited, former: SplitView | None,
    division: Mapping[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    """Where the child comes from. It names rows, no texts; long lists are in its difference from the parent."""
    return {
        "parent": parent.id, "edit": key, "edits": [_short(edit) for edit in spec["edits"]], "note": spec.get("note", ""),
        "include_test": bool(spec["include_test"]), "counts": _counts(edited), "synthetic": parent.synthetic,
        **({"parent_split": former.id, "split": division["id"]} if former is not None and division is not None else {}),
    }  # fmt: skip


def _short(edit: Mapping[str, Any]) -> dict[str, Any]:
    """An edit as the record keeps it: long lists of rows as their number."""
    return {
        name: value if not isinstance(value, list | tuple) or name == "columns" else len(value)
        for name, value in edit.items()
        if name != "labels"
    } | ({"rows": len(edit["labels"])} if "labels" in edit else {})


def _counts(edited: Edited) -> dict[str, int]:
    return {
        "rows_removed": len(edited.removed), "rows_added": len(edited.added), "relabelled": len(edited.relabelled),
        "test_rows_kept": len(edited.kept), "test_rows_changed": edited.test_changed,
    }  # fmt: skip


def _classes(frame: pd.DataFrame, schema: Schema, rows: Sequence[int]) -> dict[str, int]:
    """How many of these rows each class has."""
    from engine.data.labels import labels_of

    labels = labels_of(frame, schema)[np.isin(frame[ROW_ID].to_numpy(), np.array(rows, dtype=np.int64))]
    return {str(label): int(count) for label, count in labels.value_counts().items()}
