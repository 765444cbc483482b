"""Decisions on one piece of feedback, and taking them back.

A decision is a compare-and-set on the item's revision: of two tabs the second one is told, and what it wanted is kept
beside the item. Every decision is a row of its own, so an undo works after a reload as well.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from engine.errors import N_, NotFound
from engine.feedback.queues import UNDONE, Change, FeedbackChanged, FeedbackUsed, NothingToUndo, standing
from engine.services.inbox_items import Item, item_of, select_items
from engine.services.scope import Scope
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import feedback, feedback_change, new_id

KIND = N_("feedback")


def decide(scope: Scope, item_id: str, state: str, label: str | None, revision: int) -> Item:
    """See `Inbox.decide`; the queue and the class were checked."""
    with write(scope.engine, durable=True) as connection:
        item = _changeable(connection, scope, item_id)
        applied = item.revision == revision and _apply(connection, item, state, label)
        after = found(connection, scope, item_id)
        as_wanted = (after.state, after.label) == (state, label)  # also a click that arrived a second time
        if applied or not as_wanted:
            _note(connection, scope, item_id, after.revision, state, label, applied=applied)
    # Raised outside of the transaction, which must keep what the caller wanted.
    if not as_wanted:
        raise _changed(after)
    return after


def undo(scope: Scope, item_id: str, revision: int | None) -> Item:
    """See `Inbox.undo`."""
    with write(scope.engine, durable=True) as connection:
        item = _changeable(connection, scope, item_id)
        if revision is not None and item.revision != revision:
            raise _changed(item)
        decisions = standing(changes(connection, item_id))
        if not decisions:
            raise NothingToUndo()
        before = decisions[-2] if len(decisions) > 1 else None
        state, label = (before.state, before.label) if before else ("pending", None)
        if not _apply(connection, item, state, label):
            raise _changed(found(connection, scope, item_id))
        _note(connection, scope, item_id, item.revision + 1, UNDONE, None, applied=True)
        return found(connection, scope, item_id)


def found(connection: Connection, scope: Scope, item_id: str) -> Item:
    """The owner's item; raises `NotFound`."""
    query = select_items().where(feedback.c.id == item_id, feedback.c.owner == scope.owner)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind=KIND, id=item_id)
    return item_of(row)


def changes(connection: Connection, item_id: str) -> list[Change]:
    """What was decided on an item, in the order in which it was applied."""
    rows = connection.execute(
        select(feedback_change).where(feedback_change.c.feedback_id == item_id)
        .order_by(feedback_change.c.revision, feedback_change.c.at, feedback_change.c.id)
    )  # fmt: skip
    return [Change(r.revision, r.state, r.label, r.applied, r.at) for r in rows]


def _changeable(connection: Connection, scope: Scope, item_id: str) -> Item:
    item = found(connection, scope, item_id)
    if item.dataset_version_id is not None:
        raise FeedbackUsed(version=item.dataset_version or item.dataset_version_id)
    return item


def _apply(connection: Connection, item: Item, state: str, label: str | None) -> bool:
    """Move the item on from its revision; False if somebody else did."""
    as_seen = (
        feedback.c.id == item.id,
        feedback.c.revision == item.revision,
        feedback.c.dataset_version_id.is_(None),
    )
    values = {"state": state, "label": label, "revision": item.revision + 1, "updated": now()}
    return connection.execute(update(feedback).where(*as_seen).values(**values)).rowcount == 1


def _note(
    connection: Connection, scope: Scope, item_id: str, revision: int, state: str, label: str | None, *, applied: bool
) -> None:  # fmt: skip
    connection.execute(
        insert(feedback_change).values(
            id=new_id("chg"), owner=scope.owner, feedback_id=item_id, revision=revision, state=state, label=label,
            applied=applied, at=now(),
        )
    )  # fmt: skip


def _changed(item: Item) -> FeedbackChanged:
    return FeedbackChanged(at=item.updated.isoformat(timespec="seconds"), state=item.state, label=item.label)
