"""Files sent to the studio as a tab sends them, and what is left of those that did not come in."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette

from engine.api import studio_routes
from engine.api.door import studio_middleware
from engine.services.upload_budget import UploadBudget
from engine.storage.home import folder
from engine.workspace import Workspace
from tests.api.conftest import HOSTS
from tests.api.serving import served

TABLE = b"text,label\n" + b"good food,praise\n" * 100
TAB = "tab-1"

Put = Callable[..., httpx.Response]


@contextmanager
def studio_door() -> Iterator[httpx.Client]:
    """A client of the studio's routes, behind its door."""
    with served(Starlette(routes=studio_routes, middleware=studio_middleware(lambda: HOSTS))) as client:
        yield client


def sender(client: httpx.Client, workspace: Workspace) -> Put:
    """`put(content, name, limit=..., table=..., **headers)` sends a file as the tab `TAB` does."""

    def put(content: Any = TABLE, name: str = "a.csv", *, limit: int = 1 << 20, table: bool = True, **headers: str) -> httpx.Response:  # fmt: skip
        sent = {"X-Bentu-Upload": workspace.uploads.ticket(TAB, limit, table), "X-Bentu-Name": quote(name)}
        sent |= {k.replace("_", "-"): v for k, v in headers.items()}
        return client.put("/api/uploads", content=content, headers=sent)

    return put


@contextmanager
def begun(client: httpx.Client, ticket: str, length: str) -> Iterator[socket.socket]:
    """A request of which only the head was sent, with the header that tells its length."""
    with socket.create_connection(("localhost", client.base_url.port), 10) as raw:
        raw.sendall(
            f"PUT /api/uploads HTTP/1.1\r\nHost: localhost\r\nX-Bentu-Upload: {ticket}\r\nX-Bentu-Name: a.csv\r\n{length}\r\n\r\n".encode()
        )
        yield raw


def code(answer: httpx.Response) -> str:
    """The code of the error that the server answered with."""
    found: str = answer.json()["error"]["code"]
    return found


def settled(budget: UploadBudget, seconds: float = 5.0) -> None:
    """Wait until the server has put away what was cut, and see that it has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and (
        budget.in_flight or budget.at_once or list(folder("uploads").iterdir())
    ):
        time.sleep(0.02)
    assert budget.in_flight == 0
    assert not budget.at_once
    assert list(folder("uploads").iterdir()) == []
