"""The work of a search: take the next candidate, train it, measure it, until the budget is spent.

Any number of workers share a search: each takes its next candidate in one write transaction, from what stands in the table.
A worker that is killed and started again marks what it had begun as lost and goes on.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, insert, select, update

from engine.errors import BentuError
from engine.evaluation.compare import compare
from engine.evaluation.metrics import evaluate
from engine.jobs.context import JobContext
from engine.models.family import Discarded, FloatArray, Training, TrainingData, families
from engine.recipe import Recipe, read_recipe
from engine.services import splits
from engine.services.costs import load_of
from engine.services.kept_vectors import KeptVectors
from engine.services.prepared import prepare
from engine.services.recipes import resolve
from engine.services.scope import Scope
from engine.services.search_more import again
from engine.services.search_plan import INSIGHT, Plan
from engine.services.search_records import (
    Candidate,
    candidate_of,
    candidates,
    interrupted,
    measured,
    trial_of,
)
from engine.services.search_rungs import dialled, rungs
from engine.services.training_rows import rows_to_train
from engine.storage import artifacts
from engine.storage.clock import now
from engine.storage.database import serialise, write
from engine.storage.tables import candidate, new_id, search
from engine.training.candidate import Packed, measure
from engine.training.ladder import Climbed, Rung, recommended, skip
from engine.training.machine import threads
from engine.training.search import Proposal, front, importances, propose

WATCHED = {"macro_f1": "val_macro_f1", "accuracy": "val_accuracy", "weighted_f1": "val_macro_f1"}
"""What of an epoch's figures stands for the metric that the search goes by."""

_COMPARED = 20
"""The best candidates, which are compared with the best one pair by pair."""

_LEAST = 3.0
"""Seconds left below which no candidate is begun."""


def search_on(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "search": one worker of a search, until its budget is spent or someone stops it."""
    row = scope.row(search, spec["search"], "search")
    recipe, plan = read_recipe(row.recipe), Plan.model_validate(row.plan)
    data = prepare(scope, recipe, context.report, row.split_id)
    rows = rows_to_train(context, scope, project_id, recipe, data)
    deadline = _begin(scope, row.id, context.job_id, data.split_id, plan)
    begun = deadline - timedelta(minutes=plan.minutes - plan.used)
    context.report("phase", name="searching")
    facts = splits.facts(scope, str(recipe.data))
    load = replace(load_of(scope, recipe, facts), copying=0.0)  # the copies are made
    ladder = rungs(recipe, facts, load) if row.kind == "ladder" else []
    climbed = _weigh(scope, row.id, recipe, plan, rows.data)
    while context.stop() is None and (left := (deadline - now()).total_seconds()) > _LEAST:
        context.check()
        chosen = (
            _next_rung(scope, context, row.id, recipe, ladder, climbed, begun, left)
            if ladder
            else _next(scope, context, row.id, recipe, plan)
        )
        if chosen is None:
            break
        one, proposal = chosen
        _try(context, scope, row.id, recipe, plan, rows.data, one, proposal, deadline)
        climbed = _weigh(scope, row.id, recipe, plan, rows.data)
        spent = 1 - max((deadline - now()).total_seconds(), 0) / (plan.minutes * 60)
        context.report("progress", fraction=min(max(spent, 0.0), 1.0))
    context.check()
    return {"search_id": row.id}


def _begin(scope: Scope, search_id: str, job_id: str, split_id: str, plan: Plan) -> datetime:
    """Start the clock of the search, once a go, and give up what an earlier attempt of this worker had begun."""
    deadline = now() + timedelta(minutes=plan.minutes - plan.used)
    with write(scope.engine) as connection:
        connection.execute(
            update(search).where(search.c.id == search_id, search.c.deadline.is_(None)).values(deadline=deadline, split_id=split_id)
        )  # fmt: skip
        mine = (
            candidate.c.search_id == search_id,
            candidate.c.job_id == job_id,
            candidate.c.state == "running",
        )
        connection.execute(update(candidate).where(*mine).values(state="lost", finished=now()))
        found: datetime = connection.execute(
            select(search.c.deadline).where(search.c.id == search_id)
        ).scalar_one()
    return found


def _next(
    scope: Scope, context: JobContext, search_id: str, recipe: Recipe, plan: Plan
) -> tuple[Candidate, Proposal | None] | None:
    """Take the next settings, or None when as many were tried as the plan allows."""
    family, params = resolve(recipe)
    with write(scope.engine) as connection:
        serialise(connection, f"search:{search_id}")
        context.fence(connection)
        known = _known(connection, search_id)
        if len(known) >= plan.most:
            return None
        # what was cut short says nothing of its settings: they are tried once more
        cut = interrupted(known)
        proposal = propose(
            family.name, family.Params, params.model_dump(mode="json"), plan.fields, [trial_of(c) for c in known if not c.cut],
            seed=recipe.seed, pruning=plan.pruning, number=len(known), again=cut.params if cut else None,
        )  # fmt: skip
        return _take(
            connection, scope, context, search_id, len(known), family.name, proposal.params
        ), proposal


def _next_rung(
    scope: Scope, context: JobContext, search_id: str, recipe: Recipe, ladder: Sequence[Rung], climbed: Sequence[Climbed], begun: datetime,
    left: float,
) -> tuple[Candidate, Proposal | None] | None:  # fmt: skip
    """Take the next rung that is worth it, or None at the top; those that are passed over are noted."""
    known = candidates(scope, search_id)
    scratch = [rung.family for rung in ladder if rung.needs_tensorflow and not rung.pretrained]
    # in this go each rung is looked at once; what an earlier one passed over or cut short is looked at anew
    tried = {c.family for c in known if c.state != "lost" and (c.started >= begun or not again(c))}
    passed = {c.family: c for c in known if c.state == "skipped"}
    facts, number = splits.facts(scope, str(recipe.data)), len(known)
    for rung in ladder:
        if rung.family in tried:
            continue
        reason = skip(rung, climbed, scratch, left)
        params = dialled(recipe, rung.family, facts)
        note = {"reason": reason, "seconds": rung.estimate.seconds} if reason else None
        earlier = passed.get(rung.family)
        with write(scope.engine) as connection:
            context.fence(connection)
            state = "skipped" if reason else "running"
            if earlier is not None:
                connection.execute(candidate.delete().where(candidate.c.id == earlier.id))
            place = number if earlier is None else earlier.number
            one = _take(connection, scope, context, search_id, place, rung.family, params, state, note)
        if not reason:
            return one, None
        number += earlier is None
    return None


def _known(connection: Connection, search_id: str) -> list[Candidate]:
    query = select(candidate).where(candidate.c.search_id == search_id).order_by(candidate.c.number)
    return [candidate_of(row) for row in connection.execute(query)]


def _take(
    connection: Connection, scope: Scope, context: JobContext, search_id: str, number: int, family: str,
    params: Mapping[str, Any], state: str = "running", note: Mapping[str, Any] | None = None,
) -> Candidate:  # fmt: skip
    values = {
        "id": new_id("cnd"), "owner": scope.owner, "search_id": search_id, "number": number, "family": family,
        "params": dict(params), "state": state, "job_id": context.job_id, "curve": {}, "seconds": 0.0, "note": note,
        "started": now(), "finished": None if state == "running" else now(),
    }  # fmt: skip
    connection.execute(insert(candidate).values(values))
    return candidate_of(connection.execute(select(candidate).where(candidate.c.id == values["id"])).one())


def _try(
    context: JobContext, scope: Scope, search_id: str, recipe: Recipe, plan: Plan, data: TrainingData, one: Candidate,
    proposal: Proposal | None, deadline: datetime,
) -> None:  # fmt: skip
    """Train and measure one candidate and write down what became of it."""
    family = families.get(one.family)
    part = recipe.family.model_copy(
        update={"name": family.name, "version": family.version, "params": dict(one.params)}
    )
    folder = context.folder / f"candidate-{one.number}"
    folder.mkdir(parents=True, exist_ok=True)
    curve: dict[int, float] = {}
    given_up = False

    def report(kind: str, **payload: Any) -> None:
        nonlocal given_up
        if kind != "epoch" or (value := payload.get(WATCHED[recipe.evaluation.metric])) is None:
            return
        curve[int(payload["epoch"])] = float(value)
        given_up = proposal is not None and proposal.hopeless(int(payload["epoch"]), float(value))
        _note(scope, one, curve=curve)

    def stop() -> str | None:
        asked = context.stop()
        if asked is not None:
            return asked
        return "discard" if given_up else "keep" if now() >= deadline else None

    built: Candidate | None = None

    def alike(build: str) -> Packed | None:
        nonlocal built
        built = next((c for c in candidates(scope, search_id) if (c.note or {}).get("build") == build), None)
        return Packed(built.size or 0, built.latency or 0.0) if built else None

    kept = KeptVectors(scope, str(recipe.data), context.report)
    training = Training(report, stop, folder, threads=threads(plan.workers), vectors=kept)
    try:
        found = measure(recipe.model_copy(update={"family": part}), data, training, alike)
    except Discarded:
        context.check()
        _note(scope, one, curve=curve, state="pruned" if given_up else "lost", finished=now())
        return
    except BentuError as problem:
        _note(scope, one, curve=curve, state="failed", note={"error": problem.to_json()}, finished=now())
        return
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    scored = evaluate(
        part="validation", truth=data.validation_labels, probabilities=found.probabilities, classes=data.classes,
        slices=pd.DataFrame(index=range(len(data.validation_labels))),
        majority=int(np.bincount(data.train_labels, minlength=len(data.classes)).argmax()), spec=recipe.evaluation,
        seed=recipe.seed,
    ).overall[recipe.evaluation.metric]  # fmt: skip
    # a whole training never ends that way; the next go trains it anew
    note: dict[str, Any] = (
        {"reason": "cut"} if found.stopped_early and (context.stop() or now() >= deadline) else {}
    )
    note |= {"alike": built.number} if built else {"build": found.build} if found.build else {}
    size, latency = found.packed.size, found.packed.latency
    over = (plan.largest is not None and size > plan.largest) or (
        plan.slowest is not None and latency > plan.slowest
    )
    _note(
        scope, one, curve=curve, state="over" if over else "done", score=scored.value, low=scored.low, high=scored.high,
        seconds=found.seconds, size=size, latency=latency, probabilities=_keep(found.probabilities),
        note=note or None, finished=now(),
    )  # fmt: skip


def _note(scope: Scope, one: Candidate, **values: Any) -> None:
    if "curve" in values:
        values["curve"] = {str(epoch): value for epoch, value in values["curve"].items()}
    with write(scope.engine) as connection:
        mine = (candidate.c.id == one.id, candidate.c.owner == scope.owner, candidate.c.state == "running")
        connection.execute(update(candidate).where(*mine).values(values))


def _weigh(scope: Scope, search_id: str, recipe: Recipe, plan: Plan, data: TrainingData) -> list[Climbed]:
    """Work out what came of the search so far and keep it: the best, the recommended one, the front, what mattered.

    Returns what the best ones brought, in the order of trying.
    """
    done = measured(candidates(scope, search_id))
    if not done:
        return []
    behind = _behind(done, data, recipe)
    near = [c for c in done if c.number in behind]
    weighed = [
        Climbed(c.family, c.score or 0.0, c.size or 0, c.latency or 0.0, behind[c.number]) for c in near
    ]
    # by number, for a family stands in a search through its settings many times
    chosen = recommended([replace(w, family=str(c.number)) for w, c in zip(weighed, near, strict=True)])
    trials = [trial_of(c) for c in done]
    shares = importances(families.get(done[0].family).Params, plan.fields, trials) if plan.fields else {}
    scope.cache(
        INSIGHT, search_id,
        {
            "best": _best(done).number, "recommended": int(chosen) if chosen else None, "front": front(trials),
            "importances": shares, "behind": {str(number): list(bounds) for number, bounds in behind.items()},
        },
    )  # fmt: skip
    return [w for w, c in zip(weighed, near, strict=True) if not c.cut]


def _best(done: Sequence[Candidate]) -> Candidate:
    return max(done, key=lambda c: (c.score or 0.0, -(c.size or 0)))


def _behind(done: Sequence[Candidate], data: TrainingData, recipe: Recipe) -> dict[int, tuple[float, float]]:
    """How much the best one is better than each of the 20 best, as a paired interval."""
    if not done:
        return {}
    best = _best(done)
    leader, found = _kept(str(best.probabilities)), {best.number: (0.0, 0.0)}
    for one in sorted(done, key=lambda c: -(c.score or 0.0))[:_COMPARED]:
        if one.number != best.number:
            difference = compare(
                data.validation_labels, _kept(str(one.probabilities)), leader, data.classes, recipe.evaluation.metric,
                recipe.evaluation, recipe.seed,
            )  # fmt: skip
            found[one.number] = (difference.low, difference.high)
    return found


def _keep(probabilities: FloatArray) -> str:
    buffer = io.BytesIO()
    np.save(buffer, probabilities)
    return artifacts.put_bytes(buffer.getvalue())


def _kept(digest: str) -> FloatArray:
    found: FloatArray = np.load(io.BytesIO(artifacts.read_bytes(digest)), allow_pickle=False)
    return found
