"""Whether the process answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def health(request: Request) -> Response:
    """Whether the process answers; says nothing about what is in it."""
    return JSONResponse({"status": "ok"})
