"""What a document got wrong, in the house's own words: a pydantic problem as a message that every catalogue knows.

The library's English never reaches a reader; what is not in the table below is called unusable and no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from engine.errors import N_, saying

LONGEST = 80
"""Characters of a wrong value that are shown."""

WHOLE = N_("must be a whole number; it is {value}")
_NUMBER = N_("must be a number; it is {value}")
_BOOL = N_("must be true or false; it is {value}")
_TEXT = N_("must be a text; it is {value}")
_LIST = N_("must be a list; it is {value}")
MAPPING = N_("must be a mapping of names to values; it is {value}")
_UNKNOWN = N_("is not a name that is known here")
_KINDS = {
    "greater_than_equal": N_("must be at least {ge}; it is {value}"),
    "less_than_equal": N_("must be at most {le}; it is {value}"),
    "greater_than": N_("must be more than {gt}; it is {value}"),
    "less_than": N_("must be less than {lt}; it is {value}"),
    "literal_error": N_("must be one of {choices}; it is {value}"),
    "string_too_long": N_("must have at most {max_length} characters"),
    "too_long": N_("must have at most {max_length} entries; it has {actual_length}"),
    "missing": N_("is missing"),
    "extra_forbidden": _UNKNOWN, "invalid_key": _UNKNOWN,
    "int_type": WHOLE, "int_parsing": WHOLE, "int_parsing_size": WHOLE, "int_from_float": WHOLE,
    "float_type": _NUMBER, "float_parsing": _NUMBER, "finite_number": _NUMBER,
    "bool_type": _BOOL, "bool_parsing": _BOOL, "string_type": _TEXT,
    "tuple_type": _LIST, "list_type": _LIST,
    "mapping_type": MAPPING, "dict_type": MAPPING, "model_type": MAPPING, "model_attributes_type": MAPPING,
}  # fmt: skip


def first_wrong(problem: ValidationError, document: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first thing wrong with a document.

    Args:
        problem: what pydantic found.
        document: what it looked at.

    Returns:
        The dotted path of the field ("split.train"; "" for the whole document), and what is wrong with it as a message
        that goes on after the field's name.
    """
    errors = problem.errors()
    # Of a field that may be one of several things, the branch that got furthest is the one that was meant.
    first = max((e for e in errors if e["loc"][:1] == errors[0]["loc"][:1]), key=lambda e: len(e["loc"]))
    return ".".join(_path(first["loc"], document, first["type"] == "missing")), _said(first)


def _said(error: Any) -> dict[str, Any]:
    context: Mapping[str, Any] = error.get("ctx") or {}
    if error["type"] == "value_error":  # a rule of ours: what it raised is a message id
        return saying(str(context["error"]))
    if error["type"] not in _KINDS:
        return saying(N_("cannot be used as it is"))
    params: dict[str, Any] = {k: _tidy(v) for k, v in context.items() if isinstance(v, int | float)}
    if error["type"] == "literal_error":
        params["choices"] = ", ".join(re.findall(r"'([^']*)'", context["expected"]))
    return saying(_KINDS[error["type"]], value=shown(error["input"]), **params)


def _tidy(bound: float) -> float:
    return int(bound) if bound == int(bound) else bound


def shown(value: Any) -> Any:
    """A wrong value as it may stand in a message: a short text, or a message that names its kind."""
    if value is None or value == "":
        return saying(N_("empty"))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return saying(N_("a mapping"))
    if isinstance(value, list | tuple):
        return saying(N_("a list"))
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _path(place: tuple[int | str, ...], document: Any, missing: bool) -> list[str]:
    """The parts of a place that stand in the document; pydantic adds the names of the branches that it tried."""
    names, here = [], document
    for at, part in enumerate(place):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            if not (missing and at == len(place) - 1):
                continue
        names.append(str(part))
    return names
