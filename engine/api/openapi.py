"""The description of the demo's HTTP interface (OpenAPI 3.1), made from the messages themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.api.messages import (
    DemoDescription,
    ErrorAnswer,
    Health,
    Message,
    Opinion,
    Prediction,
    Question,
    Receipt,
)

_MESSAGES = (DemoDescription, ErrorAnswer, Health, Opinion, Prediction, Question, Receipt)

_PROBLEMS: Mapping[int, str] = {
    403: "The request came under a foreign name or from a foreign page.",
    404: "There is no demo behind this link: it was never made, has expired or was revoked.",
    408: "The request did not come in whole in time.",
    409: "Other feedback on the same answer is stored already.",
    413: "The text, the comment or the whole request is too long.",
    415: "The request is not JSON.",
    422: "The request, the inputs or the answer's id are not as described.",
    429: "Too many requests; the header Retry-After says when to try again.",
    503: "The demo is paused, its model cannot answer, or feedback cannot be stored at the moment.",
}


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(openapi())


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document as plain data."""
    _, schemas = models_json_schema(
        [(m, "validation") for m in _MESSAGES], ref_template="#/components/schemas/{model}"
    )
    token = {
        "name": "token", "in": "path", "required": True, "schema": {"type": "string"},
        "description": "The last part of the demo's link, after `?d=`.",
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bentu demos",
            "version": "1",
            "description": "Ask a shared model and tell its owner whether the answer is right. "
            "Texts are stored only with feedback.",
        },
        "paths": {
            "/api/health": {"get": _operation("health", "Whether the process answers", {200: Health})},
            "/api/demos/{token}": {
                "parameters": [token],
                "get": _operation("describe", "What a visitor may know of a demo", {200: DemoDescription}, (404, 429)),
            },
            "/api/demos/{token}/predict": {
                "parameters": [token],
                "post": _operation(
                    "predict", "Ask the model", {200: Prediction}, (403, 404, 408, 413, 415, 422, 429, 503), Question
                ),
            },
            "/api/demos/{token}/feedback": {
                "parameters": [token],
                "post": _operation(
                    "feedback", "Say whether an answer is right", {201: Receipt, 200: Receipt},
                    (403, 404, 408, 409, 413, 415, 422, 429, 503), Opinion,
                ),
            },
        },
        "components": {"schemas": schemas["$defs"]},
    }  # fmt: skip


def _operation(
    name: str, summary: str, answers: Mapping[int, type[Message]], problems: tuple[int, ...] = (),
    body: type[Message] | None = None,
) -> dict[str, Any]:  # fmt: skip
    responses = {str(status): _response((m.__doc__ or "").split("\n")[0], m) for status, m in answers.items()}
    for status in problems:
        responses[str(status)] = _response(_PROBLEMS[status], ErrorAnswer)
        if status == 429:
            responses["429"]["headers"] = {
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
            }
    found: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    if body is not None:
        found["requestBody"] = {"required": True, "content": _content(body)}
    return found


def _response(description: str, message: type[Message]) -> dict[str, Any]:
    return {"description": description, "content": _content(message)}


def _content(message: type[Message]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{message.__name__}"}}}
