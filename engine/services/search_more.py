"""More minutes for a search that has ended: whether it can go on, what it has left to try, and how it is taken up again.

Earlier candidates count like new ones only where both saw the same rows and the same space, so these are looked at first.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from engine.errors import N_, BentuError, JobError, saying
from engine.jobs import queue
from engine.params import read_params
from engine.services import general_texts, lexicons, search_rungs, splits
from engine.services.costs import load_of
from engine.services.recipes import FamilyUnsuitable, reason_against, resolve
from engine.services.scope import Scope
from engine.services.search_plan import MOST_CANDIDATES, MOST_MINUTES, Plan
from engine.services.search_records import Candidate, Search
from engine.storage.clock import now
from engine.storage.tables import candidate, job, search
from engine.training.ladder import Rung
from engine.training.search import searchable


class SearchSpent(JobError):
    code = "SEARCH_SPENT"
    message = N_("Everything that this search can try was tried.")
    remedy = N_("Open what it found in the form, or start another search.")


class SearchDividedAnew(JobError):
    code = "SEARCH_DIVIDED_ANEW"
    message = N_("The data were divided anew after this search; more candidates would be scored on other rows than those before.")  # fmt: skip
    remedy = N_("Start a new search.")


class SearchSpaceChanged(JobError):
    code = "SEARCH_SPACE_CHANGED"
    message = N_("The settings of “{family}” have changed since this search, with another version of Bentu.")
    remedy = N_("Start a new search.")


@dataclass(frozen=True)
class More:
    """How a search that has ended can go on.

    `obstacle` says why it cannot. `left` are the families that a ladder has not tried to their end, cheapest first, with the
    seconds that each takes. `most` is how many candidates may be tried in all then.
    """

    obstacle: BentuError | None
    left: tuple[tuple[str, float], ...] = ()
    most: int = 0


def more(scope: Scope, found: Search) -> More:
    """What going on with the search would mean."""
    try:
        _require(scope, found)
        left = rungs_left(scope, found)
    except BentuError as problem:
        return More(problem)
    most = _most(found)
    spent = not left if found.kind == "ladder" else most <= len(found.candidates)
    return More(
        SearchSpent() if spent else None, tuple((rung.family, rung.estimate.seconds) for rung in left), most
    )


def longer(scope: Scope, found: Search, minutes: float) -> Plan:
    """The plan of the search with `minutes` on top of what it used; raises the obstacle of `more`."""
    ahead = more(scope, found)
    if ahead.obstacle:
        raise ahead.obstacle
    if found.used + minutes > MOST_MINUTES:
        raise SearchSpent()
    asked = {"minutes": found.used + minutes, "used": found.used, "most": ahead.most or found.plan.most}
    return Plan.model_validate({**found.plan.model_dump(), **asked})


def again(one: Candidate) -> bool:
    """Whether a ladder that goes on tries the family of this candidate once more: nothing, or too little, came of it."""
    return (
        one.state == "lost" or one.cut or (one.state == "skipped" and (one.note or {})["reason"] == "budget")
    )


def rungs_left(scope: Scope, found: Search) -> list[Rung]:
    """The rungs of a ladder that were not tried to their end; none for a search through settings."""
    if found.kind != "ladder":
        return []
    over = {one.family for one in found.candidates if not again(one)}
    facts = splits.facts(scope, str(found.recipe.data))
    known = search_rungs.rungs(found.recipe, facts, load_of(scope, found.recipe, facts))
    return [rung for rung in known if rung.family not in over]


def enqueue(
    connection: Connection, scope: Scope, project_id: str, search_id: str, workers: int, go: int, inline: bool
) -> None:
    """Put the workers of a search into the queue; `go` counts how often that was done."""
    for number in range(workers):
        queue.enqueue(
            connection, scope.owner, "search", {"search": search_id, "worker": number, "go": go}, "training",
            project_id=project_id, idempotency=f"search:{search_id}:{go}:{number}", group_id=search_id,
            executor="inline" if inline else "local",
        )  # fmt: skip


def goes(connection: Connection, search_id: str) -> int:
    """`Search.goes`, within a transaction."""
    specs = connection.scalars(select(job.c.spec).where(job.c.group_id == search_id)).all()
    return max((int(spec.get("go", 1)) for spec in specs), default=0)


def reopen(connection: Connection, search_id: str, plan: Plan) -> None:
    """Give the search its new budget; the clock goes on with the first worker. What ended workers had begun is lost."""
    connection.execute(
        update(search).where(search.c.id == search_id).values(plan=plan.model_dump(mode="json"), deadline=None)
    )  # fmt: skip
    begun = (candidate.c.search_id == search_id, candidate.c.state == "running")
    connection.execute(update(candidate).where(*begun).values(state="lost", finished=now()))


def _require(scope: Scope, found: Search) -> None:
    """Raise where rows or space are not those of the candidates before."""
    row = splits.current_row(scope, found.version_id)
    began = scope.row(search, found.id, "search").split_id
    if began is not None and (row is None or row.id != began):
        raise SearchDividedAnew()
    splits.refuse_redraw(scope, found.version_id, found.recipe.split)
    lexicons.require(scope, found.project_id, found.recipe)
    general_texts.require(scope, found.recipe)
    if found.kind == "ladder":
        return
    name = found.recipe.family.name
    try:
        family, params = resolve(found.recipe)
        for one in found.candidates:
            read_params(family.Params, one.params, name)
    except BentuError as problem:
        raise SearchSpaceChanged(family=name) from problem
    known = {spec.name for spec in searchable(family.Params)}
    if family.version != found.recipe.family.version or not known.issuperset(found.plan.fields):
        raise SearchSpaceChanged(family=saying(family.title))
    if (reason := reason_against(family, params, splits.facts(scope, found.version_id))) is not None:
        raise FamilyUnsuitable.because(family, reason)


def _most(found: Search) -> int:
    """Candidates in all: twice as many as before where that many were tried."""
    full = len(found.candidates) >= found.plan.most
    return min(2 * found.plan.most, MOST_CANDIDATES) if full else found.plan.most
