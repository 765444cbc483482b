"""What stands before the routes: foreign names and pages, uploads, paths, and the headers that restrain a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from engine.api.door import content_policy, demo_middleware, host_allowed, origin_allowed, studio_middleware
from engine.api.errors import accepted_locale
from tests.api.conftest import HOSTS, PAGE
from tests.api.serving import served


async def echo(request: Request) -> Response:
    return JSONResponse({"path": request.url.path})


async def stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


ROUTES = [
    WebSocketRoute("/_stcore/stream", stream),
    Route("/{rest:path}", echo, methods=["GET", "POST", "PUT", "DELETE"]),
]


@pytest.fixture(params=["demo", "studio"], scope="module")
def door(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    made = (
        demo_middleware(lambda: HOSTS, PAGE) if request.param == "demo" else studio_middleware(lambda: HOSTS)
    )
    with served(Starlette(routes=ROUTES, middleware=made)) as client:
        yield client


@pytest.fixture(scope="module")
def demo() -> Iterator[httpx.Client]:
    made = demo_middleware(lambda: HOSTS, PAGE)
    with served(Starlette(routes=ROUTES, middleware=made)) as client:
        yield client


PREDICT = "/api/demos/x/predict"


def own(client: httpx.Client) -> str:
    """The origin of the server's own pages."""
    return f"http://localhost:{client.base_url.port}"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8502", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1"],
)
def test_a_foreign_name_is_refused(door: httpx.Client, method: str, host: str) -> None:
    answer = door.request(method, PREDICT, headers={"Host": host, "Accept-Language": "zh"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "REQUEST_FOREIGN"


@pytest.mark.parametrize("host", ["localhost", "localhost:8502", "LOCALHOST.", "demo.example.org"])
def test_an_own_name_is_not(door: httpx.Client, host: str) -> None:
    assert door.post(PREDICT, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:9999", "http://localhost"]
)
def test_a_foreign_page_cannot_change_anything(door: httpx.Client, method: str, origin: str) -> None:
    assert door.request(method, PREDICT, headers={"Origin": origin}).status_code == 403


def test_an_own_page_can_also_behind_a_proxy_with_tls(door: httpx.Client) -> None:
    for origin in (own(door), own(door).replace("http:", "https:").upper()):
        assert door.post(PREDICT, headers={"Origin": origin}).status_code == 200
    proxied = {"Host": "demo.example.org", "Origin": "https://demo.example.org"}
    assert door.post(PREDICT, headers=proxied).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
def test_the_websocket_is_closed_to_foreign_names_and_pages(
    door: httpx.Client, headers: dict[str, str]
) -> None:
    address = own(door).replace("http", "ws") + "/_stcore/stream"
    with pytest.raises(InvalidStatus) as refused:
        _listen(address, headers)
    assert refused.value.response.status_code == 403
    assert _listen(address, {"Origin": own(door)}) == "in"
    assert _listen(address, {}) == "in"


def _listen(address: str, headers: dict[str, str]) -> str | bytes:
    port = urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port or 0)) as raw:
        host = headers.get("Host", f"localhost:{port}")
        rest = {k: v for k, v in headers.items() if k != "Host"}
        with connect(f"ws://{host}/_stcore/stream", sock=raw, additional_headers=rest, proxy=None) as opened:
            return opened.recv()


def test_probes_may_come_under_any_name(door: httpx.Client) -> None:
    for path in ("/api/health", "/_stcore/health"):
        assert door.get(path, headers={"Host": "10.0.0.7:8502"}).status_code == 200
        assert door.post(path, headers={"Host": "10.0.0.7:8502"}).status_code == 403


@pytest.mark.parametrize("path", ["/_stcore/upload_file", "/_stcore/upload_file/session/file.exe"])
def test_uploads_are_refused_before_they_are_read(demo: httpx.Client, path: str) -> None:
    sent = 0

    def body() -> Iterator[bytes]:
        nonlocal sent
        while sent < 500_000_000:
            sent += 1_000_000
            yield bytes(1_000_000)

    for method in ("PUT", "POST"):
        answer = demo.request(method, path, content=body(), headers={"Content-Type": "multipart/form-data"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "UPLOAD_REFUSED")
        assert answer.headers["connection"] == "close"
        assert sent < 100_000_000
    for method in ("GET", "DELETE", "OPTIONS"):
        assert demo.request(method, path).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/train", "/settings", "/_stcore/metrics", "/_stcore/agent/interact", "/_stcore/agent/openapi.json",
        "/component/x", "/oauth2callback", "/api/jobs", "/api/demos", "/api/demos/x/y", "/app/static/x",
        "/_stcore/script-health-check", "/_stcore/streams",
    ],
)  # fmt: skip
def test_nothing_but_the_demo_is_there(demo: httpx.Client, path: str) -> None:
    assert demo.get(path).status_code == 404
    assert demo.post(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/static/js/index.js", "/media/a.svg", "/favicon.png", "/api/openapi.json"]
)
def test_what_the_page_needs_is_there(demo: httpx.Client, path: str) -> None:
    assert demo.get(path).status_code == 200


def test_a_person_reads_words_and_a_program_json(demo: httpx.Client) -> None:
    seen = demo.get("/train", headers={"Accept": "text/html,*/*", "Accept-Language": "zh-CN"})
    assert seen.headers["content-type"].startswith("text/plain")
    assert seen.text.startswith("这个地址下没有内容。")
    assert json.loads(demo.get("/train").content)["error"]["code"] == "PATH_UNKNOWN"


@pytest.mark.parametrize("path", ["/", "/train", "/_stcore/upload_file/a/b"])
def test_every_answer_carries_the_headers(demo: httpx.Client, path: str) -> None:
    headers = demo.get(path).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_policy_allows_the_scripts_of_the_page_and_no_other_source() -> None:
    policy = dict(part.split(" ", 1) for part in content_policy(PAGE).split("; "))
    digest = base64.b64encode(hashlib.sha256(b"window.ready = false").digest()).decode()
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == "'none'"
    assert "http" not in content_policy(PAGE)


@pytest.mark.parametrize(
    ("host", "allowed", "expected"),
    [
        ("a.example", (), True), ("a.example", ("*",), True), ("", ("*",), False),
        ("x.a.example:1", ("*.a.example",), True), ("a.example", ("*.a.example",), False),
        ("xa.example", ("a.example",), False), ("[::1]:8501", ("::1",), True), ("a.example", ("A.Example.",), True),
    ],
)  # fmt: skip
def test_names(host: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert host_allowed(host, allowed) is expected


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "expected"),
    [
        ("https://a.example", "127.0.0.1:8502", ("localhost", "a.example"), True),
        ("https://x.a.example:444", "127.0.0.1:8502", ("*.a.example",), True),
        ("http://localhost:8502", "localhost:8501", ("localhost", "a.example"), False),
        ("http://localhost:8502", "localhost:8501", (), False),
        ("http://evil.example", "a.example", ("*",), False), ("http://evil.example", "a.example", (), False),
        ("http://[::1", "[::1", ("::1",), False), ("http://[::1]:8501", "[::1]:8501", ("::1",), True),
        ("null", "", (), False), ("", "a.example", (), False),
    ],
)  # fmt: skip
def test_origins(origin: str, host: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert origin_allowed(origin, host, allowed) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"), ("", "en"), ("zh-Hant-TW", "zh_CN"), ("en-GB,zh;q=0.9", "en"), ("zh;q=0.2, en;q=0.9", "en"),
        ("fr,ja;q=0.9,zh;q=0.1", "zh_CN"), ("de", "en"), ("zh;q=x", "en"), ("," * 10_000, "en"), ("*", "en"),
    ],
)  # fmt: skip
def test_the_language_of_a_request(header: str | None, expected: str) -> None:
    assert accepted_locale(header) == expected
