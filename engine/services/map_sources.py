"""What can say where the examples of a version lie: their words, a network trained on them, a foundation model as it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import select

from engine.data.schema import Schema
from engine.errors import N_
from engine.models.family import families
from engine.models.presets import Preset, installed
from engine.services import lineage, stored_versions
from engine.services.scope import Scope
from engine.storage.database import read
from engine.storage.tables import dataset_version, run

Kind = Literal["words", "run", "preset"]
WORDS: Kind = "words"
RUN: Kind = "run"
PRESET: Kind = "preset"

_NO_NETWORK = N_(
    "only networks have vectors of their own; a linear model weighs words and characters, as the map by words does"
)
_OTHERWISE = N_("it reads other columns than this version has as its text")


@dataclass(frozen=True)
class MapSource:
    """One of them.

    Args:
        id: as `Maps` takes it: "words", "run:" and an id, or "preset:" and a `Preset.reference`.
        name: of the run or the foundation model; "" for words.
        languages: ISO codes that a foundation model has read.
        lacking: why it cannot place these examples, a message id; None where it can.
    """

    id: str
    name: str = ""
    languages: tuple[str, ...] = ()
    lacking: str | None = None

    @property
    def kind(self) -> Kind:
        """What it is."""
        return cast(Kind, self.id.partition(":")[0])


def sources(scope: Scope, version_id: str) -> list[MapSource]:
    """Words first, then the finished runs of the version's lineage, newest first, then the foundation models on this machine."""
    return [MapSource(WORDS), *_runs(scope, version_id), *map(_of_preset, installed())]


def of_run(run_id: str, name: str = "", lacking: str | None = None) -> MapSource:
    """A finished run as a source."""
    return MapSource(f"{RUN}:{run_id}", name, lacking=lacking)


def _of_preset(preset: Preset) -> MapSource:
    """A foundation model as a source; one that is imported with other weights is another source."""
    return MapSource(f"{PRESET}:{preset.reference}", preset.name, preset.languages)


def _runs(scope: Scope, version_id: str) -> Iterator[MapSource]:
    """Networks keep vectors in their last layer; they can read the version where it has their input columns."""
    networks = {family.name for family in families if family.needs_tensorflow}
    inputs = stored_versions.schema_of(scope.row(dataset_version, version_id, "dataset version")).names(
        "input"
    )
    with read(scope.engine) as connection:
        rows = connection.execute(
            select(run.c.id, run.c.name, run.c.family, dataset_version.c.schema)
            .join(dataset_version, dataset_version.c.id == run.c.version_id)
            .where(
                run.c.owner == scope.owner, run.c.version_id.in_(lineage.kin(connection, version_id)),
                run.c.bundle.is_not(None), run.c.deleted.is_(None),
            )
            .order_by(run.c.created.desc(), run.c.id)
        ).all()  # fmt: skip
    for row in rows:
        lacking = None
        if row.family not in networks:
            lacking = _NO_NETWORK
        elif Schema.model_validate(row.schema).names("input") != inputs:
            lacking = _OTHERWISE
        yield of_run(row.id, row.name, lacking)
