"""Foundation models on this machine: what there is, what can be had, and taking over what somebody named."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from engine.data.languages import recognised
from engine.jobs.context import JobContext
from engine.jobs.job import Job
from engine.models.foundation_cost import memory_to_read
from engine.models.preset_catalogue import CATALOGUE, known
from engine.models.preset_errors import PresetMissing, PresetNoFolder, PresetUnlisted
from engine.models.preset_import import import_preset
from engine.models.presets import TRANSLATORS, Preset, everything, find
from engine.recipe import Part, Recipe
from engine.services import splits
from engine.services.preset_hub import FETCHING, OnHub, Progress, fetched, look
from engine.services.scope import Scope
from engine.storage.errors import DiskFull
from engine.storage.home import folder, free_mb, home, require_space
from engine.storage.locks import lock
from engine.storage.tables import dataset_version

_HUB = "hf://"
_HANDLE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
"""How KerasHub names its models; the hub has them under its own name."""

AnyPart = TypeVar("AnyPart", bound=Part)


@dataclass(frozen=True)
class PresetLine:
    """One foundation model as a list shows it; `memory` are bytes that a worker takes, `here` is whether it is on this machine."""

    name: str
    title: str
    architecture: str
    languages: tuple[str, ...]
    parameters: int
    megabytes: float
    memory: int
    licence: str
    source: str
    here: bool


@dataclass(frozen=True)
class PresetOffer:
    """What would come from the hub for what was `asked`, before it does: `files` with their bytes, where they go, and bytes free and needed there."""

    asked: str
    name: str
    host: str
    licence: str
    files: Sequence[tuple[str, int]]
    place: str
    free: int
    needed: int

    @property
    def size(self) -> int:
        """Bytes that are fetched."""
        return sum(count for _, count in self.files)


class Presets:
    """Foundation models as the pages handle them: all projects of this machine share them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def list(self) -> Sequence[PresetLine]:
        """Those on this machine first, then the others of the catalogue."""
        return list_presets()

    def familiar(self, version_id: str) -> Mapping[str, float]:
        """By name, the share of a version's train texts in a language that the model has read, of those whose language is recognised.

        Models that do not say what they have read are left out, and so are all where no language is recognised.
        """
        self._scope.row(dataset_version, version_id, "dataset version")
        counts = splits.facts(self._scope, version_id).extra.get("languages") or {}
        told = {code: count for code, count in counts.items() if recognised(code)}
        total = sum(told.values())
        return {
            line.name: sum(count for code, count in told.items() if code in line.languages) / total
            for line in list_presets()
            if total and line.languages and line.architecture not in TRANSLATORS
        }

    def offer(self, asked: str) -> PresetOffer | None:
        """What `bring` would fetch from the hub, looked up there; None where nothing has to come from it.

        Raises:
            PresetMissing, PresetChanged, PresetNoFolder, HubUnreachable, HubRefuses, HubUnsafe, LowSpace: it cannot be had.
        """
        meant = _meant(asked, Path.home())
        if not isinstance(meant, str):
            return None
        model = look(meant)
        files = [(file.path, file.size) for file in model.files]
        free = free_mb() * 1_000_000
        return PresetOffer(
            asked,
            model.repository,
            model.host,
            model.licence,
            files,
            str(home() / "presets"),
            free,
            model.room,
        )

    def bring(self, project_id: str, asked: str) -> Job:
        """Take over what `bring` understands, as a job whose result is `{reference}`; what cannot be had is said at once."""
        meant = _meant(asked, Path.home())
        if isinstance(meant, str):
            look(meant)
        elif isinstance(meant, Path):
            _require_folder(meant)
        return self._scope.submit("preset", {"asked": asked}, project_id)


def bring_preset(
    context: JobContext, scope: Scope, project_id: str, spec: Mapping[str, Any]
) -> dict[str, Any]:
    """Work of the job "preset"."""
    if isinstance(_meant(spec["asked"], Path.home()), str):
        context.report("phase", name="fetching")

    def progress(share: float) -> None:
        context.report("progress", fraction=share)

    return {"reference": bring(spec["asked"], Path.home(), progress).reference}


def list_presets() -> list[PresetLine]:
    """Those on this machine first, then the others of the catalogue."""
    found = everything()
    lines = [
        PresetLine(
            p.name, entry.title if (entry := known(p.name)) else p.name, p.architecture,
            (" → ".join(p.translates),) if p.translates else p.languages, p.facts.parameters,
            p.megabytes, memory_to_read(p.facts.parameters), p.licence, p.source, here=True,
        )
        for p in found
    ]  # fmt: skip
    have = {p.name for p in found}
    return lines + [
        PresetLine(
            e.name, e.title, e.architecture, e.languages, e.parameters, e.megabytes, memory_to_read(e.parameters), e.licence,
            e.source, here=False,
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
        name: of the preset; by default made from the folder's.
        languages: ISO codes that the model has read; the catalogue's where it knows the name.
        translates: ISO codes of the languages from and into which it translates, of a model that does.
    """
    _require_folder(source)
    with _importing() as into:
        return import_preset(source, into, name or _named(source), languages, translates=translates)


def fetch(asked: str, announce: Callable[[OnHub], object] = lambda model: None) -> Preset:
    """Get a model from the hub and import it; an earlier one of that name and other content stays beside it.

    Args:
        asked: a name of the catalogue, `hf://OWNER/NAME`, or a handle of KerasHub such as `bert_base_zh`.
        announce: told what will be fetched, before it is.

    Raises:
        PresetUnlisted: it is none of these.
        HubUnreachable, HubRefuses, HubUnsafe, LowSpace: before anything was begun.
        HubInterrupted: the way broke off; the next call goes on.
    """
    repository = _repository(asked)
    if repository is None:
        raise PresetUnlisted(name=asked, known=", ".join(e.name for e in CATALOGUE))
    model = look(repository)
    announce(model)
    return _fetched(model)


def bring(asked: str, base: Path, progress: Progress = lambda share: None) -> Preset:
    """The foundation model that somebody named, brought here where it is not here yet.

    Args:
        asked: a name or `Preset.reference`; a folder, which is taken over beside an earlier one of that name and other
            content; or what `fetch` takes.
        base: where a folder counts from that is not absolute.
        progress: told which share of a model has come from the hub.

    Raises:
        PresetMissing, PresetChanged: it is not here, or another copy is.
        PresetNoFolder, those of `import_preset`, those of `fetch`: it cannot be taken over.
    """
    meant = _meant(asked, base)
    if isinstance(meant, str):
        return _fetched(look(meant), progress)
    if isinstance(meant, Path):
        _require_folder(meant)
        with _importing() as into:
            return import_preset(meant, into, _named(meant), keep=True)
    return meant


def with_presets(recipe: Recipe, base: Path) -> Recipe:
    """The recipe with the exact copy of every foundation model that it names, each brought here first; see `bring`."""

    def exact(part: AnyPart) -> AnyPart:
        asked = part.params.get("preset")
        if not asked or not isinstance(asked, str):
            return part
        return part.model_copy(update={"params": {**part.params, "preset": bring(asked, base).reference}})

    steps = tuple(exact(step) for step in recipe.augment.steps)
    augment = recipe.augment.model_copy(update={"steps": steps})
    return recipe.model_copy(update={"family": exact(recipe.family), "augment": augment})


def _meant(asked: str, base: Path) -> Preset | Path | str:
    """A preset that is here, a folder, or a repository of the hub."""
    asked = asked.strip()
    if not asked:
        raise PresetMissing(name=asked)
    try:
        place = base / Path(asked).expanduser()
    except RuntimeError as problem:  # `~` and a name that no user has
        raise PresetNoFolder(folder=asked) from problem
    if not asked.startswith(_HUB):
        if "/" in asked or asked.startswith((".", "~")):
            return place
        try:
            return find(asked)
        except PresetMissing:
            if _is_folder(place):
                return place
    repository = _repository(asked)
    if repository is None:
        raise PresetMissing(name=asked)
    return next((preset for preset in everything() if preset.source == repository), repository)


def _repository(asked: str) -> str | None:
    if asked.startswith(_HUB):
        return asked.removeprefix(_HUB)
    entry = known(asked)
    return entry.source if entry else f"keras/{asked}" if _HANDLE.fullmatch(asked) else None


def _fetched(model: OnHub, progress: Progress = lambda share: None) -> Preset:
    entry = next((e for e in CATALOGUE if e.source == model.repository), None)
    name = entry.name if entry else _named(Path(model.repository.replace("/", "-")))
    languages, licence = (entry.languages, entry.licence) if entry else (model.languages, model.licence)
    with fetched(model, folder("presets"), progress) as where, _importing() as into:
        return import_preset(where, into, name, languages, licence, model.repository, keep=True)


@contextmanager
def _importing() -> Iterator[Path]:
    """The folder of presets, for one import at a time."""
    into = folder("presets")
    try:
        with lock(into / ".lock"):
            for left in into.glob(".*.part"):  # of an import that was killed, whatever its name
                if not left.name.startswith(FETCHING):
                    shutil.rmtree(left, ignore_errors=True)
            yield into
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(path=str(into)) from problem


def _require_folder(source: Path) -> None:
    """Refuse what is no folder that can be read, or larger than what the disk has room for."""
    try:
        size = sum(file.stat().st_size for file in source.iterdir() if file.is_file())
    except (
        OSError,
        ValueError,
    ) as problem:  # none, one that must not be looked at, a name that no file can have
        raise PresetNoFolder(folder=str(source)) from problem
    require_space(more=size)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, or one that must not be looked at
        return False


def _named(source: Path) -> str:
    """A name for the model in a folder, from the folder's."""
    return re.sub(r"[^a-z0-9._-]+", "-", source.resolve().name.lower()).strip("-._")[:60] or "model"
