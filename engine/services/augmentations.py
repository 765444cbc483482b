"""Augmentations as a person tries them: which there are, how the classes grow, what copies look like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.data.schema import ROW_ID
from engine.errors import N_, DataError
from engine.jobs.context import JobContext
from engine.jobs.job import Job, Lane
from engine.prepare.augment_preview import (
    PREVIEW_ROWS,
    ROWS_FOR_MODEL,
    AugmentationPreview,
    preview_augmentation,
    preview_places,
)
from engine.prepare.augmentations import AugmentationStep, ModelStep, augmentations
from engine.prepare.augmenting import Augmenter
from engine.prepare.copies import planned_counts
from engine.prepare.steps import Cleaner
from engine.recipe import Augmentation, Recipe, Step, read_recipe
from engine.services import lexicons, splits, stored_versions
from engine.services.prepared import prepare
from engine.services.scope import Scope
from engine.storage.tables import dataset_version

KIND = "augmentation"


class NotDividedYet(DataError):
    code = "NOT_DIVIDED_YET"
    message = N_("The data are not divided yet, so there is no train part to vary.")
    remedy = N_("Divide them on the prepare page first: only train rows get copies.")


@dataclass(frozen=True)
class GrownClass:
    """A class of the train part: its rows, and its rows with the copies."""

    label: str
    rows: int
    grown: int


class Augmentations:
    """The augmentations of one owner's data."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def steps(self, task: str = "text-classification") -> list[AugmentationStep]:
        """The augmentations that this release knows for a task."""
        return [step for step in augmentations if step.task == task]

    def growth(self, version_id: str, spec: Augmentation) -> list[GrownClass] | None:
        """Train rows of each class before and after, in the order of the schema; None while the data are not divided."""
        divided = splits.current(self._scope, version_id)
        if divided is None:
            return None
        counts = divided.class_counts["train"]
        classes = stored_versions.schema_of(
            self._scope.row(dataset_version, version_id, "dataset version")
        ).classes
        rows = [int(counts.get(label, 0)) for label in classes]
        return [GrownClass(*one) for one in zip(classes, rows, planned_counts(rows, spec), strict=True)]

    def preview(self, recipe: Recipe) -> AugmentationPreview | None:
        """What the recipe's augmentations do to some train rows, if it was computed already."""
        divided = splits.current(self._scope, str(recipe.data))
        if divided is None:
            return None
        stored = self._scope.cached(KIND, _key(recipe, divided.id))
        return AugmentationPreview.model_validate(stored) if stored else None

    def start_preview(self, recipe: Recipe) -> Job:
        """Vary some train rows and count, as a job; raises `NotDividedYet`."""
        divided = splits.current(self._scope, str(recipe.data))
        if divided is None:
            raise NotDividedYet()
        row = self._scope.row(dataset_version, str(recipe.data), "dataset version")
        spec = {
            "recipe": recipe.model_dump(mode="json"),
            "split": divided.id,
            "key": _key(recipe, divided.id),
        }
        lane: Lane = "training" if _asks_model(recipe) else "short"
        return self._scope.submit(KIND, spec, row.project_id, lane=lane)


def preview_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "augmentation"."""
    recipe = read_recipe(spec["recipe"])
    data = prepare(scope, recipe, context.report, spec["split"])
    train = data.labelled("train")
    most = ROWS_FOR_MODEL if _asks_model(recipe) else PREVIEW_ROWS
    train = train[preview_places(len(train), recipe.seed, most)]
    context.report("phase", name="augmenting")
    known = {one.digest for one in lexicons.Lexicons(scope).list(project_id)}
    wanted = Augmenter(recipe.augment, recipe.task, ready=False).lexicons & known
    ids = data.frame[ROW_ID].to_numpy()[train]
    cleaned = Cleaner(recipe.clean)(list(data.inputs.iloc[train]), ids.tolist())
    found = preview_augmentation(
        cleaned, data.labels[train], ids,
        data.schema.classes, recipe.augment.steps, task=recipe.task, lexicons=lexicons.load(scope, project_id, wanted),
        seed=recipe.seed, progress=lambda share: context.report("progress", fraction=share),
    )  # fmt: skip
    scope.cache(KIND, spec["key"], found.model_dump(mode="json"))
    return {"version_id": str(recipe.data)}


def _asks_model(recipe: Recipe) -> bool:
    """Whether a step asks a foundation model, switched off or not: a preview shows each by itself."""
    return any(isinstance(augmentations.get(step.name), ModelStep) for step in recipe.augment.steps)


def _key(recipe: Recipe, split_id: str) -> str:
    """The preview depends on steps, what they need being here, cleaning and division; how many copies there are does not change what one looks like."""
    able = Augmenter(recipe.augment, recipe.task, ready=False).able
    steps = [_plain(recipe.clean), _plain(recipe.augment.steps), split_id, recipe.seed, able]
    text = json.dumps(steps, sort_keys=True, ensure_ascii=False)
    return f"{recipe.data}:{hashlib.sha256(text.encode()).hexdigest()}"


def _plain(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [step.model_dump(mode="json") for step in steps]
