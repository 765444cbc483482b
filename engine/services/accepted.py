"""What was accepted and waits for a dataset version, and the division that such a version inherits."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import N_, DataError
from engine.services import lineage, splits
from engine.services.datasets import DatasetVersion
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import dataset_version, demo, feedback, model_version, run, split

PREVIEW = "corrections"
"""Kind of the stored results that hold previews; their keys begin with the parent's id."""

Items = list[tuple[str, int]]
"""Accepted feedback with the revision that was seen."""


class NoCorrections(DataError):
    code = "NO_CORRECTIONS"
    message = N_("No accepted correction waits for a new version of “{version}”.")
    remedy = N_("Accept feedback in the inbox first.")


class NothingToChange(DataError):
    code = "NOTHING_TO_CHANGE"
    message = N_(
        "The {count} accepted {count:correction|corrections} would not change “{version}”, so no version is made of {count:it|them}."
    )
    remedy = N_("The preview says why for each of them. Accept more feedback, then preview again.")


class CorrectionsChanged(DataError):
    code = "CORRECTIONS_CHANGED"
    message = N_("What is accepted in the inbox has changed since the preview, so nothing was made.")
    remedy = N_("Preview the version again.")


class NotDivided(DataError):
    code = "NOT_DIVIDED"
    message = N_(
        "“{version}” has not been divided into train, validation and test, so nothing says where corrections go."
    )
    remedy = N_("Divide it on the prepare page, or train a model on it.")


def accepted(scope: Scope, version_id: str, demo_id: str | None = None) -> Items:
    """Accepted feedback that stands in no version yet, given to models of the version's lineage; in order of decision."""
    with read(scope.engine) as connection:
        query = (
            select(feedback.c.id, feedback.c.revision)
            .join(model_version, (model_version.c.demo_id == feedback.c.demo_id) & (model_version.c.number == feedback.c.model))
            .join(run, run.c.id == model_version.c.run_id)
            .where(
                feedback.c.owner == scope.owner, feedback.c.state == "accepted", feedback.c.dataset_version_id.is_(None),
                feedback.c.label.is_not(None), run.c.version_id.in_(lineage.kin(connection, version_id)),
            )
            .order_by(feedback.c.updated, feedback.c.id)
        )  # fmt: skip
        if demo_id is not None:
            query = query.where(feedback.c.demo_id == demo_id)
        return [(row.id, row.revision) for row in connection.execute(query)]


def division(scope: Scope, parent: DatasetVersion, demo_id: str | None = None) -> str | None:
    """The split that a child inherits: the one that the demo's model was trained on, else the version's current one."""
    with read(scope.engine) as connection:
        known = connection.execute(select(split.c.id).where(split.c.version_id == parent.id)).scalars().all()
        drawn = lineage.drawn(connection, [parent.project_id])
    wanted = [demo.c.project_id == parent.project_id]
    if demo_id is not None:
        wanted.append(demo.c.id == demo_id)
    for answering in served(scope, *wanted):
        for split_id in known:
            if drawn.get(split_id, split_id) == drawn.get(answering.split_id, answering.split_id):
                return str(split_id)
    view = splits.current(scope, parent.id)
    return view.id if view else None


def preview_key(version_id: str, split_id: str | None, items: Items) -> str:
    """Names a preview by all that it was computed from."""
    digest = hashlib.sha256(json.dumps([split_id, items]).encode()).hexdigest()
    return f"{version_id}:{digest}"


def made(connection: Connection, parent_id: str, key: str) -> str | None:
    """The version that was made from a preview, or None."""
    children = select(dataset_version.c.id).where(
        dataset_version.c.parent_id == parent_id, dataset_version.c.source["preview"].as_string() == key
    )
    return connection.scalar(children.limit(1))


def served(scope: Scope, *conditions: Any) -> list[Any]:
    """The run that each demo answers with, the demo that was changed last first."""
    query = (
        select(
            demo.c.id, demo.c.title, run.c.id.label("run_id"), run.c.name.label("run_name"), run.c.version_id, run.c.split_id
        )
        .join(model_version, model_version.c.id == demo.c.version_id)
        .join(run, run.c.id == model_version.c.run_id)
        .where(demo.c.owner == scope.owner, *conditions)
        .order_by(demo.c.updated.desc(), demo.c.id)
    )  # fmt: skip
    with read(scope.engine) as connection:
        return list(connection.execute(query).all())
