"""Foundation models on this machine: what there is, what can be had, taking one over, fetching one from the hub."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.models.preset_catalogue import CATALOGUE, known
from engine.models.preset_import import import_preset
from engine.models.presets import HubUnreachable, Preset, PresetUnlisted, everything
from engine.storage.home import folder, require_space

HUB = "huggingface.co"
_WANTED = ("*.json", "*.safetensors", "vocab.txt", "merges.txt", "sentencepiece.bpe.model")
_PATIENCE = 5.0


@dataclass(frozen=True)
class PresetLine:
    """One foundation model as a list shows it; `here` says whether it is on this machine."""

    name: str
    title: str
    architecture: str
    languages: tuple[str, ...]
    parameters: int
    megabytes: float
    licence: str
    source: str
    here: bool


def list_presets() -> list[PresetLine]:
    """Those on this machine first, then the others of the catalogue."""
    found = everything()
    lines = [
        PresetLine(
            p.name, entry.title if (entry := known(p.name)) else p.name, p.architecture,
            (" → ".join(p.translates),) if p.translates else p.languages, p.facts.parameters,
            p.megabytes, p.licence, p.source, here=True,
        )
        for p in found
    ]  # fmt: skip
    have = {p.name for p in found}
    return lines + [
        PresetLine(
            e.name, e.title, e.architecture, e.languages, e.parameters, e.megabytes, e.licence, e.source, here=False
        )
        for e in CATALOGUE
        if e.name not in have
    ]  # fmt: skip


def take_over(
    source: Path, name: str | None, languages: Sequence[str] = (), translates: tuple[str, str] | None = None
) -> Preset:
    """Import a folder under BENTU_HOME/presets; see `import_preset` for what is refused.

    Args:
        source: the folder.
        name: of the preset; by default the folder's, in small letters.
        languages: ISO codes that the model has read; the catalogue's where it knows the name.
        translates: ISO codes of the languages from and into which it translates, of a model that does.
    """
    require_space()
    chosen = name or source.resolve().name.lower()
    return import_preset(source, folder("presets"), chosen, languages, translates=translates)


def fetch(name: str) -> Preset:
    """Get a model of the catalogue from the hub and import it.

    Raises:
        PresetUnlisted: the catalogue has no such model.
        HubUnreachable: before anything was begun, where there is no way to the hub.
    """
    entry = known(name)
    if entry is None:
        raise PresetUnlisted(name=name, known=", ".join(e.name for e in CATALOGUE))
    require_space()
    _require_hub(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    into = folder("presets")
    with tempfile.TemporaryDirectory(dir=into, prefix=".fetch-") as where:
        try:
            snapshot_download(
                entry.source, local_dir=where, allow_patterns=list(_WANTED), ignore_patterns=["*/*"]
            )
        except (OSError, HfHubHTTPError) as problem:
            raise HubUnreachable(name=name, host=HUB, problem=str(problem)[:300]) from problem
        return import_preset(Path(where), into, name)


def _require_hub(name: str) -> None:
    try:
        socket.create_connection((HUB, 443), timeout=_PATIENCE).close()
    except OSError as problem:
        raise HubUnreachable(name=name, host=HUB, problem=problem.strerror or str(problem)) from None
