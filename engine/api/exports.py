"""`GET /api/exports/{job}`: a file that was written for a page of the studio, streamed from disk.

The id of its job is what opens it: a hundred random bits that only the page which asked for it knows.
"""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from engine.api.errors import answered, error_answer
from engine.errors import NotFound
from engine.workspace import Export, open_workspace


@answered
async def fetch(request: Request) -> Response:
    """The file as a download; 404 in words where there is none, or none any more."""
    try:
        found = await to_thread.run_sync(_find, request.path_params["job"])
    except NotFound as problem:
        return error_answer(problem, request.headers.get("accept-language"), 404)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return FileResponse(found.path, media_type=found.media, filename=found.name, headers=headers)


def _find(job_id: str) -> Export:
    return open_workspace().exports.file(job_id)
