"""Demos as pages see them: the row, the versions of its model, what was promoted when, and what the demo process complained of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, select

from engine.errors import N_, BentuError, error_from_json
from engine.evaluation.result import Difference
from engine.services.publishing import former_version, way_back
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import demo, demo_alert, feedback, model_version, promotion, run

KIND = N_("demo")


@dataclass(frozen=True)
class ModelVersion:
    """A run as a numbered model of a demo. `override_reason`: why it was published below the required parity."""

    id: str
    demo_id: str
    run_id: str
    run_name: str
    number: int
    parity: Mapping[str, Any]
    override_reason: str | None
    created: datetime


@dataclass(frozen=True)
class Promotion:
    """One change of a demo's model: "publish", "promote" (with the comparison that let it pass) or "back"."""

    version_number: int
    former_number: int | None
    kind: str
    comparison: Difference | None
    part: str | None
    at: datetime


@dataclass(frozen=True)
class Alert:
    """What the demo process reported: a bundle that does not verify, a document that went back in time."""

    id: str
    error: BentuError
    at: datetime


@dataclass(frozen=True)
class Demo:
    """A governed share link. `state` is what the owner decided; `expired` is what the database's clock says.

    `serial` grows with every change; who changes a demo names the one that they saw. `former` is the version that "back" returns to;
    `waiting` counts feedback that nobody has looked at.
    """

    id: str
    project_id: str
    title: str
    description: str
    consent: str
    examples: tuple[Mapping[str, str], ...]
    languages: tuple[str, ...]
    state: str
    expires: datetime | None
    expired: bool
    serial: int
    visits: int
    answers: int
    waiting: int
    current: ModelVersion | None
    former: ModelVersion | None
    created: datetime
    updated: datetime

    @property
    def live(self) -> bool:
        """Whether strangers are answered now."""
        return self.state == "on" and not self.expired


def demos_of(scope: Scope, *conditions: Any) -> list[Demo]:
    """The owner's demos that fulfil the conditions, newest first."""
    waiting = (
        select(feedback.c.demo_id, func.count().label("waiting"))
        .where(feedback.c.owner == scope.owner, feedback.c.state == "pending")
        .group_by(feedback.c.demo_id)
        .subquery()
    )
    # by the database's clock: every process over one database must agree on what has ended
    expired = func.coalesce(demo.c.expires <= func.current_timestamp(), False)
    query = (
        select(demo, waiting.c.waiting, expired.label("expired"))
        .outerjoin(waiting, waiting.c.demo_id == demo.c.id)
        .where(demo.c.owner == scope.owner, *conditions)
        .order_by(demo.c.created.desc(), demo.c.id)
    )
    with read(scope.engine) as connection:
        return [_demo(connection, row) for row in connection.execute(query).all()]


def versions_of(scope: Scope, demo_id: str) -> list[ModelVersion]:
    """Every model version of a demo, newest first."""
    query = _versions().where(model_version.c.demo_id == demo_id, model_version.c.owner == scope.owner)
    with read(scope.engine) as connection:
        return [_version(r) for r in connection.execute(query.order_by(model_version.c.number.desc()))]


def history_of(scope: Scope, demo_id: str) -> list[Promotion]:
    """Every change of a demo's model, newest first."""
    now_, before = model_version.alias(), model_version.alias()
    query = (
        select(promotion, now_.c.number, before.c.number.label("former_number"))
        .join(now_, now_.c.id == promotion.c.version_id)
        .outerjoin(before, before.c.id == promotion.c.former_id)
        .where(promotion.c.demo_id == demo_id, promotion.c.owner == scope.owner)
        .order_by(promotion.c.at.desc(), promotion.c.id.desc())
    )
    with read(scope.engine) as connection:
        rows = connection.execute(query).all()
    return [
        Promotion(
            r.number, r.former_number, r.kind, Difference.model_validate(r.comparison["difference"]) if r.comparison else None,
            r.comparison["part"] if r.comparison else None, r.at,
        )
        for r in rows
    ]  # fmt: skip


def alerts_of(scope: Scope, demo_id: str, limit: int) -> list[Alert]:
    """The newest reports of the demo process about a demo."""
    query = select(demo_alert).where(demo_alert.c.demo_id == demo_id, demo_alert.c.owner == scope.owner)
    with read(scope.engine) as connection:
        rows = connection.execute(query.order_by(demo_alert.c.at.desc()).limit(limit)).all()
    return [Alert(r.id, error_from_json(r.error), r.at) for r in rows]


def _versions() -> Any:
    return select(model_version, run.c.name.label("run_name")).join(run, run.c.id == model_version.c.run_id)


def _version(row: Any) -> ModelVersion:
    return ModelVersion(
        row.id,
        row.demo_id,
        row.run_id,
        row.run_name,
        row.number,
        row.parity,
        row.override_reason,
        row.created,
    )


def _demo(connection: Connection, row: Any) -> Demo:
    mine = and_(model_version.c.id == row.version_id, model_version.c.owner == row.owner)
    current = connection.execute(_versions().where(mine)).one_or_none()
    former = former_version(connection, row.id)
    return Demo(
        id=row.id, project_id=row.project_id, title=row.title, description=row.description, consent=row.consent,
        examples=tuple(row.examples), languages=tuple(row.languages), state=row.state, expires=row.expires,
        expired=bool(row.expired), serial=row.serial, visits=row.visits, answers=row.answers, waiting=row.waiting or 0,
        current=_version(current) if current else None, former=_version(former) if former else None,
        created=row.created, updated=row.updated,
    )  # fmt: skip


def served_by(connection: Connection, run_id: str) -> Sequence[str]:
    """Titles of the demos that are not revoked and answer with this run, or may go back to it, in however many steps."""
    rows = connection.execute(
        select(demo.c.id, demo.c.title, model_version.c.id.label("version"))
        .join(model_version, model_version.c.demo_id == demo.c.id)
        .where(model_version.c.run_id == run_id, demo.c.state != "revoked")
    ).all()
    return [r.title for r in rows if r.version in way_back(connection, r.id)]
