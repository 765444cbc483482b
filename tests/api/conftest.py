"""The demo process' routes and door over a published demo, in the test's process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from engine.api import demo_routes
from engine.api.door import demo_middleware
from engine.packaging.signing import SigningKey
from engine.workspace import close_desks
from tests.api.serving import served
from tests.published import TOKEN, publish, studio_key

PAGE = b"<html><script>window.ready = false</script><script src=x></script></html>"
HOSTS = ("localhost", "demo.example.org")

Ask = Callable[..., Any]


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return studio_key(tmp_path)


@pytest.fixture
def published(bentu_home: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of a demo process with one demo under `TOKEN`."""
    monkeypatch.setenv("BENTU_DEMO_KEY", key.public)
    publish(bentu_home, key)
    yield bentu_home
    close_desks()


@pytest.fixture
def client(published: Path) -> Iterator[httpx.Client]:
    app = Starlette(routes=demo_routes, middleware=demo_middleware(lambda: HOSTS, PAGE))
    with served(app) as opened:
        opened.headers["X-Forwarded-For"] = "203.0.113.5"
        yield opened


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    """`ask("predict", {...})` posts JSON to a route of the demo."""

    def post(route: str, body: Any, token: str = TOKEN, **headers: str) -> Any:
        return client.post(f"/api/demos/{token}/{route}", json=body, headers=headers)

    return post
