"""The recipe: one typed document that says a whole localization.

It stores families and steps as `{name, version, params}` and imports none of them;
`engine.services.recipes` resolves and validates them through the registries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import N_, RecipeError, saying
from engine.validation import MAPPING, WHOLE, first_wrong, shown

FORMAT = 1

TASKS = (
    "text-classification", "image-classification", "audio-classification", "tabular-classification",
    "tabular-regression", "translation", "detection", "generation", "transcription",
)  # fmt: skip
"""Reserved task names; a modality registers the ones that this release can do."""


DOCUMENT = saying(N_("the document"))
"""What an error calls the whole of a recipe, as it calls its fields by their names."""


class RecipeUnreadable(RecipeError):
    code = "RECIPE_UNREADABLE"
    message = N_("This is not a recipe: {field} {problem}.")
    remedy = N_("Compare it with a recipe downloaded from the model page.")


class RecipeTooNew(RecipeError):
    code = "RECIPE_TOO_NEW"
    message = N_("The recipe has format {found}; this version of Bentu reads up to format {known}.")
    remedy = N_("Update Bentu, or make the recipe anew here.")


class Model(BaseModel):
    """Base of the recipe's parts: frozen and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Part(Model):
    """A named, versioned thing out of a registry with its parameters."""

    name: str
    version: int = 1
    params: Mapping[str, Any] = Field(default_factory=dict)


class Step(Part):
    """A cleaning step; switched-off steps stay in the list and are not run."""

    enabled: bool = True


class Augmentation(Model):
    """Varied copies of train rows, made after the division and the cleaning; never of rows to validate, test or answer.

    Without a step that is switched on none are made.

    Args:
        steps: what varies a copy, in order.
        factor: copies for each row; 0.5 makes one for every second row.
        balance: classes get copies until they have this share of the rows of the largest one; 0 leaves them as they are.
        seed: of the draws, together with the recipe's.
    """

    steps: tuple[Step, ...] = Field(default=(), max_length=30)
    factor: float = Field(default=1.0, ge=0, le=5)
    balance: float = Field(default=0.0, ge=0, le=1)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    @property
    def active(self) -> bool:
        """Whether it asks for any copy."""
        return any(step.enabled for step in self.steps) and (self.factor > 0 or self.balance > 0)


class PseudoLabels(Model):
    """Labels guessed for rows without one: a first training guesses, a second learns from the sure guesses too.

    Only rows that stand in neither validation nor test are guessed. Which of the two trainings is better is for the
    comparison with a run without guesses to say; nothing is chosen behind one's back.

    Args:
        enabled: off, rows without a label teach no class.
        threshold: calibrated probability from which a guess counts.
        most: guessed rows of a class, as a share of its train rows; keeps one class from crowding out the others.
    """

    enabled: bool = False
    threshold: float = Field(default=0.9, ge=0.5, le=1)
    most: float = Field(default=3.0, ge=0.1, le=10)


class FileData(Model):
    """Data named by a file (command line): imported under BENTU_HOME when the recipe runs."""

    file: str
    roles: Mapping[str, str]
    encoding: str | None = None
    separator: str | None = None


PartName = Literal["train", "validation", "test", "excluded"]


FIRST_TEST = "test 1"
"""Name of the test set that a dataset starts with; one that is made later gets another."""

DRAWN = ("stratified", "random", "group")
"""Kinds of split whose rows are drawn, and may be drawn as folds."""


class Split(Model):
    """How rows are divided into train, validation and test; the assignment itself lives with the dataset version.

    `stratified`, `random` and `group` draw; `group` keeps rows of one value of the column with the role "group"
    together. `time` takes the oldest rows (by the column with the role "time") for train and the newest for test.
    `slice` leaves the chosen values of a slice column out of train, to test on them. `given` honours a column that the
    data bring. Exact duplicates never straddle in a split that is drawn here.

    Args:
        train, validation, test: shares of the rows; a slice split takes only the ratio of train and validation from
            them, a given one nothing.
        column: of a given split or a slice split.
        values: of the slice column, whose rows are the test part.
        validation_values: of the slice column, whose rows are the validation part; none: it is drawn from the rest.
        mapping: part by value of a given split's column; empty: the values say train, dev or validation, test.
        near_duplicates: texts that are nearly the same stay together like exact duplicates.
        regroup: in a given split, linked rows that stand in several parts are moved into one of them.
        folds: k of a k-fold division of the rows outside test; 0 for one validation part.
        fold: which fold, from 0, a run validates on.
        test_name: what the test set is called; scores on differently named ones are of different rows.
        seed: of the drawing.
    """

    kind: Literal["stratified", "random", "group", "given", "time", "slice"] = "stratified"
    train: float = Field(default=0.8, gt=0, lt=1)
    validation: float = Field(default=0.1, gt=0, lt=1)
    test: float = Field(default=0.1, ge=0, lt=1)
    column: str | None = None
    values: tuple[str, ...] = Field(default=(), max_length=1000)
    validation_values: tuple[str, ...] = Field(default=(), max_length=1000)
    mapping: Mapping[str, PartName] = Field(default_factory=dict)
    near_duplicates: bool = False
    regroup: bool = False
    folds: int = Field(default=0, ge=0, le=20)
    fold: int = Field(default=0, ge=0, le=19)
    test_name: str = Field(default=FIRST_TEST, min_length=1, max_length=80)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _sums_to_one(self) -> Split:
        if self.kind != "given" and abs(self.train + self.validation + self.test - 1) > 1e-6:
            raise ValueError(N_("must have shares of train, validation and test that sum to 1"))
        if self.kind == "given" and not self.column:
            raise ValueError(N_("must name its column, because it is a given one"))
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Split:
        if self.kind == "slice" and not (self.column and self.values):
            raise ValueError(
                N_("must name a slice column and the values to test on, because it is one by slice")
            )
        if self.kind == "slice" and set(self.values) & set(self.validation_values):
            raise ValueError(N_("must not name one value for validation and for test"))
        if self.folds == 1 or (self.folds and self.kind not in DRAWN):
            raise ValueError(
                N_(
                    "can have 2 to 20 folds, and only where the rows are drawn by class, at random or by group"
                )
            )
        if self.fold and self.fold >= self.folds:
            raise ValueError(N_("must name a fold that there is, counted from 0"))
        if self.regroup and self.kind != "given":
            raise ValueError(N_("regroups only a division that the data bring"))
        return self

    @property
    def whole(self) -> Split:
        """The division that all its folds share."""
        return self.model_copy(update={"fold": 0}) if self.fold else self


class Evaluation(Model):
    """What is reported: the metric runs are chosen by (on validation) and the bootstrap behind the intervals."""

    metric: Literal["macro_f1", "accuracy", "weighted_f1"] = "macro_f1"
    resamples: int = Field(default=1000, ge=100, le=10_000)
    confidence: float = Field(default=0.95, ge=0.5, le=0.999)


class Recipe(Model):
    """One localization from data to evaluated model.

    `data` is a dataset version id, or a file with roles. `packaging` is reserved.
    """

    format: int = FORMAT
    task: str = "text-classification"
    data: str | FileData
    clean: tuple[Step, ...] = ()
    split: Split = Split()
    augment: Augmentation = Augmentation()
    pseudo_labels: PseudoLabels = PseudoLabels()
    family: Part
    dial: Literal["quick", "balanced", "thorough"] | None = None
    evaluation: Evaluation = Evaluation()
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From a format to the next one; each is tested on a stored example."""


def read_recipe(data: Mapping[str, Any] | str) -> Recipe:
    """A recipe from a mapping or from YAML text; older formats are upgraded.

    Raises:
        RecipeUnreadable: naming the first field that is wrong.
        RecipeTooNew: when its format is newer than this code.
    """
    raw = _yaml(data) if isinstance(data, str) else data
    if not isinstance(raw, Mapping):
        raise RecipeUnreadable(field=DOCUMENT, problem=saying(MAPPING, value=shown(raw)))
    raw = dict(raw)
    found = raw.get("format", FORMAT)
    if not isinstance(found, int):
        raise RecipeUnreadable(field="format", problem=saying(WHOLE, value=shown(found)))
    if found > FORMAT:
        raise RecipeTooNew(found=found, known=FORMAT)
    while found < FORMAT:
        if found not in UPGRADES:
            never = saying(N_("is {found}, which never was one"), found=found)
            raise RecipeUnreadable(field="format", problem=never)
        raw = UPGRADES[found](raw)
        found += 1
    try:
        return Recipe.model_validate(raw)
    except ValidationError as problem:
        field, what = first_wrong(problem, raw)
        raise RecipeUnreadable(field=field or DOCUMENT, problem=what) from None


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as problem:  # a date such as 2026-13-01 is a ValueError
        raise RecipeUnreadable(field=DOCUMENT, problem=_unreadable(problem, text)) from None


def _unreadable(problem: Exception, text: str) -> dict[str, Any]:
    """Where the text stops being YAML, as far as its reader says."""
    mark, place = getattr(problem, "problem_mark", None), getattr(problem, "position", None)
    if mark is not None:
        line, column = mark.line, mark.column
    elif isinstance(place, int):  # a character that YAML forbids
        line, column = text.count("\n", 0, place), place - text.rfind("\n", 0, place) - 1
    else:
        return saying(N_("cannot be read as YAML"))
    return saying(
        N_("cannot be read as YAML at line {line}, column {column}"), line=line + 1, column=column + 1
    )


def recipe_yaml(recipe: Recipe) -> str:
    """The recipe as YAML, in declared order, non-ASCII text readable."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
