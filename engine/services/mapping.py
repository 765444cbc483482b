"""The map of a version's examples: placed by a job, kept as a file, read by the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from engine.data.example_map import ExampleMap, map_examples
from engine.data.table_view import TableView
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.modality import modalities
from engine.services import stored_versions
from engine.services.scope import Scope
from engine.storage import artifacts
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id

RESULT = "map"
FORMAT = 2
"""Of the stored map; one of another format is made anew."""


class Maps:
    """The maps of one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, version_id: str) -> ExampleMap | None:
        """The map of a version, or None until its job ran."""
        self._scope.row(dataset_version, version_id, "dataset version")
        stored = self._scope.cached(RESULT, version_id)
        if stored is None or stored["format"] != FORMAT:
            return None
        return ExampleMap(pd.read_parquet(artifacts.path(stored["places"])), stored["rows"], stored["kept"])

    def start(self, version_id: str) -> Job:
        """Place the examples of a version, as a job."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        return self._scope.submit("map", {"version": version_id}, row.project_id)


def make_map(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "map"."""
    version_id = spec["version"]
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    context.report("phase", name="placing")
    found = map_examples(TableView(frame, schema, modalities.get(schema.task)))
    context.check()
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        found.places.to_parquet(target, index=False)
        places = artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)
    scope.cache(
        RESULT, version_id, {"format": FORMAT, "places": places, "rows": found.rows, "kept": found.kept}
    )
    return {"version_id": version_id}
