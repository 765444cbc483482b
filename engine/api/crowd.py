"""How much of the demo process one computer may take: open pages, their messages, and the time for a body.

What a visitor may *ask of a model* is counted by the desk (`engine/serving/limits.py`); this stands before it, where a
program could fill the process with open pages, each of which holds memory and a thread, without asking anything.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.api.errors import RequestSlow, error_answer
from engine.serving.limits import Buckets, Rate

PAGES_ADDRESS, PAGES_ALL = 40, 600
"""Pages (websockets) that may be open at once from one address, and from all."""

MESSAGES_PAGE = Rate(20, 100)
"""Messages of one page; a person with a keyboard sends a few. A page over it is closed."""

MESSAGES_ADDRESS = Rate(30, 200)
"""Messages of all pages of one address; over it they wait, as the class behind it did nothing wrong."""

TOKEN_BYTES = 65_536
"""Bytes of a message that one token pays for."""

BODY_SECONDS = 30.0
"""In which a request must have sent its body."""

_POLICY, _NO_TEXT = 1008, 1003


class Crowd:
    """Starlette middleware. Everything in it happens in one event loop, so it takes no locks.

    Args:
        factor: What an address may do is multiplied by it; `BENTU_DEMO_RATE`, 1 if not set.
        body_seconds: `BODY_SECONDS`.
        clock: Seconds that only grow (a test brings its own).
    """

    def __init__(
        self, app: ASGIApp, factor: float | None = None, body_seconds: float = BODY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        by = factor if factor is not None else float(os.environ.get("BENTU_DEMO_RATE") or 1)
        self._app, self._body_seconds, self._clock = app, body_seconds, clock
        self._most = max(1, round(PAGES_ADDRESS * by))
        self._pages: Counter[str] = Counter()
        self._open = 0
        self._messages = Buckets(Rate(MESSAGES_ADDRESS.rate * by, MESSAGES_ADDRESS.burst * by))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._page(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = neighbourhood(scope)
        if self._open >= PAGES_ALL or self._pages[address] >= self._most:
            await send({"type": "websocket.close", "code": 1013})  # before it is accepted: answered with 403
            return
        self._open += 1
        self._pages[address] += 1
        try:
            await self._pause(address)
            page = _Page(receive, send, self._clock, lambda size: self._pause(address, size))
            await self._app(scope, page.receive, page.send)
        finally:
            self._open -= 1
            self._pages[address] -= 1
            if not self._pages[address]:
                del self._pages[address]

    async def _pause(self, address: str, size: int = 0) -> None:
        """Count a message of this size, and wait where its address sends too many.

        Each page waits for its own message before it reads the next, so the queue is never longer than its pages.
        """
        at = self._clock()
        self._messages.take(address, at, _tokens(size))
        wait = self._messages.wait(address, at, 0)
        if wait > 0:
            await asyncio.sleep(wait)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        until = self._clock() + self._body_seconds
        complete = started = False

        async def in_time() -> Message:
            nonlocal complete
            if complete:  # what comes now is that the client has left, and it may stay as long as it likes
                return await receive()
            try:
                async with asyncio.timeout(until - self._clock()):
                    message = await receive()
            except TimeoutError:
                raise RequestSlow(seconds_allowed=round(self._body_seconds)) from None
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, in_time, watched)
        except RequestSlow as slow:  # from a route that does not answer for its failures itself
            if not started:
                languages = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
                await error_answer(slow, languages)(scope, receive, send)


class _Page:
    """The two directions of an open page, which is closed when it sends too much."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        clock: Callable[[], float],
        pause: Callable[[int], Awaitable[None]],
    ) -> None:
        self._receive, self._send, self._clock, self._pause = receive, send, clock, pause
        self._bucket = Buckets(MESSAGES_PAGE)
        self._closed = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        if message.get("bytes") is None:  # a page of Streamlit sends none, and Streamlit fails over it
            return await self._close(_NO_TEXT)
        size = len(message["bytes"])
        at = self._clock()
        if self._bucket.wait("", at, _tokens(size)) > 0:
            return await self._close(_POLICY)
        self._bucket.take("", at, _tokens(size))
        await self._pause(size)
        return message

    async def _close(self, code: int) -> Message:
        self._closed = True
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    async def send(self, message: Message) -> None:
        if not self._closed:  # the script may still be writing: nobody reads it
            await self._send(message)


def neighbourhood(scope: Scope) -> str:
    """The address that a connection comes from; of IPv6 its /64, as one computer has that many addresses."""
    host = str((scope.get("client") or ("", 0))[0])
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _tokens(size: int) -> int:
    return 1 + size // TOKEN_BYTES
