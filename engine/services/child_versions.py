"""Storing a child version: its rows, its place in the tree, and the looks that were taken at its test rows before it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, insert, select, update

from engine.data.schema import ROW_ID, Finding, Schema
from engine.data.versions import table_digest, write_table
from engine.errors import N_, DataError
from engine.services import lineage
from engine.services.datasets import DatasetVersion
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id, opened_rows, project, result

MARK = "row_mark"
"""Kind of the stored result that says, by dataset, from which id on rows of a version that is gone are not taken."""


class ParentChanged(DataError):
    code = "PARENT_CHANGED"
    message = N_(
        "While this was worked out, “{version}” was deleted or divided anew, so no version was made of it."
    )
    remedy = N_("Look at the versions as they are now, then try again.")


def keep_table(table: pd.DataFrame) -> str:
    """Store the rows of a version; the digest of their file."""
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        write_table(table, target)
        return artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)


def insert_child(
    connection: Connection, scope: Scope, version_id: str, parent: DatasetVersion, table: pd.DataFrame, schema: Schema,
    artifact: str, source: Mapping[str, Any], findings: Sequence[Finding],
) -> None:  # fmt: skip
    """Write the row of a child whose table was kept as `artifact`; it counts the openings of its lineage as its own."""
    last = connection.execute(
        select(func.max(dataset_version.c.number)).where(dataset_version.c.dataset_id == parent.dataset_id)
    ).scalar_one()
    connection.execute(
        insert(dataset_version).values(
            id=version_id, owner=scope.owner, project_id=parent.project_id, dataset_id=parent.dataset_id, parent_id=parent.id,
            number=last + 1, digest=table_digest(table, schema), artifact=artifact, schema=schema.model_dump(mode="json"),
            rows=len(table), columns=len(schema.columns), source=dict(source), findings=[asdict(f) for f in findings],
            created=now(),
        )
    )  # fmt: skip
    connection.execute(update(project).where(project.c.id == parent.project_id).values(updated=now()))
    _remember_openings(connection, scope, parent.id, artifact)


def first_free_row(connection: Connection, version_id: str) -> int:
    """The row id after all that any version of the lineage has, or had before it was deleted: none is ever given twice."""
    tables = connection.scalars(
        select(dataset_version.c.artifact).where(
            dataset_version.c.id.in_(lineage.kin(connection, version_id))
        )
    ).all()
    dataset_id = connection.scalar(
        select(dataset_version.c.dataset_id).where(dataset_version.c.id == version_id)
    )
    mark = connection.scalar(select(result.c.value).where(result.c.kind == MARK, result.c.key == dataset_id))
    return max(*(_largest_row(digest) + 1 for digest in set(tables)), mark["next"] if mark else 0)


def keep_mark(connection: Connection, scope: Scope, version: DatasetVersion) -> None:
    """Remember before a version goes which row ids were given, so that later rows get others."""
    first = first_free_row(connection, version.id)
    own = (result.c.owner == scope.owner, result.c.kind == MARK, result.c.key == version.dataset_id)
    connection.execute(result.delete().where(*own))
    connection.execute(
        result.insert().values(
            owner=scope.owner, kind=MARK, key=version.dataset_id, value={"next": first}, created=now()
        )
    )


def _largest_row(digest: str) -> int:
    """The largest row id of a stored table, from the statistics in its file where they are."""
    file = pq.ParquetFile(str(artifacts.path(digest)))
    column = file.schema_arrow.names.index(ROW_ID)
    found = -1
    for group in range(file.num_row_groups):
        statistics = file.metadata.row_group(group).column(column).statistics
        if statistics is None or not statistics.has_min_max:
            return max(file.read(columns=[ROW_ID])[ROW_ID].to_pylist(), default=-1)
        found = max(found, int(statistics.max))
    return found


def _remember_openings(connection: Connection, scope: Scope, parent_id: str, artifact: str) -> None:
    """The child's rows were seen whenever its lineage's test rows were: that outlives the lineage."""
    tables = select(dataset_version.c.artifact).where(
        dataset_version.c.id.in_(lineage.kin(connection, parent_id))
    )
    known = connection.execute(
        select(opened_rows).where(opened_rows.c.owner == scope.owner, opened_rows.c.artifact.in_(tables))
    ).all()
    own = {row.opening for row in known if row.artifact == artifact}
    for opening, row in {row.opening: row for row in known}.items():
        if opening not in own:
            connection.execute(insert(opened_rows).values({**row._mapping, "artifact": artifact}))
