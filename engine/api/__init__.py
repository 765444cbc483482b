"""HTTP routes beside the pages, over the workspace like them: `studio_routes` and `demo_routes`, which `app.py` mounts.

`door.py` is what stands before them: which host, origin and path may come in at all; `crowd.py` is how much one may take.
"""

from __future__ import annotations

from starlette.routing import Route

from engine.api.demos import describe, feedback, predict
from engine.api.elsewhere import elsewhere
from engine.api.exports import fetch
from engine.api.health import health
from engine.api.openapi import document
from engine.api.uploads import receive, withdraw

__all__ = ["demo_routes", "studio_routes"]

_health = Route("/api/health", health, methods=["GET"])
_demos = [
    _health,
    Route("/api/openapi.json", document, methods=["GET"]),
    Route("/api/demos/{token}", describe, methods=["GET"]),
    Route("/api/demos/{token}/predict", predict, methods=["POST"]),
    Route("/api/demos/{token}/feedback", feedback, methods=["POST"]),
]

_uploads = [
    Route("/api/uploads", receive, methods=["PUT"]),
    Route("/api/uploads/{upload}", withdraw, methods=["DELETE"]),
]

_exports = Route("/api/exports/{job}", fetch, methods=["GET"])

studio_routes = [_health, *_uploads, _exports, *elsewhere([_health, *_uploads, _exports])]
"""What the studio answers beside its pages."""

demo_routes = [*_demos, *elsewhere(_demos)]
"""What strangers may ask of the demo process beside its page."""
