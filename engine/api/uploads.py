"""`PUT /api/uploads`: a file from the uploader of a page, streamed to disk and never in memory as a whole.

The page brings a ticket in a header of our own, which no page elsewhere can send; who
asks from where was looked at by the door.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache
from urllib.parse import unquote_to_bytes

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from engine.api.crowd import neighbourhood
from engine.api.errors import UploadNameInvalid, UploadSlow, answered, error_answer
from engine.data.errors import FileTooLarge
from engine.errors import BentuError, DataError, StorageError
from engine.workspace import Arrival, withdraw_sent

TICKET, NAME = "x-bentu-upload", "x-bentu-name"

IDLE_SECONDS = 30.0
"""Without a byte, after which an upload is given up."""

LEAST_RATE = 4_000
"""Bytes a second that an upload must have had on average, once it is older than `IDLE_SECONDS`."""

DROP_SECONDS, DROP_BYTES = 3.0, 256 << 20
"""How much is read of a file that was refused, for the sender to see why."""

_PART = 256 << 10
_LONGEST_NAME = 16_000


@cache
def _disks() -> CapacityLimiter:
    """As many writers at once as a disk has use for."""
    return CapacityLimiter(8)


@answered
async def receive(request: Request) -> Response:
    """Take the file in; 201 with its id, its name and its size."""
    complete = False
    try:
        name = _name(request.headers.get(NAME, ""))
        address = neighbourhood(request.scope)
        arrival = Arrival(request.headers.get(TICKET, ""), name, _length(request), address)
        try:
            await _fill(arrival, request)
            complete = True
            upload = await to_thread.run_sync(arrival.finish, limiter=_disks())
        finally:
            arrival.close()
    except BentuError as error:
        answer = error_answer(error, request.headers.get("accept-language"), _status(error))
        return answer if complete else Parting(answer)
    said = {"id": upload.id, "name": upload.name, "size": upload.size}
    return JSONResponse(said, 201, {"Cache-Control": "no-store"})


class Parting(Response):
    """An answer to a request that is still coming in: it leaves at once, and the connection ends soon after.

    Closed with unread bytes, a connection is reset, and the sender may lose the answer; so some are read and dropped.
    """

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.body, answer.status_code, dict(answer.headers))
        self.headers["Connection"] = "close"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        dropped = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DROP_SECONDS):
                while dropped < DROP_BYTES:
                    message = await receive()
                    dropped += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        break
        await send({"type": "http.response.body", "body": b""})


@answered
async def withdraw(request: Request) -> Response:
    """Remove a file that the same tab sent and did not use; 204."""
    ticket, upload_id = request.headers.get(TICKET, ""), request.path_params["upload"]
    try:
        await to_thread.run_sync(withdraw_sent, ticket, upload_id)
    except BentuError as error:
        return error_answer(error, request.headers.get("accept-language"), getattr(error, "status", 404))
    return Response(status_code=204)


async def _fill(arrival: Arrival, request: Request) -> None:
    waiting = bytearray()
    async for part in _in_time(request):
        arrival.count(len(part))
        waiting += part
        if len(waiting) >= _PART:
            await to_thread.run_sync(arrival.write, bytes(waiting), limiter=_disks())
            waiting.clear()
    await to_thread.run_sync(arrival.write, bytes(waiting), limiter=_disks())


async def _in_time(request: Request) -> AsyncIterator[bytes]:
    """The parts of the body; raises `UploadSlow` when they come too slowly, `ClientDisconnect` when no more will."""
    slow = UploadSlow(rate=LEAST_RATE // 1000, seconds_idle=round(IDLE_SECONDS))
    parts = request.stream()
    began, size = time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise slow from None
        size += len(part)
        age = time.monotonic() - began
        if age > IDLE_SECONDS and size < LEAST_RATE * age:
            raise slow
        yield part


def _name(header: str) -> str:
    """The file's name as text; it is shown and otherwise of no consequence."""
    try:
        name = unquote_to_bytes(header.encode("ascii")).decode() if len(header) <= _LONGEST_NAME else ""
    except UnicodeError:
        name = ""
    if not name:
        raise UploadNameInvalid()
    return name


def _length(request: Request) -> int | None:
    """What the sender announces; the server has made sure that it is a number and that no more than it comes."""
    announced = request.headers.get("content-length")
    return int(announced) if announced is not None and announced.isdecimal() else None


def _status(error: BentuError) -> int:
    if isinstance(error, FileTooLarge):
        return 413
    if isinstance(error, StorageError):
        return 507
    return int(getattr(error, "status", 422 if isinstance(error, DataError) else 500))
