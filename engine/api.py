"""HTTP routes beside the pages, over the workspace like them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def health(request: Request) -> Response:
    """Whether the process answers; says nothing about what is in it."""
    return JSONResponse({"status": "ok"})


routes = [Route("/api/health", health, methods=["GET"])]
"""Routes that `app.py` mounts."""
