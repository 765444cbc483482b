"""Searches: the machine tries settings of a family, or one family after another, within a budget of minutes.

A search is a row, its candidates are rows, and its workers are jobs of one group; the work itself is in `searching.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from engine.errors import N_, JobError, NotFound
from engine.jobs import queue
from engine.jobs.job import GOING
from engine.models.family import families
from engine.recipe import Recipe
from engine.services import datasets, general_texts, lexicons, search_more, search_plan, splits
from engine.services.recipes import resolve
from engine.services.scope import Scope
from engine.services.search_more import More
from engine.services.search_plan import INSIGHT, Kind, Plan, SearchDraft
from engine.services.search_records import Search, SearchHead, view
from engine.storage.clock import now
from engine.storage.database import read, serialise, write
from engine.storage.tables import job, new_id, project, result, search
from engine.training.search import NothingToSearch, searchable, usual


class SearchActive(JobError):
    code = "SEARCH_ACTIVE"
    message = N_("The search is still going on.")
    remedy = N_("Stop it first.")


class SearchRival(JobError):
    code = "SEARCH_RIVAL"
    message = N_(
        "Such a search goes on already on this version of the data; two would only take time from each other."
    )
    remedy = N_(
        "Watch it, or stop it: what it found is kept, and it can go on for more minutes after its end."
    )


class Searches:
    """The searches of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def fields(self, family: str) -> tuple[list[str], list[str]]:
        """Names of the settings that can be searched, and of those that usually are."""
        params = families.get(family).Params
        return [spec.name for spec in searchable(params)], usual(params)

    def draft(self, project_id: str) -> SearchDraft:
        """The form of a project as it was left, in whichever tab."""
        return search_plan.draft(self._scope, project_id)

    def keep_draft(self, project_id: str, left: SearchDraft) -> None:
        """Keep the form of a project."""
        search_plan.keep_draft(self._scope, project_id, left)

    def start(
        self, project_id: str, recipe: Recipe, kind: Kind, plan: Plan, click: str = "", inline: bool = False
    ) -> Search:
        """Put a search in line. One that asks for the same as another that still goes on is that one: it would try the same.

        Args:
            project_id: where it belongs.
            recipe: the data, the cleaning and the division; for kind "settings" also the family, whose values come first.
            kind: "settings" of the recipe's family, or the "ladder" over families.
            plan: its budget.
            click: the same one makes no second search (a double click).
            inline: no worker takes it: the caller runs it.

        Raises:
            NothingToSearch: the family has no such settings.
            SearchRival: a search of the same (the families, or this family) goes on on the version with other settings.
            QueueFull, SplitOpened, LexiconMissing: as `Runs.submit`.
        """
        self._scope.row(project, project_id, "project")
        version = datasets.Datasets(self._scope).version(str(recipe.data))
        if version.project_id != project_id:
            raise NotFound(kind="dataset version", id=version.id)
        family, _ = resolve(recipe)
        if kind == "settings":
            names, usually = self.fields(family.name)
            plan = plan.model_copy(update={"fields": tuple(f for f in plan.fields or usually if f in names)})
            if not plan.fields:
                raise NothingToSearch(family=family.name)
        else:
            plan = plan.model_copy(update={"workers": 1, "fields": ()})
        splits.refuse_redraw(self._scope, version.id, recipe.split)
        lexicons.require(self._scope, project_id, recipe)
        general_texts.require(self._scope, recipe)
        key, search_id = click or new_id("key"), new_id("sea")
        asked = {"kind": kind, "recipe": recipe.model_dump(mode="json"), "plan": plan.model_dump(mode="json")}
        with write(self._scope.engine, durable=True) as connection:
            serialise(connection, f"searches:{project_id}")
            if earlier := self._same(connection, project_id, version.id, key, asked):
                return self.get(earlier)
            connection.execute(
                insert(search).values(
                    id=search_id, owner=self._scope.owner, project_id=project_id, version_id=version.id, created=now(),
                    idempotency=key, **asked,
                )
            )  # fmt: skip
            search_more.enqueue(connection, self._scope, project_id, search_id, plan.workers, 1, inline)
        return self.get(search_id)

    def more(self, search_id: str) -> More:
        """Whether a search that has ended can go on, what it has left to try, and what it used."""
        return search_more.more(self._scope, self.get(search_id))

    def go_on(self, search_id: str, minutes: float, goes: int, inline: bool = False) -> Search:
        """Give a search that has ended more minutes: the same candidates, the same space, the same rows.

        Args:
            search_id: which.
            minutes: on top of what it used.
            goes: how often it went until now, as the caller saw it (`Search.goes`): where another tab or click was faster,
                that one counts.
            inline: no worker takes it: the caller runs it.

        Raises:
            SearchSpent, SearchDividedAnew, SearchSpaceChanged, FamilyUnsuitable, NotFound, LexiconMissing: it cannot go on, see `more`.
            SearchRival: another search of the same goes on.
            QueueFull: too many are waiting.
        """
        found = self.get(search_id)
        if found.active or found.goes != goes:
            return found
        plan = search_more.longer(self._scope, found, minutes)
        with write(self._scope.engine, durable=True) as connection:
            serialise(connection, f"searches:{found.project_id}")
            rivals = self._going(connection, found.project_id)
            if any(row.id == search_id for row in rivals) or search_more.goes(connection, search_id) != goes:
                return self.get(search_id)
            asked = {"kind": found.kind, "recipe": found.recipe.model_dump(mode="json")}
            if any(_rival(row._asdict(), asked, found.version_id) for row in rivals):
                raise SearchRival()
            search_more.reopen(connection, search_id, plan)
            search_more.enqueue(
                connection, self._scope, found.project_id, search_id, plan.workers, goes + 1, inline
            )
        return self.get(search_id)

    def rival(self, project_id: str, recipe: Recipe, kind: Kind) -> SearchHead | None:
        """The search that goes on and keeps another of the same from being started, or None."""
        asked = {"kind": kind, "recipe": recipe.model_dump(mode="json")}
        with read(self._scope.engine) as connection:
            rows = self._going(connection, project_id)
        return next((_head(row) for row in rows if _rival(row._asdict(), asked, str(recipe.data))), None)

    def _same(
        self, connection: Connection, project_id: str, version_id: str, key: str, asked: Mapping[str, Any]
    ) -> str | None:
        """The search of the same click, or one that goes on and asks for the same; raises `SearchRival`."""
        mine = search.c.owner == self._scope.owner
        if earlier := connection.scalar(select(search.c.id).where(mine, search.c.idempotency == key)):
            return str(earlier)
        rows = self._going(connection, project_id)
        if same := next((row.id for row in rows if _content(row._asdict()) == _content(asked)), None):
            return str(same)
        if any(_rival(row._asdict(), asked, version_id) for row in rows):
            raise SearchRival()
        return None

    def _going(self, connection: Connection, project_id: str) -> Sequence[Any]:
        """Rows of the project's searches that go on and were not asked to stop, the oldest first."""
        going = select(job.c.group_id).where(
            job.c.owner == self._scope.owner, job.c.state.in_(GOING), job.c.cancel.is_(None)
        )
        mine = (search.c.owner == self._scope.owner, search.c.project_id == project_id)
        return connection.execute(
            select(search).where(*mine, search.c.id.in_(going)).order_by(search.c.created)
        ).all()

    def list(self, project_id: str, limit: int = 10) -> Sequence[SearchHead]:
        """The project's searches, newest first."""
        self._scope.row(project, project_id, "project")
        with read(self._scope.engine) as connection:
            rows = connection.execute(
                select(search.c.id, search.c.version_id, search.c.kind, search.c.recipe, search.c.created)
                .where(search.c.project_id == project_id, search.c.owner == self._scope.owner)
                .order_by(search.c.created.desc(), search.c.id)
                .limit(limit)
            ).all()
        return [_head(row) for row in rows]

    def get(self, search_id: str) -> Search:
        """One search; raises `NotFound`."""
        return view(self._scope, self._scope.row(search, search_id, "search"))

    def stop(self, search_id: str) -> None:
        """End it: candidates that run are kept as far as they came, no more are begun."""
        for one in self.get(search_id).jobs:
            if one.state in GOING:
                queue.cancel(self._scope.engine, self._scope.owner, one.id, "keep")

    def delete(self, search_id: str) -> None:
        """Delete it with its candidates; raises `SearchActive`."""
        if self.get(search_id).active:
            raise SearchActive()
        with write(self._scope.engine) as connection:
            mine = (result.c.owner == self._scope.owner, result.c.kind == INSIGHT, result.c.key == search_id)
            connection.execute(result.delete().where(*mine))
            connection.execute(
                search.delete().where(search.c.id == search_id, search.c.owner == self._scope.owner)
            )

    def recipe_of(self, search_id: str, number: int) -> Recipe:
        """The recipe of one candidate, to be opened in the form or trained as a run."""
        found = self.get(search_id)
        chosen = found.candidate(number)
        family = families.get(chosen.family)
        part = found.recipe.family.model_copy(
            update={"name": family.name, "version": family.version, "params": dict(chosen.params)}
        )
        return found.recipe.model_copy(update={"family": part, "dial": None})


def _head(row: Any) -> SearchHead:
    return SearchHead(row.id, row.version_id, row.kind, row.recipe["family"]["name"], row.created)


def _rival(going: Mapping[str, Any], asked: Mapping[str, Any], version_id: str) -> bool:
    """Whether both go through the same on the same version: the families, or the settings of one."""
    names = [one["recipe"]["family"]["name"] for one in (going, asked)]
    same = going["kind"] == asked["kind"] and (asked["kind"] == "ladder" or names[0] == names[1])
    return same and str(going["version_id"]) == version_id


def _content(asked: Mapping[str, Any]) -> tuple[Any, ...]:
    """What decides over what a search does: families are compared whatever the form's own is."""
    recipe = dict(asked["recipe"])
    if asked["kind"] == "ladder":
        recipe.pop("family")
    return asked["kind"], recipe, asked["plan"]
