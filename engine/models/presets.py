"""Foundation models on this machine: BENTU_HOME/presets/NAME, each checked when it was imported.

Stage 3 (models). A preset is a folder of `config.json`, weights (safetensors, or Keras' `model.weights.h5`), `tokenizer.json` and
`preset.json`, which holds what `PresetFacts` says and a digest of every file. Reading it imports no TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import N_, RecipeError
from engine.models.family import Unsuitable
from engine.models.preset_errors import PresetChanged, PresetDamaged, PresetMissing

ARCHITECTURES = {
    "bert": "BertBackbone",
    "distilbert": "DistilBertBackbone",
    "roberta": "RobertaBackbone",
    "xlm_roberta": "XLMRobertaBackbone",
    "albert": "AlbertBackbone",
    "deberta_v3": "DebertaV3Backbone",
    "bart": "BartBackbone",
}
"""What is read here, and the class of KerasHub that builds it."""

TRANSLATORS = ("bart",)
"""What can translate."""

ENCODERS = tuple(kind for kind in ARCHITECTURES if kind not in TRANSLATORS)
"""What can be adapted to classes."""

RECORD = "preset.json"
CONFIG = "config.json"
KERAS_WEIGHTS = "model.weights.h5"
MOST_PARAMETERS = 500_000_000
"""A served file holds at most 2 GB; larger models could be trained, but not be answered with."""


@dataclass(frozen=True)
class PresetFacts:
    """The shape of a model: lengths in numbers, tokens and layers."""

    layers: int
    heads: int
    hidden: int
    intermediate: int
    vocabulary: int
    max_length: int
    parameters: int


@dataclass(frozen=True)
class Preset:
    """A foundation model on this machine.

    Args:
        name: as recipes name it.
        folder: where it lies.
        architecture: one of `ARCHITECTURES`.
        form: how its weights are written.
        languages: ISO codes that it has read, as far as known.
        licence, source: of its publisher, as far as known.
        digest: of all its files.
        files: SHA-256 of each.
        translates: from which language into which, of one that does.
    """

    name: str
    folder: Path
    architecture: str
    form: Literal["keras", "hugging_face"]
    languages: tuple[str, ...]
    licence: str
    source: str
    facts: PresetFacts
    digest: str
    files: Mapping[str, str]
    translates: tuple[str, str] | None = None

    @property
    def reference(self) -> str:
        """Its name and which copy it is, as a recipe says it that must be repeated with the same one."""
        return f"{self.name}@{self.digest[:16]}"

    @property
    def megabytes(self) -> float:
        """What its files take on the disk; one that is gone takes nothing, and is said where the model is used."""
        held = 0
        for name in self.files:
            with suppress(OSError):
                held += (self.folder / name).stat().st_size
        return held / 1e6

    def coverage(self, languages: Mapping[str, int]) -> float:
        """Share of the texts, counted by language code, that are in a language it has read."""
        total = sum(languages.values())
        return sum(count for code, count in languages.items() if code in self.languages) / max(total, 1)


def presets_home() -> Path:
    """Where presets lie; it may not exist yet."""
    return Path(os.environ.get("BENTU_HOME") or Path.home() / ".bentu").expanduser().absolute() / "presets"


def everything() -> list[Preset]:
    """All presets on this machine by name; a folder without a readable record is passed over."""
    records = sorted(presets_home().glob(f"*/{RECORD}"))
    found = (read_record(record) for record in records if not record.parent.name.startswith("."))
    return [preset for preset in found if preset is not None]


def installed() -> list[Preset]:
    """Those that can be adapted to classes."""
    return [preset for preset in everything() if preset.architecture in ENCODERS]


def translators() -> list[Preset]:
    """Those that translate."""
    return [preset for preset in everything() if preset.translates]


def find(reference: str) -> Preset:
    """The preset that a recipe means, by its name alone or as `Preset.reference` says it.

    Raises:
        PresetMissing: there is none of that name.
        PresetChanged: another copy than the one that is meant lies there.
    """
    name, _, copy = reference.partition("@")
    preset = next((one for one in everything() if one.name == name), None)
    if preset is None:
        raise PresetMissing(name=name)
    if copy and preset.reference != reference:
        raise PresetChanged(name=name)
    return preset


def here(reference: str) -> Preset | None:
    """As `find`, and None where that is not on this machine."""
    try:
        return find(reference)
    except RecipeError:
        return None


def unavailable(reference: str, architectures: Collection[str] = ENCODERS) -> Unsuitable | None:
    """Why a model of these architectures that a recipe means cannot be used, None where it can."""
    try:
        preset = find(reference)
    except RecipeError as problem:
        return Unsuitable(problem.message, problem.params)
    if preset.architecture not in architectures:
        return Unsuitable(
            N_("“{name}” is of the kind {found}; here one of these is needed: {known}."),
            {"name": preset.name, "found": preset.architecture, "known": ", ".join(architectures)},
        )
    return None


def offered() -> dict[str, str]:
    """References of those that can be adapted to classes, each with its name."""
    return {preset.reference: preset.name for preset in installed()}


def check(preset: Preset) -> None:
    """Compare every file with its digest; raises `PresetDamaged` with the first that changed."""
    for name, digest in preset.files.items():
        path = preset.folder / name
        if not path.is_file() or file_digest(path) != digest:
            raise PresetDamaged(file=str(path), problem={"message": N_("is not what was imported")})


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(preset: Preset) -> dict[str, Any]:
    """What `preset.json` holds."""
    return {
        "architecture": preset.architecture, "form": preset.form, "languages": list(preset.languages), "licence": preset.licence,
        "source": preset.source, "facts": vars(preset.facts), "digest": preset.digest, "files": dict(preset.files),
        "translates": list(preset.translates) if preset.translates else None,
    }  # fmt: skip


def read_record(path: Path) -> Preset | None:
    """The preset that a `preset.json` tells of, None where it cannot be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Preset(
            name=path.parent.name, folder=path.parent, architecture=said["architecture"], form=said["form"],
            languages=tuple(said["languages"]), licence=said["licence"], source=said["source"],
            facts=PresetFacts(**said["facts"]), digest=said["digest"], files=said["files"],
            translates=tuple(said["translates"]) if said.get("translates") else None,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None
