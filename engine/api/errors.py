"""Failures as JSON: a code for programs, two sentences in the reader's language, and never a traceback."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ClassVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from engine.errors import N_, BentuError, UnexpectedError
from engine.i18n import match_locale, render_error

log = logging.getLogger("bentu.api")

Endpoint = Callable[[Request], Awaitable[Response]]


class RequestError(BentuError):
    """Something about the request itself. `status` is the HTTP status."""

    code = "REQUEST_ERROR"
    status: ClassVar[int] = 400
    closes: ClassVar[bool] = False
    """Whether the answer ends the connection, as the rest of the request is not wanted."""


class RequestForeign(RequestError):
    code = "REQUEST_FOREIGN"
    message = N_("The request came under a name or from a page that is not this server's own.")
    remedy = N_(
        "Whoever runs it can allow further names: BENTU_DEMO_HOSTS for demos, STREAMLIT_SERVER_ALLOWED_HOSTS for the studio."
    )
    status = 403


class UploadRefused(RequestError):
    code = "UPLOAD_REFUSED"
    message = N_("Files are not accepted here.")
    remedy = N_("Enter the text itself.")
    status = 403


class UploadElsewhere(RequestError):
    code = "UPLOAD_ELSEWHERE"
    message = N_("Files are not accepted at this address.")
    remedy = N_("Use the field for files on the page.")
    status = 403


class PathUnknown(RequestError):
    code = "PATH_UNKNOWN"
    message = N_("There is nothing at this address.")
    remedy = N_("Check that the link is complete, or ask the person who sent it for a new one.")
    status = 404


class MethodUnknown(RequestError):
    code = "METHOD_UNKNOWN"
    message = N_("{method} is not possible at this address; possible is: {methods}.")
    remedy = N_("Check the method of the request.")
    status = 405


class NotJson(RequestError):
    code = "NOT_JSON"
    message = N_("The request must be JSON, with the header Content-Type: application/json.")
    remedy = N_("/api/openapi.json describes what is expected.")
    status = 415
    closes = True


class RequestInvalid(RequestError):
    code = "REQUEST_INVALID"
    message = N_("The request is not as described: {problem}.")
    remedy = N_("/api/openapi.json describes what is expected.")
    status = 422


class RequestTooLarge(RequestError):
    code = "REQUEST_TOO_LARGE"
    message = N_("The request is larger than {limit} bytes.")
    remedy = N_("Shorten it, and try again: nothing is cut off silently.")
    status = 413
    closes = True


class RequestSlow(RequestError):
    code = "REQUEST_SLOW"
    message = N_("The request did not come in whole within {seconds_allowed} seconds.")
    remedy = N_("Check the connection, and try again.")
    status = 408
    closes = True


class UploadNameInvalid(RequestError):
    code = "UPLOAD_NAME"
    message = N_("The file's name must come in UTF-8, percent-encoded, in the header X-Bentu-Name.")
    remedy = N_("Send the file from the page, or correct the header.")
    status = 422


class UploadSlow(RequestError):
    code = "UPLOAD_SLOW"
    message = N_(
        "The file came in too slowly: less than {rate} kB a second, or nothing for {seconds_idle} seconds."
    )
    remedy = N_("Check the connection, and try again.")
    status = 408


def answered(endpoint: Endpoint) -> Endpoint:
    """`endpoint` whose failures become JSON answers, also those that nobody foresaw."""

    @wraps(endpoint)
    async def careful(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BentuError as error:
            return error_answer(error, request.headers.get("accept-language"))
        except ClientDisconnect:  # who left reads no answer, and a log of it is only a disk that fills
            return Response(status_code=400)
        except Exception as problem:
            return error_answer(noted(problem), request.headers.get("accept-language"))

    return careful


def noted(problem: Exception) -> UnexpectedError:
    """What a stranger is told of a failure that nobody foresaw; the log has the places in the code under its id.

    The log is not given the message of the exception: it may quote what a visitor wrote.
    """
    error_id = secrets.token_hex(4)
    where = "".join(traceback.format_tb(problem.__traceback__))
    log.error("error %s: %s\n%s", error_id, type(problem).__name__, where)
    return UnexpectedError(error_id=error_id, detail=type(problem).__name__)


def error_answer(error: BentuError, accept_language: str | None, status: int | None = None) -> Response:
    """The JSON answer for `error`, with `Retry-After` where it says when to try again.

    Its status is `status`, else the error's own, else 500.
    """
    message, remedy = render_error(error, accepted_locale(accept_language))
    headers = {"Cache-Control": "no-store"}
    if "seconds" in error.params:
        headers["Retry-After"] = str(error.params["seconds"])
    if getattr(error, "closes", False):
        headers["Connection"] = "close"
    if "methods" in error.params:
        headers["Allow"] = str(error.params["methods"])
    body = {"error": {"code": error.code, "message": message, "remedy": remedy}}
    return JSONResponse(body, status or int(getattr(error, "status", 500)), headers)


def accepted_locale(header: str | None) -> str:
    """The catalogue for an Accept-Language header: the most wanted language that we have (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in (header or "").split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        quality = parameter.strip().removeprefix("q=") or "1"
        try:
            wanted.append((-float(quality), tag.strip()))
        except ValueError:
            continue
    for _, tag in sorted(wanted, key=lambda one: one[0]):
        if tag.split("-")[0].lower() in ("zh", "en"):
            return match_locale(tag)
    return "en"
