"""What a search may spend, and what the form that starts one holds: kept with the project, not in a tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, select

from engine.services.scope import Scope
from engine.storage.tables import project, result, search
from engine.training.search import Pruning

MOST_WORKERS, MOST_CANDIDATES, MOST_MINUTES = 8, 1000, 7 * 24 * 60.0
INSIGHT, DRAFT = "search", "search_draft"
"""Kinds of kept results: what came of a search, by its id, and the form, by the project's."""

Kind = Literal["ladder", "settings"]


class Plan(BaseModel):
    """What a search may spend and what it asks for.

    Args:
        minutes: budget in all, counted from the first candidate.
        used: minutes of it that were used before the search was told to go on.
        fields: settings that are varied (kind "settings").
        most: candidates at most.
        pruning: how candidates that do badly are given up before their last epoch.
        workers: processes that search at once.
        largest: bytes that a model may take when saved, or None.
        slowest: seconds that one text may take, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: float = Field(default=10, ge=0.1, le=MOST_MINUTES)
    used: float = Field(default=0, ge=0)
    fields: tuple[str, ...] = ()
    most: int = Field(default=100, ge=1, le=MOST_CANDIDATES)
    pruning: Pruning = "median"
    workers: int = Field(default=1, ge=1, le=MOST_WORKERS)
    largest: int | None = Field(default=None, ge=1)
    slowest: float | None = Field(default=None, gt=0)


class SearchDraft(BaseModel):
    """The form as it was left. `varied` are the settings to vary by family, where somebody chose them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "ladder"
    plan: Plan = Plan(most=60)
    varied: Mapping[str, tuple[str, ...]] = {}


def draft(scope: Scope, project_id: str) -> SearchDraft:
    """The project's form; the defaults where nobody changed it, or where another version of Bentu wrote it."""
    scope.row(project, project_id, "project")
    try:
        return SearchDraft.model_validate(scope.cached(DRAFT, project_id) or {})
    except ValidationError:
        return SearchDraft()


def keep_draft(scope: Scope, project_id: str, left: SearchDraft) -> None:
    """Keep the form of a project; raises `NotFound`."""
    scope.row(project, project_id, "project")
    scope.cache(DRAFT, project_id, left.model_dump(mode="json"))


def forget(connection: Connection, owner: str, project_id: str) -> None:
    """Remove the form of a project that is being deleted, and what came of its searches."""
    searches = select(search.c.id).where(search.c.project_id == project_id)
    kept = ((result.c.kind == DRAFT) & (result.c.key == project_id)) | (
        (result.c.kind == INSIGHT) & result.c.key.in_(searches)
    )
    connection.execute(result.delete().where(result.c.owner == owner, kept))
