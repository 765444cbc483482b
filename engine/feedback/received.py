"""What the demo process may hand over: feedback, counts and alerts, read as strictly as a stranger's letter.

Stage 6c (feedback).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

import engine.packaging.bundle
import engine.prepare.steps  # noqa: F401  - with these, the codes that a demo process reports are known
from engine.errors import BundleError, error_classes
from engine.serving.errors import DemoError


def _storable(text: object) -> object:
    """PostgreSQL stores no NUL, and neither database half of a surrogate pair; the demo refuses both at its door."""
    if isinstance(text, str) and b"\0" in text.encode():
        raise ValueError("holds a NUL")
    return text


_Name = Annotated[str, BeforeValidator(_storable), Field(max_length=10_000)]
_Text = Annotated[str, BeforeValidator(_storable), Field(max_length=100_000)]


class Payload(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class FeedbackPayload(Payload):
    """What a stranger said of one answer."""

    model: int = Field(ge=1, lt=2**31)
    inputs: dict[_Name, _Text] = Field(min_length=1, max_length=1000)
    answer: _Name
    confidence: float = Field(ge=0, le=1)
    right: bool
    correction: _Name | None
    comment: _Text | None
    visitor: Annotated[str, Field(max_length=64, pattern="^[0-9a-f]*$")]
    locale: Literal["en", "zh_CN"]


class TallyPayload(Payload):
    """Visits and answers since the last tally."""

    visits: int = Field(ge=0, lt=2**31)
    answers: int = Field(ge=0, lt=2**31)


LONGEST_PARAM = 500
"""Characters of a parameter; what is beyond them is a program's text, and a page that nobody can open helps nobody."""


def _short(text: object) -> object:
    if isinstance(text, str) and len(text) > LONGEST_PARAM:
        return text[:LONGEST_PARAM] + "…"
    return text


def _reported(code: str) -> str:
    """A demo process tells of links and models; with any other code it would put words into the studio's mouth."""
    found = error_classes().get(code)
    if found is None or not issubclass(found, (DemoError, BundleError)):
        raise ValueError("no error of a demo process")
    return code


_Param = Annotated[str, Field(max_length=100, pattern="^[a-z_]+$")]
_Plain = Annotated[str, BeforeValidator(_storable), BeforeValidator(_short)] | int | float | bool | None


class Saying(Payload):
    """A parameter that is a message itself (`engine.errors.saying`)."""

    message: Annotated[str, BeforeValidator(_storable), Field(max_length=LONGEST_PARAM)]
    params: dict[_Param, _Plain] = Field(max_length=10)


class ErrorPayload(Payload):
    code: Annotated[str, Field(max_length=100), AfterValidator(_reported)]
    params: dict[_Param, _Plain | Saying] = Field(max_length=10)


class AlertPayload(Payload):
    """What the demo process could not do."""

    error: ErrorPayload


_NAME = re.compile(r"[!-~]{1,500}")

_KINDS: dict[str, type[Payload]] = {
    "feedback": FeedbackPayload,
    "tally": TallyPayload,
    "alert": AlertPayload,
}


def read_payload(kind: str, demo: str, key: str, payload: Mapping[str, Any]) -> Payload | None:
    """The payload of an inbox entry if it is what its kind says, else None."""
    model = _KINDS.get(kind)
    if model is None or not fair_name(demo) or not fair_name(key):
        return None
    try:
        return model.model_validate(payload)
    except (ValueError, RecursionError):
        return None


def fair_name(name: object) -> bool:
    """Whether this may be a demo's id or an idempotency key."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def digest(payload: object) -> str:
    """What a log may say of a payload: its SHA-256."""
    try:
        text = json.dumps(payload, sort_keys=True, default=repr)
    except RecursionError:
        return "too deep"
    return hashlib.sha256(text.encode()).hexdigest()
