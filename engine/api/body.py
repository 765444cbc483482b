"""Reading the body of a request: counted while it comes in, so that no length that a client claims is believed."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from engine.api.errors import NotJson, RequestInvalid, RequestTooLarge
from engine.api.messages import Message
from engine.errors import N_, saying

MAX_BODY = 400_000
"""Bytes. The longest text and comment that a demo reads fit, also with every character escaped (`\\ud83d\\ude00`, 12 bytes)."""

_SAID = {
    "json_invalid": N_("it is not valid JSON in UTF-8"),
    "missing": N_("the field {field} is missing"),
    "extra_forbidden": N_("there is no field {field}"),
    "model_type": N_("it is not a JSON object"),
}
"""What pydantic found wrong, in words that are translated."""

T = TypeVar("T", bound=Message)


async def read_message(request: Request, kind: type[T]) -> T:
    """The body as a message of `kind`.

    Raises:
        NotJson, RequestTooLarge, RequestInvalid
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson()  # also what keeps a form on another site from posting here
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise RequestTooLarge(limit=f"{MAX_BODY:,}")
        parts.append(part)
    try:
        return kind.model_validate_json(b"".join(parts))
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
        message = _SAID.get(first["type"], N_("the field {field} has a value of another kind"))
        field = ".".join(str(step) for step in first["loc"])[:100]
        raise RequestInvalid(problem=saying(message, field=field)) from None
