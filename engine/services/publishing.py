"""The signed documents that the studio hands to the demo process, always brought into line with the rows.

The row of a demo is the truth; the document is written after it. Whoever dies in between leaves a document that is behind,
and `sync_publications` (at every start) catches up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from engine.data.schema import Schema
from engine.errors import BentuError
from engine.services.demo_bundles import bundles_kept, prepare_bundle, tidy
from engine.services.demo_bundles import signing_key as signing_key
from engine.services.erasing import erase, erase_gone
from engine.serving.errors import PublicationOutdated
from engine.serving.publication import (
    BUNDLES,
    PUBLISHED,
    Publication,
    PublishedModel,
    read_publication,
    withdraw_publication,
    write_publication,
)
from engine.storage.database import read, shed_deleted, write
from engine.storage.home import demo_home
from engine.storage.locks import lock
from engine.storage.tables import dataset_version, demo, demo_alert, model_version, promotion, run

log = logging.getLogger(__name__)

FURTHEST = 1000
"""How far a serial number is raised at once because a demo process says so."""


@dataclass(frozen=True)
class Removed:
    """Demos whose rows are gone: ids and token digests, whose files `forget` removes."""

    demos: Sequence[tuple[str, str]]


def settle(engine: Engine, demo_id: str, former_digest: str | None = None) -> None:
    """Make the document of a demo say what its row says; a revoked or deleted demo has none.

    Args:
        former_digest: token digest of a link that this one replaces.
    """
    with _one_at_a_time():
        with read(engine) as connection:
            row = connection.execute(select(demo).where(demo.c.id == demo_id)).one_or_none()
            document = publication_of(connection, row) if row is not None else None
        if former_digest and (row is None or former_digest != row.token_digest):
            withdraw_publication(demo_home(), former_digest)
        if row is None:
            return
        if document is None:
            withdraw_publication(demo_home(), row.token_digest)
        else:
            write_publication(demo_home(), row.token_digest, document, signing_key())


def sync_publications(engine: Engine) -> int:
    """Repair what a crash left: documents behind their row, links and entries without a row, bundles that are gone.

    Returns:
        How many documents were written.
    """
    public, written = signing_key().public, 0
    with read(engine) as connection:
        rows = connection.execute(select(demo)).all()
        refused = _refused(connection)
    for row in rows:
        if row.state == "revoked":
            continue
        try:
            known = _known(row.token_digest, public)
            changed = _repair_bundle(engine, row, thorough=known is None)
            seen = max(known.serial if known else -1, refused.get((row.id, row.serial), -1))
            if seen > row.serial or (row.id, row.serial) in refused:
                _overtake(engine, row.id, max(seen, row.serial))
                changed = True
            if changed or known is None or known.serial != row.serial:
                settle(engine, row.id)
                written += 1
        except (BentuError, OSError) as problem:  # the other demos must come up all the same
            log.warning("the demo %s cannot be published again: %s", row.id, problem)
    with _one_at_a_time(), read(engine) as connection:
        wanted = set(connection.scalars(select(demo.c.token_digest).where(demo.c.state != "revoked")))
        for file in (demo_home() / PUBLISHED).glob("*.json"):
            if file.stem not in wanted:
                withdraw_publication(demo_home(), file.stem)
    erase_gone(engine, demo_home())
    tidy(engine)
    return written


def remove_rows(connection: Connection, owner: str, condition: Any) -> Removed:
    """Delete the owner's demos that fulfil `condition`, with versions, promotions, alerts and feedback; `forget` their files next."""
    mine = (demo.c.owner == owner, condition)
    rows = connection.execute(select(demo.c.id, demo.c.token_digest).where(*mine)).all()
    connection.execute(demo.delete().where(*mine))
    return Removed([(row.id, row.token_digest) for row in rows])


def forget(engine: Engine, removed: Removed) -> None:
    """Withdraw the links of deleted demos, and erase what the demo process still holds of them."""
    for demo_id, digest in removed.demos:
        with _one_at_a_time():
            withdraw_publication(demo_home(), digest)
        erase(demo_home(), [demo_id])
    if removed.demos:
        tidy(engine)
        shed_deleted(engine)


def publication_of(connection: Connection, row: Any) -> Publication | None:
    """The document that the row `row` of `demo` stands for; None when it has nothing to show."""
    if row.state == "revoked" or row.version_id is None:
        return None
    version = _version(connection, row.version_id)
    former = former_version(connection, row.id)
    schema = Schema.model_validate(version.schema)
    inputs = schema.names("input")
    return Publication(
        demo=row.id, serial=row.serial, state=row.state, title=row.title, description=row.description, consent=row.consent,
        task=schema.task, inputs=inputs, classes=schema.classes,
        # a version trained on other columns has no use for examples that were written for the former ones
        examples=tuple(e for e in row.examples if set(e) == set(inputs)),
        languages=tuple(row.languages), expires=row.expires, caveat=version.override_reason,
        synthetic=_synthetic(connection, version.data), model=PublishedModel(number=version.number, bundle=version.manifest),
        former=PublishedModel(number=former.number, bundle=former.manifest) if former else None,
    )  # fmt: skip


def former_version(connection: Connection, demo_id: str) -> Any:
    """The row of the version that "back" returns to, or None: each step back takes one promotion away."""
    steps = way_back(connection, demo_id)
    return _version(connection, steps[-2]) if len(steps) > 1 else None


def way_back(connection: Connection, demo_id: str) -> list[str]:
    """Ids of the versions that steps back lead through, from the first to the one that answers now."""
    steps: list[str] = []
    for row in connection.execute(
        select(promotion.c.version_id, promotion.c.kind)
        .where(promotion.c.demo_id == demo_id)
        .order_by(promotion.c.at, promotion.c.id)
    ):
        if row.kind == "back":
            steps = steps[:-1]
        else:
            steps.append(row.version_id)
    return steps


def _version(connection: Connection, version_id: str) -> Any:
    query = (
        select(model_version, run.c.name.label("run_name"), run.c.version_id.label("data"), dataset_version.c.schema)
        .join(run, run.c.id == model_version.c.run_id)
        .join(dataset_version, dataset_version.c.id == run.c.version_id)
        .where(model_version.c.id == version_id)
    )  # fmt: skip
    return connection.execute(query).one()


def _synthetic(connection: Connection, version_id: str | None) -> bool:
    """Whether a version or one that it descends from was made up: corrections do not make invented texts real."""
    while version_id is not None:
        query = select(dataset_version.c.source, dataset_version.c.parent_id)
        row = connection.execute(query.where(dataset_version.c.id == version_id)).one()
        if (row.source or {}).get("synthetic"):
            return True
        version_id = row.parent_id
    return False


def _known(digest: str, public: str) -> Publication | None:
    """The document of a link if this studio's key signed it for that link."""
    try:
        found = read_publication(demo_home(), digest, public)
    except BentuError:
        return None
    return found if found is not None and found.link == digest else None


def _refused(connection: Connection) -> dict[tuple[str, int], int]:
    """What a demo process refused as outdated: by demo and serial number, the number that it had seen before.

    It may have counted a link as withdrawn that was not, or have served what a restored database does not know of: a higher
    number makes it take the document again. What it says is not trusted further than that.
    """
    refused: dict[tuple[str, int], int] = {}
    for row in connection.execute(select(demo_alert.c.demo_id, demo_alert.c.error)):
        params = row.error.get("params") or {}
        found, seen = params.get("found"), params.get("seen")
        if row.error.get("code") == PublicationOutdated.code and type(found) is type(seen) is int:
            place = row.demo_id, found
            refused[place] = max(refused.get(place, -1), min(seen, found + FURTHEST))
    return refused


def _repair_bundle(engine: Engine, row: Any, *, thorough: bool) -> bool:
    """Lay out the bundle of a demo's current version again if it is gone; True if its digest changed.

    Reading every file of every bundle would delay each start, so that is done only when the document is missing or was not
    signed by this key (`thorough`); the demo process verifies what it loads in any case.
    """
    with read(engine) as connection:
        version = _version(connection, row.version_id)
    if not thorough and (demo_home() / BUNDLES / version.manifest).is_dir():
        return False
    with bundles_kept():
        manifest = prepare_bundle(version.bundle, version.manifest)
        if manifest == version.manifest:
            return False
        with write(engine, durable=True) as connection:
            connection.execute(
                update(model_version).where(model_version.c.id == version.id).values(manifest=manifest)
            )
            connection.execute(update(demo).where(demo.c.id == row.id).values(serial=demo.c.serial + 1))
    return True


def _overtake(engine: Engine, demo_id: str, serial: int) -> None:
    """Give a row a serial number above what visitors have seen: its database was put back from a copy, or its link was lost."""
    with write(engine, durable=True) as connection:
        connection.execute(update(demo).where(demo.c.id == demo_id).values(serial=serial + 1))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Documents are written by one process at a time, each from the newest row: an older one never comes last."""
    with lock(demo_home() / ".publish.lock"):
        yield
