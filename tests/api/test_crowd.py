"""One computer cannot fill the demo process with open pages, messages or bodies that never end."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from engine.api import crowd
from engine.api.crowd import Crowd, neighbourhood
from engine.api.errors import answered
from tests.api.serving import served

left: list[int] = []


async def stream(page: WebSocket) -> None:
    """Says each message again, and once more after its visitor was shut out."""
    await page.accept()
    try:
        while True:
            await page.send_bytes(await page.receive_bytes())
    except WebSocketDisconnect as gone:
        left.append(gone.code)
        if gone.code == 1008:
            await page.send_bytes(b"nobody hears this")


async def read(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


ROUTES = [
    WebSocketRoute("/stream", stream),
    Route("/careful", answered(read), methods=["GET", "POST"]),
    Route("/careless", read, methods=["POST"]),
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(crowd, "PAGES_ADDRESS", 3)
    monkeypatch.setattr(crowd, "PAGES_ALL", 5)
    with served(Starlette(routes=ROUTES, middleware=[Middleware(Crowd, body_seconds=0.5)])) as client:
        yield client


def page(server: httpx.Client, address: str) -> ClientConnection:
    return connect(
        f"ws://localhost:{server.base_url.port}/stream", proxy=None,
        additional_headers={"X-Forwarded-For": address},
    )  # fmt: skip


def flood(opened: ClientConnection, message: bytes | str) -> int:
    """Send until the server has had enough; how often it answered."""
    for answers in range(1000):
        try:
            opened.send(message)
            opened.recv()
        except ConnectionClosed:
            return answers
    return 1000


def test_pages_of_one_address_and_of_all_are_counted(server: httpx.Client) -> None:
    with ExitStack() as opened:
        mine = [opened.enter_context(page(server, "10.0.0.1")) for _ in range(3)]
        with pytest.raises(InvalidStatus) as refused:
            page(server, "10.0.0.1")
        assert refused.value.response.status_code == 403
        assert server.get("/careful", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 200
        opened.enter_context(page(server, "10.0.0.2"))
        opened.enter_context(page(server, "10.0.0.3"))
        with pytest.raises(InvalidStatus):
            page(server, "10.0.0.4")
        mine[0].close()
        time.sleep(0.1)
        opened.enter_context(page(server, "10.0.0.1"))


def test_a_class_behind_one_address_gets_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTU_DEMO_RATE", "30")
    made = Crowd(Starlette())
    assert made._most == 30 * crowd.PAGES_ADDRESS
    assert made._messages.wait("a", 0.0, 10_000) == 0.0
    assert Crowd(Starlette(), factor=0.001)._most == 1


def test_a_page_that_sends_without_end_is_closed(
    server: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    left.clear()
    with page(server, "10.0.0.1") as mine, page(server, "10.0.0.2") as other:
        assert 100 <= flood(mine, b"x") < 300
        assert mine.close_code == 1008
        other.send(b"still there")
        assert other.recv() == b"still there"
    assert left[0] == 1008
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


def test_a_large_message_counts_as_many(server: httpx.Client) -> None:
    with page(server, "10.0.0.1") as mine:
        assert 4 <= flood(mine, b"x" * 1_000_000) <= 20
        assert mine.close_code == 1008


def test_text_is_not_what_a_page_sends(server: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with page(server, "10.0.0.1") as mine:
        assert flood(mine, "text") == 0
        assert mine.close_code == 1003
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


def test_an_address_over_its_rate_waits() -> None:
    clock = 0.0

    async def flood() -> float:
        made = Crowd(Starlette(), factor=1.0, clock=lambda: clock)
        for _ in range(int(crowd.MESSAGES_ADDRESS.burst)):
            await asyncio.wait_for(made._pause("a"), 0.5)
        began = time.monotonic()
        await asyncio.gather(*(made._pause("a") for _ in range(6)))
        spent = time.monotonic() - began
        await asyncio.wait_for(made._pause("b"), 0.15)
        return spent

    # a browser of other tests may keep a loop running in this thread
    with ThreadPoolExecutor(1) as apart:
        spent = apart.submit(lambda: asyncio.run(flood())).result()
    assert spent >= 6 / crowd.MESSAGES_ADDRESS.rate * 0.9


@pytest.mark.parametrize("path", ["/careful", "/careless"])
def test_a_body_that_does_not_end_is_answered_and_closed(server: httpx.Client, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", server.base_url.port or 0), timeout=10) as raw:
        raw.sendall(head)
        said = b""
        for _ in range(3):
            raw.sendall(b"x")
            time.sleep(0.1)
        while part := raw.recv(4096):
            said += part
    assert said.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_SLOW" in said
    assert b"connection: close" in said.lower()
    assert server.post(path, content=b"whole").text == "5"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("203.0.113.5", "203.0.113.5"), ("::ffff:203.0.113.5", "203.0.113.5"), ("testclient", "testclient"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"), ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("", ""),
    ],
)  # fmt: skip
def test_one_computer_is_one_address(host: str, expected: str) -> None:
    assert neighbourhood({"type": "websocket", "client": (host, 1)}) == expected


def test_without_an_address() -> None:
    assert neighbourhood({"type": "websocket", "client": None}) == ""
