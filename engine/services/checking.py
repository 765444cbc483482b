"""The deep checks of a version: near-duplicates, label errors and the like, after the profile and in a job of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.data.checks import run_checks
from engine.data.table_view import TableView
from engine.jobs.context import JobContext
from engine.modality import modalities
from engine.services import findings, stored_versions
from engine.services.scope import Scope


def check_deeply(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "deep_checks": all checks of that stage; what they find is stored once the last one is done."""
    version_id = spec["version"]
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    context.report("phase", name="checking_deeply")
    table = TableView(frame, schema, modalities.get(schema.task))
    found = run_checks(table, "deep", lambda share: context.report("progress", fraction=share), context.check)
    context.check()
    findings.keep(scope, version_id, found, "deep")
    return {"version_id": version_id, "findings": len(found)}
