"""Recipes: the project's draft and the families that fit its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy import true, update

from engine.errors import N_, BentuError, NotFound, RecipeError
from engine.jobs.context import JobContext
from engine.models.dial import values
from engine.models.family import Dial, Estimate, Facts, Family, Setting, Unsuitable, families, lacks
from engine.params import FieldSpec, Params, fields_of, read_params
from engine.prepare.augmenting import Augmenter
from engine.prepare.split import default_split
from engine.prepare.steps import Cleaner, CleaningStep, steps
from engine.recipe import Part, Recipe, Split, read_recipe, recipe_yaml
from engine.services import datasets, dividing, near_groups, splits, stored_versions
from engine.services.costs import Cost, TooLarge, cost_of, load_of, too_large, unlabelled_rows, with_energy
from engine.services.remedies import gentler
from engine.services.scope import Scope
from engine.storage.clock import now
from engine.storage.database import write
from engine.storage.tables import dataset_version, project
from engine.training.machine import machine

DEFAULT_FAMILY = "tfidf_svm"
"""A linear model on character n-grams is the bar that every network has to beat, so it is what one starts with."""


class NoDataYet(RecipeError):
    code = "NO_DATA_YET"
    message = N_("This project has no dataset yet.")
    remedy = N_("Add one on the data page, or start with the sample.")


class FamilyUnsuitable(RecipeError):
    code = "FAMILY_UNSUITABLE"
    message = N_("The family “{family}” cannot be used on these data: {reason}")
    remedy = N_("Choose another family on the model page, or correct the data.")

    @classmethod
    def because(cls, family: Family, reason: Unsuitable) -> FamilyUnsuitable:
        """The error that says so of `family`."""
        return cls(
            family={"message": family.title},
            reason={"message": reason.message, "params": dict(reason.params)},
        )


class WrongTask(RecipeError):
    code = "WRONG_TASK"
    message = N_("The recipe is for the task {found}; the data are for {expected}.")
    remedy = N_("Choose data of that task, or another recipe.")


class OtherFamily(RecipeError):
    code = "OTHER_FAMILY"
    message = N_("“{family}” was chosen in another tab meanwhile, so this change was left out.")
    remedy = N_("The page shows now what is chosen. Change that, or choose the other one again.")


@dataclass(frozen=True)
class FamilyCard:
    """A family as the model page offers it for one project's data."""

    name: str
    title: str
    summary: str
    unsuitable: Unsuitable | None
    estimate: Estimate | None
    notes: tuple[str, ...]
    about: tuple[str, ...] = ()
    """Where it comes from, in paragraphs (message ids); empty for most families."""


def resolve(recipe: Recipe) -> tuple[Family, Params]:
    """The family a recipe names and its validated parameters; cleaning steps and augmentations are checked too."""
    family = families.get(recipe.family.name)
    if family.task != recipe.task:
        raise WrongTask(found=family.task, expected=recipe.task)
    Cleaner(recipe.clean)
    Augmenter(recipe.augment, recipe.task, ready=False)
    return family, read_params(family.Params, recipe.family.params, family.name)


def _whole(recipe: Recipe) -> Recipe:
    """With every setting that the family would train with, also those that a file left out; unchanged where it cannot be read."""
    try:
        params = resolve(recipe)[1].model_dump(mode="json")
    except BentuError:
        return recipe
    return recipe.model_copy(update={"family": recipe.family.model_copy(update={"params": params})})


def reason_against(family: Family, params: Params, facts: Facts) -> Unsuitable | None:
    """Why a family cannot learn from such data with these parameters on this machine, or None."""
    return family.unsuitable(facts, machine()) or lacks(family, params)


class Recipes:
    """The recipes of one owner."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def draft(self, project_id: str) -> Recipe | None:
        """The recipe that the pages are editing; None until the project has a dataset."""
        row = self._scope.row(project, project_id, "project")
        if row.draft:
            recipe = read_recipe(row.draft)
            if stored_versions.exists(self._scope, str(recipe.data)):
                return _whole(recipe)
        latest = stored_versions.latest(self._scope, project_id)
        return self._fresh(latest) if latest else None

    def update(self, project_id: str, **fields: Any) -> Recipe:
        """Replace top-level fields of the draft (data, clean, split, augment, family, dial, evaluation, seed).

        Of two tabs that change it at once, the second starts anew from what the first wrote: they lose at most the
        same field.
        """
        while True:
            revision = self._scope.row(project, project_id, "project").draft_revision
            recipe = self._changed(self._need(project_id), fields)
            if self._store(project_id, recipe, revision):
                return recipe

    def _changed(self, recipe: Recipe, fields: Mapping[str, Any]) -> Recipe:
        if "data" in fields and fields["data"] != recipe.data:
            base = self._fresh(str(fields["data"]))
            recipe = base.model_copy(
                update={
                    "clean": recipe.clean,
                    "augment": recipe.augment,
                    "pseudo_labels": recipe.pseudo_labels,
                }
            )
        values = recipe.model_dump(mode="json")
        for name, value in fields.items():
            values[name] = _plain(value)
        return read_recipe(values)

    def reset(self, project_id: str) -> Recipe | None:
        """Forget the draft: defaults for the latest dataset version."""
        with write(self._scope.engine) as connection:
            connection.execute(
                update(project)
                .where(project.c.id == project_id, project.c.owner == self._scope.owner)
                .values(draft=None, draft_revision=project.c.draft_revision + 1, updated=now())
            )
        return self.draft(project_id)

    def replace(self, project_id: str, recipe: Recipe) -> Recipe:
        """Take over a recipe from outside; its data id is kept only if that version is in this project."""
        resolve(recipe)
        current = self._need(project_id)
        known = isinstance(recipe.data, str) and any(
            v.id == recipe.data for d in datasets.Datasets(self._scope).list(project_id) for v in d.versions
        )
        if not known:
            recipe = recipe.model_copy(update={"data": current.data})
        self._store(project_id, recipe)
        return recipe

    def cards(self, project_id: str) -> list[FamilyCard]:
        """Every family of the project's task, with the reason where it does not fit."""
        recipe = self._need(project_id)
        facts, here = self._facts(recipe), machine()
        load = load_of(self._scope, recipe, facts)
        cards = []
        for family in families:
            if family.task != recipe.task:
                continue
            reason = family.unsuitable(facts, here)
            chosen = recipe.family.name == family.name
            params = (
                read_params(family.Params, recipe.family.params, family.name)
                if chosen
                else family.defaults(recipe.dial or "balanced", facts, here)
            )
            notes = getattr(family, "notes", None)
            cards.append(
                FamilyCard(
                    name=family.name, title=family.title, summary=family.summary, unsuitable=reason,
                    estimate=None if reason or lacks(family, params) else cost_of(family, params, load),
                    notes=tuple(notes(params, facts)) if notes else (), about=tuple(getattr(family, "about", ())),
                )
            )  # fmt: skip
        return cards

    def titles(self) -> dict[str, str]:
        """The title of every family (a message id) by its name."""
        return {family.name: family.title for family in families}

    def choose(self, project_id: str, family: str, dial: str | None = None) -> Recipe:
        """Take `family` into the draft with the values that the dial stands for; of its own family the members stay."""
        recipe, entry = self._need(project_id), families.get(family)
        chosen = dial or recipe.dial or "balanced"
        params = self.defaults(project_id, family, chosen)
        if family == recipe.family.name:
            members = [field.name for field in fields_of(entry.Params) if field.kind == "parts"]
            params |= {name: recipe.family.params.get(name, params[name]) for name in members}
        part = Part(name=family, version=entry.version, params=params)
        return self.update(project_id, family=part, dial=chosen)

    def defaults(self, project_id: str, family: str, dial: str) -> dict[str, Any]:
        """What the dial sets for a family on this project's data and this machine."""
        return values(self.settings(project_id, family, dial))

    def settings(self, project_id: str, family: str, dial: str) -> dict[str, Setting]:
        """The same, each with the reason where a fact decided it."""
        facts, entry = self._facts(self._need(project_id)), families.get(family)
        decided = entry.settings(cast(Dial, dial), facts, machine())
        full = entry.Params(**values(decided)).model_dump(mode="json")
        return {name: replace(decided.get(name, Setting(None)), value=value) for name, value in full.items()}

    def fields(self, family: str) -> tuple[FieldSpec, ...]:
        """The declared hyperparameters of a family, for the form."""
        return fields_of(families.get(family).Params)

    def set_param(self, project_id: str, name: str, value: Any, of: str = "") -> Recipe:
        """Set one hyperparameter of the draft's family; raises `InvalidParameter`, and `OtherFamily` where that is not `of`."""
        recipe = self._need(project_id)
        family = families.get(recipe.family.name)
        if of and of != family.name:
            raise OtherFamily(family={"message": family.title})
        before, after = (
            read_params(family.Params, {**recipe.family.params, **change}, family.name)
            for change in ({}, {name: value})
        )
        following = getattr(family, "following", None)
        changed = following(before, after) if following else after
        return self.set_params(project_id, changed.model_dump(mode="json"))

    def set_params(self, project_id: str, params: Mapping[str, Any]) -> Recipe:
        """Set all hyperparameters of the draft's family; raises `InvalidParameter`."""
        recipe = self._need(project_id)
        family = families.get(recipe.family.name)
        read = read_params(family.Params, params, family.name).model_dump(mode="json")
        return self.update(project_id, family=recipe.family.model_copy(update={"params": read}))

    def reset_param(self, project_id: str, name: str, of: str = "") -> Recipe:
        """Set one hyperparameter back to what the dial stands for; raises `OtherFamily` where the draft's is not `of`."""
        recipe = self._need(project_id)
        defaults = self.defaults(project_id, of or recipe.family.name, recipe.dial or "balanced")
        return self.set_param(project_id, name, defaults[name], of)

    def estimate(self, project_id: str, recipe: Recipe) -> Cost:
        """Parameters, memory, time and energy of a recipe on this machine, before it starts."""
        return with_energy(cost_of(*resolve(recipe), load_of(self._scope, recipe, self._facts(recipe))))

    def too_large(self, recipe: Recipe, at_once: int = 1) -> TooLarge | None:
        """By how much a recipe is too large for this machine's memory, `at_once` of it at the same time, or None."""
        return too_large(*resolve(recipe), load_of(self._scope, recipe, self._facts(recipe)), at_once)

    def gentler(self, recipe: Recipe, code: str) -> dict[str, Any]:
        """The settings that the remedy of the error `code` asks to change, with their new values; empty where it names none."""
        return gentler(recipe.family.params, code)

    def unlabelled_rows(self, version_id: str) -> int:
        """Rows of a version that have no label, whichever part they stand in."""
        return unlabelled_rows(self._scope, version_id)

    def unsuitable(self, project_id: str, recipe: Recipe) -> Unsuitable | None:
        """Why the recipe's family cannot be used on its data, or None."""
        return reason_against(*resolve(recipe), self._facts(recipe))

    def formulas(self, project_id: str, recipe: Recipe) -> list[tuple[str, str]]:
        """The chosen model in formulas, as (caption, LaTeX) pairs."""
        family, params = resolve(recipe)
        return list(family.formulas(params, self._facts(recipe)))

    def schedule(self, recipe: Recipe) -> list[float]:
        """The learning rate over the training that the recipe asks for, at even distances; empty for a family without one."""
        family, params = resolve(recipe)
        rates = getattr(family, "schedule", None)
        return list(rates(params)) if rates else []

    def yaml(self, recipe: Recipe) -> str:
        """The recipe as the file that `python -m engine run` takes."""
        return recipe_yaml(recipe)

    def read(self, text: str) -> Recipe:
        """A recipe from such a file, checked against the registries."""
        recipe = read_recipe(text)
        resolve(recipe)
        return recipe

    def command(self, recipe: Recipe) -> str:
        """The command line that does the same as the start button."""
        return "python -m engine run recipe.yaml"

    def steps(self, task: str = "text-classification") -> list[CleaningStep]:
        """The cleaning steps that this release knows for a task."""
        return [step for step in steps if step.task == task]

    def article_case(self, project_id: str) -> Recipe:
        """The article's case (section 4.3) on this project's data: the case network with its defaults."""
        recipe = self._need(project_id)
        params = self.defaults(project_id, "case_network", "balanced")
        part = Part(name="case_network", version=families.get("case_network").version, params=params)
        return recipe.model_copy(update={"family": part, "dial": "balanced"})

    def turn_again(self, project_id: str, version_id: str, before: Facts) -> None:
        """Set what the dial had set in the draft anew, after the facts of its data changed from `before`.

        A value that somebody changed by hand stays as it is.
        """
        while True:
            row = self._scope.row(project, project_id, "project")
            recipe = self.draft(project_id)
            if not row.draft or recipe is None or recipe.data != version_id or recipe.dial is None:
                return
            if recipe.family.name not in families:
                return
            family = families.get(recipe.family.name)
            old, new = (
                family.defaults(recipe.dial, facts, machine()).model_dump(mode="json")
                for facts in (before, self._facts(recipe))
            )
            params = {name: new[name] if value == old.get(name) else value for name, value in recipe.family.params.items()}  # fmt: skip
            turned = recipe.model_copy(update={"family": recipe.family.model_copy(update={"params": params})})
            if turned == recipe or self._store(project_id, turned, row.draft_revision):
                return

    def _facts(self, recipe: Recipe) -> Facts:
        return splits.facts(self._scope, str(recipe.data))

    def _need(self, project_id: str) -> Recipe:
        recipe = self.draft(project_id)
        if recipe is None:
            raise NoDataYet()
        return recipe

    def _fresh(self, version_id: str) -> Recipe:
        version = self._scope.row(dataset_version, version_id, "dataset version")
        schema = stored_versions.schema_of(version)
        split = default_split(schema, near_duplicates=near_groups.found_some(self._scope, version_id))
        if version.parent_id and (inherited := splits.current(self._scope, version_id)):
            split = inherited.spec
        facts = splits.facts(self._scope, version_id)
        name = DEFAULT_FAMILY if families.get(DEFAULT_FAMILY).task == schema.task else _first(schema.task)
        family = families.get(name)
        params = family.defaults("balanced", facts, machine()).model_dump(mode="json")
        part = Part(name=name, version=family.version, params=params)
        return Recipe(task=schema.task, data=version_id, split=split, family=part, dial="balanced")

    def _store(self, project_id: str, recipe: Recipe, revision: int | None = None) -> bool:
        """Write the draft; with a revision, only if nobody wrote since. Whether it was written."""
        unchanged = project.c.draft_revision == revision if revision is not None else true()
        with write(self._scope.engine) as connection:
            done = connection.execute(
                update(project)
                .where(project.c.id == project_id, project.c.owner == self._scope.owner, unchanged)
                .values(
                    draft=recipe.model_dump(mode="json"),
                    draft_revision=project.c.draft_revision + 1,
                    updated=now(),
                )
            )
        if done.rowcount == 0 and revision is None:
            raise NotFound(kind="project", id=project_id)
        return bool(done.rowcount)


def divide_data(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "split": divide a version; what the dial had set in the draft follows its train part."""
    before = splits.facts(scope, spec["version"])
    done = dividing.divide_version(context, scope, spec["version"], Split.model_validate(spec["split"]))
    Recipes(scope).turn_again(project_id, spec["version"], before)
    return {"split_id": done}


def _first(task: str) -> str:
    for family in families:
        if family.task == task:
            return family.name
    raise WrongTask(found=task, expected=", ".join(sorted({f.task for f in families})))


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v) for v in value]
    return value
