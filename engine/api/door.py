"""What stands before every request, as Starlette middleware: foreign names and pages, paths, uploads; and the headers behind.

A page elsewhere can point a name of its own at this machine (DNS rebinding) or post across sites; both show in the
`Host` and `Origin` headers, which a browser does not let a page choose.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.api.crowd import Crowd
from engine.api.errors import (
    PathUnknown,
    RequestError,
    RequestForeign,
    UploadElsewhere,
    UploadRefused,
    accepted_locale,
    error_answer,
)
from engine.i18n import render_error

Hosts = Callable[[], Sequence[str]]
"""The names under which this server may be reached, asked at each request: `*.example.org` for all below, `*` for any."""

_UPLOADER = "/_stcore/upload_file"
"""Where Streamlit's own uploader sends files."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_PROBES = ("/api/health", "/_stcore/health")
"""Asked by machines under whatever address they know; they say nothing."""

_OPEN = re.compile(
    r"/|/favicon\.png|/manifest\.json|/(static|media)/.*|/_stcore/(health|host-config|stream)"
    r"|/api/(health|openapi\.json)|/api/demos/[^/]+(/predict|/feedback)?"
)
"""All that the demo process answers to."""

_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def studio_middleware(hosts: Hosts) -> list[Middleware]:
    """For the studio: foreign hosts and origins stay outside, and files come in by `PUT /api/uploads` only."""
    return [Middleware(OwnOrigin, hosts=hosts), Middleware(NoUploader)]


def demo_middleware(hosts: Hosts, page: bytes) -> list[Middleware]:
    """For the demo process: as for the studio, and nothing but the demo page and its routes, without uploads,
    and to nobody more than a share of it.

    Args:
        hosts: Names under which it may be reached.
        page: The HTML page that starts Streamlit in the browser.
    """
    return [
        Middleware(SafeHeaders, policy=content_policy(page)),
        Middleware(OwnOrigin, hosts=hosts),
        Middleware(OnlyDemo),
        Middleware(Crowd),
    ]


def content_policy(page: bytes) -> str:
    """A Content-Security-Policy under which Streamlit's page works and nothing outside this server is fetched.

    Its inline scripts are allowed by their hashes; styles must be inline, as Streamlit makes them while it runs.
    """
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    hashes = "".join(f" 'sha256-{base64.b64encode(d).decode()}'" for d in digests)
    return "; ".join(
        (
            "default-src 'none'", f"script-src 'self'{hashes}", "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:", "font-src 'self' data:", "connect-src 'self'", "manifest-src 'self'",
            "worker-src 'self' blob:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        )
    )  # fmt: skip


class OwnOrigin:
    """Refuses what comes under a foreign name, and what a page of another origin wants to change or to open."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._own(scope):
            await _refuse(RequestForeign(), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _own(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS")
        if reads and scope["path"] in _PROBES:
            return True
        host = headers.get("host", "")
        if not host_allowed(host, self._hosts()):
            return False
        origin = headers.get("origin")
        # programs send none, and a browser always does where it matters
        return reads or origin is None or origin_allowed(origin, host, self._hosts())


def origin_allowed(origin: str, host: str, allowed: Sequence[str]) -> bool:
    """Whether a page of `origin` is this server's own: the same host and port, whatever the scheme behind a proxy.

    A proxy may also ask under another name than the page has; then the page's name must be one of `allowed` by name.
    Loopback names do not count there: another program on this computer is another site.
    """
    try:
        parts = urlsplit(origin)
        name = parts.hostname or ""
    except ValueError:
        return False
    if parts.netloc and parts.netloc.lower() == host.lower():
        return True
    named = [pattern for pattern in allowed if pattern.strip() != "*" and pattern not in _LOOPBACK]
    return name not in _LOOPBACK and bool(named) and host_allowed(parts.netloc, named)


def host_allowed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a Host header names one of `allowed`; ports do not count. Nothing allowed means everything is."""
    if not allowed:
        return True
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    patterns = [pattern.strip().lower().rstrip(".") for pattern in allowed]
    return bool(name) and any(
        p == "*" or name == p or (p.startswith("*.") and name.endswith(p[1:])) for p in patterns
    )


class NoUploader:
    """Shuts the door of Streamlit's own uploader, which keeps whole files in memory and counts nobody's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _UPLOADER in scope["path"]:  # also below a base path
            return await _refuse(UploadElsewhere(), scope, receive, send)
        await self._app(scope, receive, send)


class OnlyDemo:
    """Lets in what belongs to the demo page and its routes; every upload is refused before a byte of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path = scope["path"]
            if path.startswith(_UPLOADER):
                return await _refuse(UploadRefused(), scope, receive, send)
            if not _OPEN.fullmatch(path):
                return await _refuse(PathUnknown(), scope, receive, send)
        await self._app(scope, receive, send)


class SafeHeaders:
    """Puts the headers that restrain a browser on every answer. The link is a secret: no referrer leaves with it."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "X-Robots-Tag": "noindex, nofollow",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def _refuse(error: RequestError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
        return
    headers = Headers(scope=scope)
    answer = error_answer(error, headers.get("accept-language"))
    if "text/html" in headers.get("accept", ""):  # a person with a browser
        words = render_error(error, accepted_locale(headers.get("accept-language")))
        answer = PlainTextResponse("\n\n".join(words), error.status)
    answer.headers["Connection"] = "close"  # what follows of the request is not wanted
    await answer(scope, receive, send)
