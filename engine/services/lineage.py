"""Lineage: which versions are children of which, and what they share: their sealed rows and the looks taken at them.

Versions form a tree. A child keeps its parent's validation and test rows, so whoever opened the test part of one has
seen that of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, select

from engine.storage.tables import dataset_version, split, test_opening


def ancestors(connection: Connection, project_ids: Collection[str]) -> dict[str, str]:
    """The oldest ancestor of every version of these projects; versions with the same one are of one lineage."""
    rows = connection.execute(
        select(dataset_version.c.id, dataset_version.c.parent_id).where(
            dataset_version.c.project_id.in_(project_ids)
        )
    ).all()
    return _ends({row.id: row.parent_id for row in rows})


def kin(connection: Connection, version_id: str) -> list[str]:
    """Every version of the lineage, this one included."""
    project_id = connection.scalar(
        select(dataset_version.c.project_id).where(dataset_version.c.id == version_id)
    )
    oldest = ancestors(connection, [project_id] if project_id else [])
    return [version for version, first in oldest.items() if first == oldest.get(version_id)]


def newest(connection: Connection, version_id: str) -> str:
    """The version made last from this one or from one of its descendants; itself if there is none."""
    rows = connection.execute(
        select(dataset_version.c.id, dataset_version.c.parent_id)
        .where(dataset_version.c.id.in_(kin(connection, version_id)))
        .order_by(dataset_version.c.created, dataset_version.c.number)
    ).all()
    below = {version_id}
    for row in rows:  # a child is younger than its parent
        if row.parent_id in below:
            below.add(row.id)
    return next((row.id for row in reversed(rows) if row.id in below), version_id)


def openings(connection: Connection, project_ids: Collection[str]) -> dict[str, int]:
    """How often a test part was opened over the lineage of each version, over all its splits and runs."""
    oldest = ancestors(connection, project_ids)
    rows = connection.execute(
        select(split.c.version_id, func.count().label("openings"))
        .join(test_opening, test_opening.c.split_id == split.c.id)
        .where(split.c.version_id.in_(oldest))
        .group_by(split.c.version_id)
    ).all()
    counted: Counter[str] = Counter()
    for row in rows:
        counted[oldest[row.version_id]] += row.openings
    return {version: counted[first] for version, first in oldest.items()}


def drawn(connection: Connection, project_ids: Collection[str]) -> dict[str, str]:
    """For each inherited split the one that was drawn: runs on both are scored on the same validation and test rows."""
    made, parents = (dataset_version.c.source[name].as_string() for name in ("split", "parent_split"))
    rows = connection.execute(
        select(made.label("split"), parents.label("parent")).where(
            dataset_version.c.project_id.in_(project_ids), dataset_version.c.parent_id.is_not(None)
        )
    ).all()
    return _ends({row.split: row.parent for row in rows})


def _ends(above: Mapping[str, str | None]) -> dict[str, str]:
    """For each name the last one above it."""
    found = {}
    for name in above:
        end = name
        while (next_one := above.get(end)) is not None:
            end = next_one
        found[name] = end
    return found
