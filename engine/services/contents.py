"""The second step of a profile: a look into the inputs of a version, after its figures and in a job of its own.

Languages, wording and the checks of contents take some seconds; whoever looks at a version has the figures meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.data.checks import run_checks
from engine.data.profile import FORMAT, Profile, look_inside
from engine.data.table_view import TableView
from engine.jobs import queue
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.services import findings, importing, stored_versions
from engine.services.scope import Scope
from engine.storage.tables import dataset_version

JOB = "contents"


class Contents:
    """The looks into one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def job(self, version_id: str) -> Job | None:
        """The latest job that looked or looks into this version, however it ended."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        jobs = queue.list_jobs(self._scope.engine, self._scope.owner, project_id=row.project_id, kind=JOB)
        return next((job for job in jobs if job.spec["version"] == version_id), None)

    def start(self, version_id: str) -> Job:
        """Look into a version, as a job; once at a time. `Datasets.profile` is `complete` afterwards."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        former = self.job(version_id)
        if former is not None and former.active:
            return former
        key = f"{JOB}:{version_id}:{former.id if former else ''}"
        return self._scope.submit(JOB, {"version": version_id}, row.project_id, idempotency=key)


def look_inside_version(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "contents": what it finds is stored once all of it is there. Figures that are missing it takes first."""
    version_id = spec["version"]
    stored = scope.cached("profile", version_id)
    if stored is not None and stored.get("format") == FORMAT and stored["complete"]:
        return {"version_id": version_id}
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    if stored is None or stored.get("format") != FORMAT:
        importing.store_profile(context, scope, version_id, frame, schema)
        stored = scope.cached("profile", version_id)
    core = Profile.model_validate(stored)
    context.report("phase", name="checking_contents")
    table = TableView(frame, schema, modalities.get(schema.task))
    found = run_checks(
        table, "content", lambda share: context.report("progress", fraction=share * 0.4), context.check
    )
    context.report("phase", name="describing")
    profile = look_inside(
        table, core, found, lambda share: context.report("progress", fraction=0.4 + share * 0.6)
    )
    context.check()
    findings.keep(scope, version_id, found, "content")
    scope.cache("profile", version_id, profile.model_dump(mode="json"))
    return {"version_id": version_id}
