"""Lineage: which versions are children of which, and what they share: their sealed rows and the looks taken at them.

Versions form a tree. A child keeps its parent's validation and test rows, so whoever opened the test part of one has
seen that of all. The same table imported once more with other roles is a tree of its own with a division of its own,
but looks at its rows count too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from engine.storage.tables import dataset_version, split, test_opening


@dataclass(frozen=True)
class Openings:
    """How often a test part was opened: over the lineage itself, and over others that hold the same rows."""

    own: int
    elsewhere: int


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
    return _with(version_id, ancestors(connection, _projects(connection, version_id)))


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


def same_rows(connection: Connection, project_ids: Collection[str]) -> dict[str, str]:
    """As `ancestors`, with lineages that hold the same table, cell for cell, taken as one."""
    oldest = ancestors(connection, project_ids)
    rows = connection.execute(
        select(dataset_version.c.id, dataset_version.c.artifact).where(dataset_version.c.id.in_(oldest))
    ).all()
    above: dict[str, str | None] = dict.fromkeys(oldest.values())
    holders: dict[str, str] = {}
    for row in rows:
        mine = _end(above, oldest[row.id])
        other = _end(above, holders.setdefault(row.artifact, mine))
        if other != mine:
            above[mine] = other
    return {version: _end(above, first) for version, first in oldest.items()}


def kin_by_rows(connection: Connection, version_id: str) -> list[str]:
    """Every version that shares rows with this one: its lineage, and those of the same table."""
    return _with(version_id, same_rows(connection, _projects(connection, version_id)))


def openings_of(connection: Connection, version_id: str) -> Openings:
    """The openings of one version."""
    return openings(connection, _projects(connection, version_id)).get(version_id, Openings(0, 0))


def openings(connection: Connection, project_ids: Collection[str]) -> dict[str, Openings]:
    """How often a test part was opened that holds rows of each version, over all splits and runs."""
    oldest, alike = ancestors(connection, project_ids), same_rows(connection, project_ids)
    rows = connection.execute(
        select(split.c.version_id, func.count().label("openings"))
        .join(test_opening, test_opening.c.split_id == split.c.id)
        .where(split.c.version_id.in_(oldest))
        .group_by(split.c.version_id)
    ).all()
    own: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for row in rows:
        own[oldest[row.version_id]] += row.openings
        all_of[alike[row.version_id]] += row.openings
    return {
        version: Openings(own[first], all_of[alike[version]] - own[first])
        for version, first in oldest.items()
    }


def drawn(connection: Connection, project_ids: Collection[str]) -> dict[str, str]:
    """For each inherited split the one that was drawn: runs on both are scored on the same validation and test rows."""
    made, parents = (dataset_version.c.source[name].as_string() for name in ("split", "parent_split"))
    rows = connection.execute(
        select(made.label("split"), parents.label("parent")).where(
            dataset_version.c.project_id.in_(project_ids), dataset_version.c.parent_id.is_not(None)
        )
    ).all()
    return _ends({row.split: row.parent for row in rows})


def _projects(connection: Connection, version_id: str) -> list[str]:
    of_version = select(dataset_version.c.project_id).where(dataset_version.c.id == version_id)
    return list(connection.scalars(of_version))


def _with(version_id: str, firsts: Mapping[str, str]) -> list[str]:
    return [version for version, first in firsts.items() if first == firsts.get(version_id)]


def _ends(above: Mapping[str, str | None]) -> dict[str, str]:
    """For each name the last one above it."""
    return {name: _end(above, name) for name in above}


def _end(above: Mapping[str, str | None], name: str) -> str:
    while (next_one := above.get(name)) is not None:
        name = next_one
    return name
