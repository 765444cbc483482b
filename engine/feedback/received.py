"""What the demo process may hand over: feedback, counts and alerts, read as strictly as a stranger's letter.

Stage 6c (feedback).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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


class ErrorPayload(Payload):
    code: str = Field(max_length=100)
    params: dict[str, Any]


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
    except ValueError:
        return None


def fair_name(name: object) -> bool:
    """Whether this may be a demo's id or an idempotency key."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def digest(payload: object) -> str:
    """What a log may say of a payload: its SHA-256."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, default=repr).encode()).hexdigest()
