"""The map of a version's examples: placed by a job, kept as a file, read by the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from engine.data.example_map import LEARNT, PLACED_BY_MODEL, ExampleMap, map_examples
from engine.data.schema import ROW_ID
from engine.data.table_view import TableView
from engine.errors import NotFound
from engine.jobs.context import JobContext
from engine.jobs.job import Job, Lane
from engine.modality import modalities
from engine.models import embeddings, presets
from engine.models.family import Training
from engine.packaging.bundle import unpack
from engine.recipe import read_recipe
from engine.services import map_sources, splits, stored_versions
from engine.services.map_sources import PRESET, RUN, WORDS, MapSource
from engine.services.prepared import prepare
from engine.services.scope import Scope
from engine.serving.predictor import load_model
from engine.storage import artifacts
from engine.storage.home import folder
from engine.storage.tables import dataset_version, new_id, result, run

RESULT = "map"
FORMAT = 3
"""Of the stored map; one of another format is made anew."""


class Maps:
    """The maps of one owner's versions."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def sources(self, version_id: str) -> Sequence[MapSource]:
        """What can place the examples, and which finished runs cannot; words come first."""
        return map_sources.sources(self._scope, version_id)

    def get(self, version_id: str, source: str = WORDS) -> ExampleMap | None:
        """The map of a version by one of its `sources`, or None until its job ran."""
        self._scope.row(dataset_version, version_id, "dataset version")
        stored = self._scope.cached(RESULT, _key(version_id, source))
        if stored is None or stored["format"] != FORMAT:
            return None
        places = pd.read_parquet(artifacts.path(stored["places"]))
        return ExampleMap(places, stored["rows"], stored["kept"], stored["left_out"])

    def start(self, version_id: str, source: str = WORDS) -> Job:
        """Place the examples of a version, as a job; a foundation model needs TensorFlow and waits behind trainings."""
        row = self._scope.row(dataset_version, version_id, "dataset version")
        spec = {"version": version_id, "source": source}
        lane: Lane = "training" if source.startswith(PRESET) else "short"
        return self._scope.submit("map", spec, row.project_id, lane=lane)


def make_map(context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Work of the job "map"."""
    version_id, source = spec["version"], spec.get("source", WORDS)
    kind, _, which = source.partition(":")
    context.report("phase", name="loading")
    frame, schema = stored_versions.load_table(scope, version_id)
    table = TableView(frame, schema, modalities.get(schema.task))
    if kind == RUN:
        found = _by_run(context, scope, version_id, which, table)
    elif kind == PRESET:
        preset = presets.find(which)
        context.report("phase", name="reading_texts")
        line = Training(context.report, context.stop, context.folder)
        found = map_examples(
            table, PLACED_BY_MODEL, lambda texts: embeddings.preset_embeddings(preset, list(texts), line)
        )
    else:
        context.report("phase", name="placing")
        found = map_examples(table)
    context.check()
    target = folder("tmp") / f"{new_id('tmp')}.parquet"
    try:
        found.places.to_parquet(target, index=False)
        places = artifacts.put_file(target)
    finally:
        target.unlink(missing_ok=True)
    kept = {
        "format": FORMAT, "places": places, "rows": found.rows, "kept": found.kept, "left_out": found.left_out,
    }  # fmt: skip
    scope.cache(RESULT, _key(version_id, source), kept)
    return {"version_id": version_id}


def _by_run(context: JobContext, scope: Scope, version_id: str, run_id: str, table: TableView) -> ExampleMap:
    """The map by what the last layer of a run's network reads.

    Rows of the test part have no place: where a trained model puts rows of known class shows how well it does on them.
    """
    row = scope.row(run, run_id, "run")
    if row.bundle is None:
        raise NotFound(kind="run", id=run_id)  # deleted since
    data = prepare(scope, read_recipe(row.recipe), context.report, row.split_id)
    sealed = {*data.parts.index[data.parts == "test"]}
    if divided := splits.current(scope, version_id):
        parts = splits.assignment(scope, divided.id)
        sealed.update(parts.index[parts == "test"])
    context.report("phase", name="reading_texts")
    artifacts.verify(row.bundle)
    model = load_model(unpack(artifacts.path(row.bundle), context.folder / "bundle"))

    def progress(share: float) -> None:
        context.report("progress", fraction=share)
        context.check()

    found = map_examples(table, PLACED_BY_MODEL, lambda texts: model.vectors(list(texts), progress), sealed)
    learnt = data.frame[ROW_ID].to_numpy()[data.labelled("train")]
    found.places[LEARNT] = found.places[ROW_ID].isin(learnt)
    return found


def forget_run(connection: Connection, owner: str, run_id: str) -> None:
    """Remove the maps by a run that is being deleted."""
    mine = (result.c.owner == owner, result.c.kind == RESULT)
    of_run = result.c.key.endswith(f":{map_sources.of_run(run_id).id}", autoescape=True)
    connection.execute(result.delete().where(*mine, of_run))


def _key(version_id: str, source: str) -> str:
    return f"{version_id}:{source}"
