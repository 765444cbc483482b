"""What is asked under /api and is not there: answered in JSON, where Streamlit would send the page of the app."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from engine.api.errors import MethodUnknown, PathUnknown, RequestError, error_answer


def elsewhere(routes: Sequence[Route]) -> list[Route]:
    """Routes that stand behind `routes`: 405 for another method at a known address, 404 for everything else."""
    answer = _Elsewhere(routes)
    return [Route("/api", answer), Route("/api/{rest:path}", answer)]


class _Elsewhere:
    """An application and not a function, so that Starlette asks it for any method."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = [r for r in self._routes if r.matches(scope)[0] is not Match.NONE]
        error: RequestError = PathUnknown()
        if found:
            methods = sorted({m for route in found for m in route.methods or ()})
            error = MethodUnknown(method=str(scope["method"])[:20], methods=", ".join(methods))
        await error_answer(error, Headers(scope=scope).get("accept-language"))(scope, receive, send)
