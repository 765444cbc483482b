"""Lineage: which versions are children of which, and what they share: their sealed rows and the looks taken at them.

Versions form a tree. A child keeps its parent's validation and test rows, so whoever opened the test part of one has
seen that of all. The same table imported once more with other roles is a tree of its own with a division of its own,
but looks at its rows count too; so do those in another project of the owner, and those whose data were deleted since.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, insert, select

from engine.recipe import FIRST_TEST
from engine.storage.tables import dataset, dataset_version, opened_rows, run, split, test_opening


@dataclass(frozen=True)
class Openings:
    """How often a test part was opened: over the lineage itself, and over others that hold the same rows.

    `own` are all of the lineage; `tests` are those that saw rows of a test set, by its name. Test sets whose rows an edit
    changed have names of their own and still share the other rows, so one opening counts for all of them.
    """

    own: int
    elsewhere: int
    tests: Mapping[str, int] = field(default_factory=dict)

    def on(self, test_name: str) -> int:
        """How often the test set of this name was opened in the lineage."""
        return self.tests.get(test_name, 0)


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
    """How often a test part was opened that holds rows of each version, over all splits and runs that there ever were."""
    oldest, alike = ancestors(connection, project_ids), same_rows(connection, project_ids)
    own: defaultdict[str, set[str]] = defaultdict(set)
    all_of: defaultdict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = {}
    test_name = split.c.spec["test_name"].as_string()
    drawn_of = drawn(connection, project_ids)
    names_of: defaultdict[str, set[str]] = defaultdict(
        set
    )  # an edit that changes test rows renames what is left of them
    shared: defaultdict[tuple[str, str], set[str]] = defaultdict(
        set
    )  # whoever looks at one sees rows of the other
    for version, one, name, counts in connection.execute(
        select(split.c.version_id, split.c.id, test_name, split.c.counts).where(
            split.c.version_id.in_(oldest)
        )
    ):
        name, first = name or FIRST_TEST, oldest[version]
        names_of[drawn_of.get(one, one)].add(name)
        for other in counts.get("shares", ()):
            shared[first, name].add(other)
            shared[first, other].add(name)
    for version, opening, one in connection.execute(
        select(split.c.version_id, test_opening.c.id, split.c.id)
        .join(test_opening, test_opening.c.split_id == split.c.id)
        .where(split.c.version_id.in_(oldest))
    ):
        own[oldest[version]].add(opening)
        names = names_of[drawn_of.get(one, one)]
        named[opening] = names.union(*(shared.get((oldest[version], name), ()) for name in names))
        all_of[alike[version]].add(opening)
    for version, opening in connection.execute(
        select(dataset_version.c.id, opened_rows.c.opening)
        .join(opened_rows, _of_table())
        .where(dataset_version.c.project_id.in_(project_ids))
    ):
        all_of[alike[version]].add(opening)
    return {
        version: Openings(
            len(own[first]),
            len(all_of[alike[version]] - own[first]),
            Counter(name for one in own[first] for name in named[one]),
        )
        for version, first in oldest.items()
    }


def remember(connection: Connection, opening: Mapping[str, Any], version_id: str, run_name: str) -> None:
    """Keep an opening (a row of `test_opening`) beyond its data, under every table of the lineage: all hold the rows seen."""
    tables = select(dataset_version.c.artifact).where(dataset_version.c.id.in_(kin(connection, version_id)))
    kept = {
        "opening": opening["id"],
        "run": run_name,
        **{n: opening[n] for n in ("owner", "reason", "opened")},
    }
    for artifact in set(connection.scalars(tables)):
        connection.execute(insert(opened_rows).values(artifact=artifact, **kept))


def log(connection: Connection, version_id: str) -> list[Any]:
    """All that `openings` counts for a version, oldest first; of what was deleted since, the columns of the data are null."""
    rows = connection.execute(
        select(
            opened_rows, split.c.spec["test_name"].as_string().label("test_name"), test_opening.c.run_id, run.c.name, dataset.c.name.label("dataset"),
            dataset_version.c.number, dataset_version.c.project_id,
        )
        .outerjoin(test_opening, test_opening.c.id == opened_rows.c.opening)
        .outerjoin(run, run.c.id == test_opening.c.run_id)
        .outerjoin(split, split.c.id == test_opening.c.split_id)
        .outerjoin(dataset_version, dataset_version.c.id == split.c.version_id)
        .outerjoin(dataset, dataset.c.id == dataset_version.c.dataset_id)
        .where(opened_rows.c.opening.in_(_known(connection, version_id)))
        .order_by(opened_rows.c.opened, opened_rows.c.opening)
    ).all()  # fmt: skip
    return list({row.opening: row for row in rows}.values())


def drawn(connection: Connection, project_ids: Collection[str]) -> dict[str, str]:
    """For each inherited split the one that was drawn: runs on both are scored on the same validation and test rows."""
    made, parents = (dataset_version.c.source[name].as_string() for name in ("split", "parent_split"))
    rows = connection.execute(
        select(made.label("split"), parents.label("parent")).where(
            dataset_version.c.project_id.in_(project_ids),
            dataset_version.c.parent_id.is_not(None),
            made.is_not(None),
        )
    ).all()
    return _ends({row.split: row.parent for row in rows})


def _known(connection: Connection, version_id: str) -> list[str]:
    """Ids of the remembered openings of the tables that share rows with a version."""
    query = (
        select(opened_rows.c.opening)
        .join(dataset_version, _of_table())
        .where(dataset_version.c.id.in_(kin_by_rows(connection, version_id)))
    )
    return list(connection.scalars(query.distinct()))


def _of_table() -> Any:
    """The openings that the version's owner made of its table, wherever it stood."""
    return and_(
        opened_rows.c.owner == dataset_version.c.owner, opened_rows.c.artifact == dataset_version.c.artifact
    )


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
