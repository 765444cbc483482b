"""Hyperparameters declared once: type, bounds, default, unit, help, scale and level.

From one declaration come the widget, the validation and its message, the YAML, the search space and the
parametrised tests. A new hyperparameter is one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import N_, RecipeError
from engine.recipe import Part
from engine.validation import first_wrong

Scale = Literal["linear", "log"]
Level = Literal["basic", "advanced"]


class InvalidParameter(RecipeError):
    code = "INVALID_PARAMETER"
    message = N_("“{field}” of {owner} {problem}.")
    remedy = N_("Correct the value in the form or in the recipe file.")


class Params(BaseModel):
    """Base of every `Params`: frozen, and an unknown name is an error, not a typo that is ignored.

    `OFFERS` names, for text fields, what this machine offers to choose from; a mapping says how each is shown.
    """

    OFFERS: ClassVar[Mapping[str, Callable[[], Sequence[str] | Mapping[str, str]]]] = {}

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def changed(params: type[Params], name: str, default: Any) -> Any:
    """The number or choice `name` as `params` declares it, with another default: for a family that starts elsewhere."""
    spec = _spec(name, params.model_fields[name])
    return param(
        default, spec.title, spec.help, low=spec.low, high=spec.high, unit=spec.unit, scale=spec.scale, level=spec.level,
        titles=spec.choice_titles, depends_on=spec.depends_on, lines=spec.lines,
    )  # fmt: skip


@dataclass(frozen=True)
class FieldSpec:
    """One declared hyperparameter, as the form, the search and the tests see it.

    `parts` are other families with their settings. `offers` is what may be chosen for a text or for parts, each with its
    label; a part stands there as `part_text` writes it.
    """

    name: str
    kind: Literal["int", "float", "bool", "choice", "text", "parts"]
    default: Any
    title: str
    help: str
    unit: str
    low: float | None
    high: float | None
    scale: Scale
    level: Level
    choices: tuple[str, ...]
    choice_titles: tuple[str, ...]
    depends_on: tuple[str, tuple[Any, ...]] | None
    lines: bool = False
    offers: Mapping[str, str] | None = None


def param(
    default: Any,
    title: str,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    scale: Scale = "linear",
    level: Level = "basic",
    titles: tuple[str, ...] = (),
    depends_on: tuple[str, tuple[Any, ...]] | None = None,
    max_length: int | None = None,
    lines: bool = False,
) -> Any:
    """A pydantic field with the facts a form needs. Bounds are inclusive.

    Args:
        default: value when the recipe is silent.
        title: English label, a message id (mark with `N_`).
        help: English help, one or two sentences, a message id (mark with `N_`).
        low: smallest allowed value.
        high: largest allowed value.
        unit: shown after the value, a message id.
        scale: `log` for values that live on orders of magnitude.
        level: `basic` fields are shown, `advanced` ones folded.
        titles: labels of the choices of a `Literal` field, in order.
        depends_on: `(other field, values)`: shown and used only if the other field has one of the values.
        max_length: longest allowed text, or most parts.
        lines: whether the text has several lines.
    """
    extra: dict[str, Any] = {"title_": title, "help": help, "unit": unit, "scale": scale, "level": level,
             "titles": list(titles), "depends_on": depends_on, "lines": lines}  # fmt: skip
    return Field(default=default, ge=low, le=high, max_length=max_length, json_schema_extra=extra)


def fields_of(params: type[Params]) -> tuple[FieldSpec, ...]:
    """The declared fields of `params`, in order."""
    specs = (_spec(name, info) for name, info in params.model_fields.items())
    return tuple(
        replace(spec, offers=_labelled(params.OFFERS[spec.name]())) if spec.name in params.OFFERS else spec
        for spec in specs
    )


def _labelled(offered: Sequence[str] | Mapping[str, str]) -> Mapping[str, str]:
    return offered if isinstance(offered, Mapping) else {value: value for value in offered}


def part_text(part: Mapping[str, Any]) -> str:
    """A part as one line that is the same for the same family and settings."""
    return json.dumps(part, sort_keys=True, ensure_ascii=False)


def _spec(name: str, info: Any) -> FieldSpec:
    extra: Mapping[str, Any] = info.json_schema_extra or {}
    annotation = info.annotation
    choices: tuple[str, ...] = get_args(annotation) if get_origin(annotation) is Literal else ()
    kinds = {bool: "bool", int: "int", float: "float", str: "text", tuple[Part, ...]: "parts"}
    kind: Any = "choice" if choices else kinds[annotation]
    low = next((m.ge for m in info.metadata if hasattr(m, "ge")), None)
    high = next((m.le for m in info.metadata if hasattr(m, "le")), None)
    return FieldSpec(
        name=name, kind=kind, default=info.default, title=extra.get("title_", name), help=extra.get("help", ""),
        unit=extra.get("unit", ""), low=low, high=high, scale=extra.get("scale", "linear"),
        level=extra.get("level", "basic"), choices=choices, choice_titles=tuple(extra.get("titles", ())) or choices,
        depends_on=extra.get("depends_on"), lines=bool(extra.get("lines")),
    )  # type: ignore[arg-type]  # fmt: skip


P = TypeVar("P", bound=Params)


def read_params(cls: type[P], values: Mapping[str, Any], owner: str) -> P:
    """`values` as `cls`; the first thing wrong becomes `InvalidParameter` with the rule it broke.

    Args:
        cls: the `Params` class of a family or step.
        values: plain mapping from a recipe.
        owner: name of the family or step, for the message.
    """
    try:
        return cls.model_validate(dict(values))
    except ValidationError as problem:
        field, what = first_wrong(problem, values)
        raise InvalidParameter(field=field, owner=owner, problem=what) from None
