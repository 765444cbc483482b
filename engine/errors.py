"""Everything that can go wrong in a way a person should read about.

    BentuError
    ├── DataError         what a file, a column or a row got wrong
    ├── RecipeError       what a recipe asks for that cannot be
    ├── JobError          what happened to a job
    ├── BundleError       what a packaged model got wrong
    ├── StorageError      what the disk or the database got wrong
    └── NotFound          no such thing for this owner

An error carries a code and parameters, never finished prose: `message` and `remedy` are gettext message
ids with `{placeholders}`, rendered in the reader's language by `engine.i18n.render_error`. It survives the
process boundary as JSON (`to_json`, `error_from_json`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar


class BentuError(Exception):
    """An expected failure: what was expected, what came, and the next step.

    Subclasses set `code` (stable, upper case), `message` and `remedy` (English message ids whose
    placeholders are filled from `params`).

    Args:
        **params: JSON-serialisable values for the placeholders; also what a program reads.
    """

    code: ClassVar[str] = "BENTU_ERROR"
    message: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(f"{self.code}: {fill(self.message, params)}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.to_json(),))

    def to_json(self) -> dict[str, Any]:
        """The error as plain data, for a job row or an HTTP answer."""
        return {"code": self.code, "params": self.params}


_PLACEHOLDER = re.compile(
    r"\{([A-Za-z_][A-Za-z0-9_]*)(?::(?:(,|0?[0-9]?(?:\.[0-9])?[df])|([^{}|]*)\|([^{}|]*)))?\}"
)
"""A name, at most with a number's digits, the sign for separated thousands, or what stands there for one and for any other
number: a message may have come from another process, so a placeholder reaches into no object and no format makes a text long."""


MOST_LISTED = 20


def fill(message: str, params: dict[str, Any], translated: Callable[[str], str] = str) -> str:
    """`message` with its placeholders filled; one that is missing or does not fit stays visible rather than raising.

    `{count} {count:row is|rows are} left out` agrees with its number. A parameter that is a message itself is filled
    first, and a list of them is written with commas, as far as a sentence can hold it.

    Args:
        translated: says a message id (and ", ", which parts the entries of a list) in the reader's language.
    """

    def worded(value: Any) -> Any:
        if is_message(value):
            return fill(translated(value["message"]), value.get("params", {}), translated)
        if isinstance(value, (list, tuple)):
            shown = [str(worded(part)) for part in value[:MOST_LISTED]]
            return translated(", ").join(shown + ["…"] * (len(value) > MOST_LISTED))
        return value

    def filled(found: re.Match[str]) -> str:
        name, digits, one, other = found.groups()
        if name not in params:
            return found[0]
        value = worded(params[name])
        if other is not None:
            return str(one if str(value) == "1" else other)
        try:
            return format(value, digits) if digits else str(value)
        except (TypeError, ValueError):
            return found[0]

    return _PLACEHOLDER.sub(filled, message)


def saying(message: str, **params: Any) -> dict[str, Any]:
    """A parameter that is a message itself, to be translated with the error; its own parameters may be such too."""
    return {"message": message, "params": params}


def is_message(value: Any) -> bool:
    """Whether a parameter is a message itself: `{"message": id, "params": {...}}`."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("message"), str)
        and isinstance(value.get("params", {}), dict)
    )


def error_classes() -> dict[str, type[BentuError]]:
    """Every error class by its code; modules that define errors must have been imported."""
    found: dict[str, type[BentuError]] = {}
    todo: list[type[BentuError]] = [BentuError]
    while todo:
        cls = todo.pop()
        found[cls.code] = cls
        todo.extend(cls.__subclasses__())
    return found


def error_from_json(data: dict[str, Any]) -> BentuError:
    """The error that `to_json` described; an unknown code, or one without what it needs, becomes `UnexpectedError`."""
    cls = error_classes().get(str(data.get("code")))
    params = data.get("params") or {}
    try:
        if cls is not None:
            return cls(**params)
    except TypeError:  # written by another version, or by somebody else
        pass
    return UnexpectedError(error_id=str(data.get("code")), detail=str(params))


def _rebuild(data: dict[str, Any]) -> BentuError:
    return error_from_json(data)


def N_(message: str) -> str:
    """Mark `message` for the catalogue without translating it here."""
    return message


class DataError(BentuError):
    code = "DATA_ERROR"


class RecipeError(BentuError):
    code = "RECIPE_ERROR"


class JobError(BentuError):
    code = "JOB_ERROR"


class BundleError(BentuError):
    code = "BUNDLE_ERROR"


class StorageError(BentuError):
    code = "STORAGE_ERROR"


class NotFound(BentuError):
    code = "NOT_FOUND"
    message = N_("There is no {kind} with the id {id} here.")
    remedy = N_("It may have been deleted. Go back to the list and choose again.")
    kinds = (
        N_("project"), N_("dataset"), N_("dataset version"), N_("split"), N_("run"), N_("job"), N_("upload"), N_("sample"),
    )  # fmt: skip

    def __init__(self, kind: Any, id: str) -> None:
        super().__init__(kind={"message": kind} if isinstance(kind, str) else kind, id=id)


class UnexpectedError(BentuError):
    """A failure that nobody foresaw; the traceback is in the log under `error_id`."""

    code = "UNEXPECTED"
    message = N_("Something unforeseen went wrong (error {error_id}): {detail}")
    remedy = N_(
        "Nothing was lost. Try again; if it happens again, send the log of this error to whoever runs Bentu here."
    )
