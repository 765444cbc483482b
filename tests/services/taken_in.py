"""What the drain has taken in: the rows of feedback, and a demo's tallies."""

from __future__ import annotations

from sqlalchemy import func, select

from engine.storage.database import read
from engine.storage.tables import demo, feedback
from engine.workspace import Workspace


def rows(ws: Workspace) -> int:
    """How many rows of feedback there are, of whatever project."""
    with read(ws.scope.engine) as connection:
        return connection.execute(select(func.count()).select_from(feedback)).scalar_one()


def tallies(ws: Workspace, demo_id: str) -> tuple[int, int]:
    """The visits and the answers that are counted for a demo."""
    with read(ws.scope.engine) as connection:
        visits, answers = connection.execute(
            select(demo.c.visits, demo.c.answers).where(demo.c.id == demo_id)
        ).one()
    return visits, answers
