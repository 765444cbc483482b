"""Did augmentation help? The same recipe trained with and without it, seed by seed, compared on validation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select

from engine.data.schema import ROW_ID
from engine.errors import N_, BentuError, NotFound, RecipeError
from engine.evaluation.repeated import RepeatedDifference, compare_repeated
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.recipe import Augmentation, Recipe
from engine.services import datasets
from engine.services.runs import Run, Runs
from engine.services.scope import Scope
from engine.services.scored import NotComparable, predictions_of
from engine.storage.database import read
from engine.storage.tables import dataset_version, new_id, result, run

MOST_SEEDS = 5


class NothingToTry(RecipeError):
    code = "NOTHING_TO_TRY"
    message = N_("The recipe makes no augmented copies, so there is nothing to compare.")
    remedy = N_("Add an augmentation on the prepare page, and copies by the factor or the balance.")


@dataclass(frozen=True)
class Pair:
    """The two runs of one seed; None for one that was deleted."""

    seed: int
    without: Run | None
    augmented: Run | None

    @property
    def done(self) -> bool:
        """Whether both have a score."""
        return all(one is not None and one.state == "succeeded" for one in (self.without, self.augmented))

    @property
    def active(self) -> bool:
        """Whether one of them waits or runs."""
        return any(one is not None and one.active for one in (self.without, self.augmented))


@dataclass(frozen=True)
class Trial:
    """A recipe tried with and without its augmentation. `result` is of the pairs of which both runs succeeded."""

    id: str
    metric: str
    pairs: tuple[Pair, ...]
    result: RepeatedDifference | None

    @property
    def active(self) -> bool:
        """Whether a run of it waits or runs."""
        return any(pair.active for pair in self.pairs)

    @property
    def done(self) -> tuple[Pair, ...]:
        """The pairs that can be compared."""
        return tuple(pair for pair in self.pairs if pair.done)


@dataclass(frozen=True)
class Tried:
    """What came of one trial: what was augmented how, with which family, and the verdict."""

    augment: Augmentation
    family: str
    result: RepeatedDifference


class Trials:
    """The trials of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def start(
        self, project_id: str, recipe: Recipe, seeds: int = 1, names: tuple[str, str] = ("{seed}", "{seed}, augmented"), click: str = "",
    ) -> Trial:  # fmt: skip
        """Put two runs a seed in line: the recipe as it is, and the same without its augmentation.

        Args:
            project_id: where the runs belong.
            recipe: with augmentation; its seed is the first one, the others follow it.
            seeds: how many, 1 to 5.
            names: of the runs without and with it; `{seed}` is filled in.
            click: the same one makes no second trial (a double click).

        Raises:
            NothingToTry: the recipe asks for no copies.
            QueueFull, FamilyUnsuitable, AugmentationUnavailable, LexiconMissing: as `Runs.submit`; no run is left in line.
        """
        if not recipe.augment.active:
            raise NothingToTry()
        runs, click = Runs(self._scope), click or new_id("trl")
        submitted: list[tuple[int, str, str]] = []
        going: list[str] = []
        try:
            for number in range(max(1, min(MOST_SEEDS, seeds))):
                seed = (recipe.seed + number) % 2**31
                both: list[str] = []
                for name, augment in zip(names, (Augmentation(), recipe.augment), strict=True):
                    arm = recipe.model_copy(update={"seed": seed, "augment": augment})
                    made = runs.submit(
                        project_id,
                        arm,
                        name.replace("{seed}", str(seed)),
                        idempotency=f"{click}:{number}:{len(both)}",
                    )
                    both.append(made.id)
                    going.append(made.id)
                submitted.append((seed, both[0], both[1]))
        except BentuError:
            for run_id in going:
                runs.discard(run_id)
            raise
        kept = {
            "id": click, "metric": recipe.evaluation.metric, "pairs": submitted, "family": recipe.family.name,
            "augment": recipe.augment.model_dump(mode="json"),
        }  # fmt: skip
        self._scope.cache("trial", _key(recipe), kept)
        found = self.find(recipe)
        assert found is not None
        return found

    def find(self, recipe: Recipe) -> Trial | None:
        """The latest trial of exactly this recipe, None where it was not tried."""
        stored = self._scope.cached("trial", _key(recipe))
        if stored is None:
            return None
        runs = Runs(self._scope).those([run_id for _, *both in stored["pairs"] for run_id in both])
        pairs = tuple(Pair(seed, runs.get(a), runs.get(b)) for seed, a, b in stored["pairs"])
        trial = Trial(stored["id"], stored["metric"], pairs, None)
        verdict = self._scope.cached("trial_result", _result_key(recipe, trial)) if trial.done else None
        return Trial(
            trial.id, trial.metric, pairs, RepeatedDifference.model_validate(verdict) if verdict else None
        )

    def judged(self, version_id: str, limit: int = 20) -> list[Tried]:
        """The trials of a dataset version that came to a verdict, newest first."""
        self._scope.row(dataset_version, version_id, "dataset version")
        mine = (
            result.c.owner == self._scope.owner, result.c.kind == "trial",
            result.c.key.startswith(f"{version_id}:", autoescape=True),
        )  # fmt: skip
        with read(self._scope.engine) as connection:
            values = connection.scalars(
                select(result.c.value)
                .where(*mine)
                .order_by(result.c.created.desc(), result.c.key)
                .limit(limit)
            ).all()
        return [
            Tried(Augmentation.model_validate(v["augment"]), v["family"], RepeatedDifference.model_validate(v["result"]))
            for v in values if v.get("result")
        ]  # fmt: skip

    def start_verdict(self, recipe: Recipe) -> Job:
        """Compare the finished pairs of the recipe's trial, as a job.

        Raises:
            NotFound: it was not tried.
            NotComparable: no pair is finished.
        """
        trial = self.find(recipe)
        if trial is None:
            raise NotFound(kind=N_("trial"), id=_key(recipe))
        if not trial.done:
            raise NotComparable(problem={"message": N_("no pair of them has finished")})
        ids = [[pair.without.id, pair.augmented.id] for pair in trial.done if pair.without and pair.augmented]
        spec = {"runs": ids, "metric": trial.metric, "key": _result_key(recipe, trial), "trial": _key(recipe)}
        first = trial.done[0].without
        assert first is not None
        return self._scope.submit("trial", spec, first.project_id)


def judge(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "trial"."""
    context.report("phase", name="comparing")
    rows = [[scope.row(run, i, "run") for i in pair] for pair in spec["runs"]]
    schema = datasets.Datasets(scope).version(rows[0][0].version_id).schema
    index = {label: i for i, label in enumerate(schema.classes)}
    frames = [
        [predictions_of(scope, one.id, "validation").sort_values(ROW_ID) for one in pair] for pair in rows
    ]  # fmt: skip
    reference = frames[0][0]
    for frame in (f for pair in frames for f in pair):
        if list(frame[ROW_ID]) != list(reference[ROW_ID]):
            raise NotComparable(problem={"message": N_("they were scored on different rows")})
    truth = np.array([index[label] for label in reference["true"]], dtype=np.int64)
    columns = [f"p_{label}" for label in schema.classes]
    answers = [tuple(f[columns].to_numpy(dtype=np.float64) for f in pair) for pair in frames]
    recipe = Runs(scope).get(spec["runs"][0][0]).recipe
    found = compare_repeated(
        truth, [(a, b) for a, b in answers], schema.classes, spec["metric"], recipe.evaluation, recipe.seed
    )  # fmt: skip
    scope.cache("trial_result", spec["key"], found.model_dump(mode="json"))
    if kept := scope.cached("trial", spec["trial"]):
        scope.cache("trial", spec["trial"], {**kept, "result": found.model_dump(mode="json")})
    return {}


def _key(recipe: Recipe) -> str:
    text = json.dumps(recipe.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return f"{recipe.data}:{hashlib.sha256(text.encode()).hexdigest()}"


def _result_key(recipe: Recipe, trial: Trial) -> str:
    ids: Sequence[Any] = [
        trial.metric,
        *((p.without.id, p.augmented.id) for p in trial.done if p.without and p.augmented),
    ]
    return f"{recipe.data}:{hashlib.sha256(json.dumps(ids).encode()).hexdigest()}"
