"""The inbox: what strangers said of a demo's answers, in queues, and what the owner decided on each.

What is decided is an act on one item (`engine.services.deciding`); this file finds, counts and hands out.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from engine.data.schema import Schema
from engine.feedback.corrections import LabelUnknown
from engine.feedback.queues import (
    QUEUES,
    Change,
    ClassMissing,
)
from engine.services import deciding
from engine.services.draining import Drain
from engine.services.inbox_items import Item, export_items, item_of, matching, select_items
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import (
    dataset_version,
    demo,
    feedback,
    model_version,
    project,
    run,
)

_LATEST_FIRST = ("accepted", "rejected")
"""Queues in the order of the latest decision; what still waits stands oldest first."""


@dataclass(frozen=True)
class Source:
    """Where a project's feedback came from: a demo and a version of its model."""

    demo_id: str
    demo_title: str
    model: int
    count: int


class Inbox:
    """The feedback of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._drain = Drain(scope.engine)

    def refresh(self) -> int:
        """Take in what the demo process has received since the last time; how many new pieces of feedback came."""
        return self._drain()

    def counts(self, project_id: str) -> dict[str, int]:
        """How many items each queue holds; every queue is named."""
        query = (
            select(feedback.c.state, func.count())
            .where(*self._mine(project_id))
            .group_by(feedback.c.state)
        )  # fmt: skip
        with read(self._scope.engine) as connection:
            found = {state: int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in QUEUES}

    def ready(self, project_id: str) -> int:
        """How many accepted items stand in no dataset version yet."""
        waiting = (feedback.c.state == "accepted", feedback.c.dataset_version_id.is_(None))
        query = select(func.count()).select_from(feedback).where(*self._mine(project_id), *waiting)
        with read(self._scope.engine) as connection:
            return connection.execute(query).scalar_one()

    def sources(self, project_id: str) -> builtins.list[Source]:
        """The demos and model versions that feedback of this project came from, the newest first."""
        query = (
            select(feedback.c.demo_id, demo.c.title, feedback.c.model, func.count().label("pieces"))
            .join(demo, demo.c.id == feedback.c.demo_id)
            .where(*self._mine(project_id))
            .group_by(feedback.c.demo_id, demo.c.title, demo.c.created, feedback.c.model)
            .order_by(demo.c.created.desc(), feedback.c.demo_id, feedback.c.model.desc())
        )  # fmt: skip
        with read(self._scope.engine) as connection:
            return [Source(r.demo_id, r.title, r.model, r.pieces) for r in connection.execute(query)]

    def list(
        self, project_id: str, state: str, demo_id: str | None = None, search: str = "", only_wrong: bool = False,
        offset: int = 0, limit: int = 50, model: int | None = None,
    ) -> tuple[builtins.list[Item], int]:  # fmt: skip
        """A page of a queue and how many items match: what waits oldest first, what is decided by the latest decision.

        Args:
            search: part of an input or of the comment; letter case does not count.
            only_wrong: only answers that the visitor called wrong.
            model: only answers of this version of the demo's model.
        """
        self._scope.row(project, project_id, "project")
        wanted = self._wanted(project_id, state, demo_id, search, only_wrong, model)
        first = feedback.c.updated.desc() if state in _LATEST_FIRST else feedback.c.received
        with read(self._scope.engine) as connection:
            total = connection.execute(select(func.count()).select_from(feedback).where(*wanted)).scalar_one()
            query = select_items().where(*wanted).order_by(first, feedback.c.id).offset(offset).limit(limit)
            rows = connection.execute(query).all()
        return [item_of(row) for row in rows], total

    def position(
        self, item: Item, demo_id: str | None = None, search: str = "", only_wrong: bool = False, model: int | None = None
    ) -> int | None:  # fmt: skip
        """How many items stand before `item` in its queue under these filters; None if they leave it out."""
        wanted = self._wanted(item.project_id, item.state, demo_id, search, only_wrong, model)
        column, at = feedback.c.received, item.received
        if item.state in _LATEST_FIRST:
            column, at = feedback.c.updated, item.updated
        sooner = column > at if item.state in _LATEST_FIRST else column < at
        before = or_(sooner, and_(column == at, feedback.c.id < item.id))
        with read(self._scope.engine) as connection:
            if (
                connection.execute(select(feedback.c.id).where(*wanted, feedback.c.id == item.id)).first()
                is None
            ):
                return None
            return connection.execute(
                select(func.count()).select_from(feedback).where(*wanted, before)
            ).scalar_one()

    def get(self, item_id: str) -> Item:
        """One item; raises `NotFound`."""
        with read(self._scope.engine) as connection:
            return deciding.found(connection, self._scope, item_id)

    def classes(self, item_id: str) -> tuple[str, ...]:
        """The classes that the item may be given: those of the model version that answered."""
        query = (
            select(dataset_version.c.schema)
            .join(run, run.c.version_id == dataset_version.c.id)
            .join(model_version, model_version.c.run_id == run.c.id)
            .join(feedback, (feedback.c.demo_id == model_version.c.demo_id) & (feedback.c.model == model_version.c.number))
            .where(feedback.c.id == item_id, feedback.c.owner == self._scope.owner)
        )  # fmt: skip
        with read(self._scope.engine) as connection:
            schema = connection.scalar(query)
            if schema is None:
                deciding.found(connection, self._scope, item_id)
        return Schema.model_validate(schema).classes if schema else ()

    def latest(self, project_id: str) -> Item | None:
        """The item decided last that an undo could still take back, or None."""
        decided = (feedback.c.state != "pending", feedback.c.dataset_version_id.is_(None))
        query = (
            select_items()
            .where(*self._mine(project_id), *decided)
            .order_by(feedback.c.updated.desc())
            .limit(1)
        )
        with read(self._scope.engine) as connection:
            row = connection.execute(query).first()
        return item_of(row) if row else None

    def decide(self, item_id: str, state: str, label: str | None, revision: int) -> Item:
        """Put an item into a queue, if it is still as the caller saw it.

        Args:
            state: one of `QUEUES`.
            label: the class that it gets; needed to accept it.
            revision: of the item that the decision was made on.

        Raises:
            FeedbackChanged: it was changed since; what the caller wanted is kept in the history as not applied.
            FeedbackUsed: it already stands in a dataset version.
            ClassMissing, LabelUnknown: it cannot be accepted with this class.
        """
        if state not in QUEUES:
            raise ValueError(f"{state!r} is no queue")
        if state == "accepted" and label is None:
            raise ClassMissing()
        classes = self.classes(item_id)
        if label is not None and label not in classes:
            raise LabelUnknown(label=label, classes=", ".join(classes[:50]))
        return deciding.decide(self._scope, item_id, state, label, revision)

    def undo(self, item_id: str, revision: int | None = None) -> Item:
        """Bring an item back to what it was before the last decision on it.

        Args:
            revision: of the item that the caller saw; None to undo whatever came last.

        Raises:
            FeedbackChanged: it was changed since.
            FeedbackUsed: it already stands in a dataset version.
            NothingToUndo: nothing was decided on it.
        """
        return deciding.undo(self._scope, item_id, revision)

    def history(self, item_id: str) -> builtins.list[Change]:
        """Everything that was decided on an item, oldest first; what came too late stands as not applied."""
        with read(self._scope.engine) as connection:
            deciding.found(connection, self._scope, item_id)
            return deciding.changes(connection, item_id)

    def export(self, project_id: str, spreadsheet: bool) -> bytes:
        """All feedback of a project as CSV; `spreadsheet` guards cells that a spreadsheet would run as formulas."""
        self._scope.row(project, project_id, "project")
        query = select_items().where(*self._mine(project_id)).order_by(feedback.c.received, feedback.c.id)
        with read(self._scope.engine) as connection:
            rows = connection.execute(query).all()
        return export_items([item_of(row) for row in rows], spreadsheet=spreadsheet)

    def _wanted(
        self, project_id: str, state: str, demo_id: str | None, search: str, only_wrong: bool, model: int | None
    ) -> builtins.list[Any]:  # fmt: skip
        filters = matching(self._scope.engine.dialect.name, demo_id, search, only_wrong, model)
        return [*self._mine(project_id), feedback.c.state == state, *filters]

    def _mine(self, project_id: str) -> tuple[Any, ...]:
        return (feedback.c.owner == self._scope.owner, feedback.c.project_id == project_id)
