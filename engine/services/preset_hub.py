"""Foundation models from the hub: what is there is looked at before anything is begun.

The files are fetched one by one: the hub's own way of a whole model throws a file away of which a part came, and leaves traces
outside BENTU_HOME.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from engine.errors import N_
from engine.models.preset_card import codes
from engine.models.preset_errors import (
    HubInterrupted,
    HubRefuses,
    HubUnreachable,
    HubUnsafe,
    PresetDamaged,
)
from engine.models.presets import KERAS_WEIGHTS, file_digest
from engine.storage.errors import DiskFull
from engine.storage.home import home, require_space
from engine.storage.locks import lock

_WANTED = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model",
    "spm.model", "spiece.model", "model.safetensors", "model.safetensors.index.json", "model-*.safetensors", KERAS_WEIGHTS, "assets/tokenizer/*",
)  # fmt: skip
FETCHING = ".fetch-"
"""With this begin the names of folders in which models come."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PATIENCE = 10.0
_REFUSALS = (401, 403, 404)
"""How a hub says that it has no such model, or not for everybody."""
_BETWEEN_TOLD = 0.5
_PIECE = 1_000_000
_NAMED_IN, _SIGNED = re.compile(r"(?<=://)[^/\s'\"]*@"), re.compile(r"(://[^\s?'\"]+)\?[^\s'\"]*")
"""What of an address opens a door: name and password before the host, and what is signed behind the path."""
_KEPT_DAYS = 7
"""For so long a download that was broken off can be gone on with."""

Progress = Callable[[float], object]


@dataclass(frozen=True)
class HubFile:
    """A file of a model: its path there, bytes, and SHA-256 (of a large one) or git's name for its content, where the hub says it."""

    path: str
    size: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True)
class OnHub:
    """A model of the hub as its card tells of it: owner and name apart by "/", licence, ISO codes of languages.

    `files` are those that are needed; `revision` is the commit in which they stand, `host` where; `come` are bytes of them that a
    download which broke off has left here.
    """

    repository: str
    licence: str
    languages: tuple[str, ...]
    revision: str
    files: Sequence[HubFile]
    host: str
    come: int = 0

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def room(self) -> int:
        """Bytes that it will still take on the disk for a while: as it comes, and as it is taken over."""
        return max(2 * self.size - self.come, 0)


def look(repository: str) -> OnHub:
    """See that a model is on the hub, in a form that can be read, and that there is room for it.

    Raises:
        HubUnreachable: there is no way to the hub.
        HubRefuses: it has no such model, or wants a login for it.
        HubUnsafe: its weights come as pickles only.
        LowSpace: the disk is too full.
    """
    hub, host = _client(), _host()
    with _in_words(repository):
        found = hub.HfApi().model_info(repository, timeout=_PATIENCE, files_metadata=True)
    if getattr(found, "gated", False) and not hub.get_token():
        raise HubRefuses(name=repository, host=host, problem={"message": N_("it wants a login")})
    files = [_file(listed) for listed in found.siblings or [] if _wanted(listed.rfilename)]
    if not any(file.path == KERAS_WEIGHTS or file.path.endswith(".safetensors") for file in files):
        listed = [one.rfilename for one in found.siblings or []]
        weights = [name for name in listed if name.endswith((".bin", ".h5", ".msgpack", ".ot", ".pt"))]
        raise HubUnsafe(name=repository, found=", ".join(weights[:5]) or "-")
    licence, spoken = getattr(found.card_data, "license", None), getattr(found.card_data, "language", None)
    revision = str(found.sha) if _COMMIT.fullmatch(str(found.sha)) else "main"
    come = _held(_place(home() / "presets", repository) / revision)
    model = OnHub(repository, str(licence or ""), codes(spoken), revision, files, host, come)
    require_space(more=model.room)
    return model


def _place(into: Path, repository: str) -> Path:
    """Where the files of a model lie while they come."""
    return into / f"{FETCHING}{repository.replace('/', '--')}"


def _held(place: Path) -> int:
    """Bytes of all files in a folder, which another process may be changing."""
    held = 0
    for path in place.rglob("*"):
        with suppress(FileNotFoundError):
            held += path.stat().st_size if path.is_file() else 0
    return held


def _wanted(path: str) -> bool:
    """Whether a file is needed; one whose path leads elsewhere is not."""
    inside = ".." not in PurePosixPath(path).parts and "\\" not in path
    return inside and any(fnmatch(path, pattern) for pattern in _WANTED)


def _file(listed: Any) -> HubFile:
    return HubFile(
        listed.rfilename, int(listed.size or 0), listed.lfs.sha256 if listed.lfs else None, listed.blob_id
    )


@contextmanager
def fetched(model: OnHub, into: Path, progress: Progress = lambda share: None) -> Iterator[Path]:
    """A folder under `into` with the files of a model that `look` saw, gone afterwards; one download at a time.

    `progress` is told twice a second at most which share of all bytes is here. Where the way broke off, or the process was killed, the next download of the same model goes on from what had come.

    Raises:
        HubInterrupted: the way to the hub broke off.
        PresetDamaged: what came is not what the hub lists.
        DiskFull: the disk filled up.
    """
    place = _place(into, model.repository)
    where = place / model.revision
    with lock(into / ".fetch.lock"):
        _clear(into, place, model.revision)
        try:
            before = 0
            for file in model.files:
                _fetch(model, file, where, _Told(progress, before, model.size))
                before += file.size
            yield where
        except HubInterrupted:
            raise
        except Exception:
            shutil.rmtree(place, ignore_errors=True)
            raise
        shutil.rmtree(place, ignore_errors=True)


def _clear(into: Path, place: Path, revision: str) -> None:
    """Remove what nobody will go on with: of other revisions, and of downloads that were broken off long ago."""
    for other in into.glob(f"{FETCHING}*/*"):
        old = time.time() - other.stat().st_mtime > _KEPT_DAYS * 86400
        if old or (other.parent == place and other.name != revision):
            shutil.rmtree(other, ignore_errors=True)


class _Told:
    """Turns the bytes of one file into shares of the whole, at most twice a second."""

    def __init__(self, progress: Progress, before: int, size: int) -> None:
        self._progress, self._before, self._size, self._last = progress, before, max(size, 1), 0.0

    def __call__(self, count: int) -> None:
        if (moment := time.monotonic()) - self._last > _BETWEEN_TOLD:
            self._last = moment
            self._progress(min((self._before + count) / self._size, 1.0))


def _fetch(model: OnHub, file: HubFile, where: Path, told: Callable[[int], None]) -> None:
    """Bring one file to its place under `where`, if it is not there; a part of it that is there is gone on with.

    One that is there is compared again: where the power failed, a file has its name and not what stood in it.
    """
    whole = where / file.path
    if whole.is_file() and _as_listed(whole, file):
        return
    part = whole.with_name(f"{whole.name}.part")
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if part.is_file() and part.stat().st_size > file.size:
        part.unlink()
    with _in_words(model.repository, begun=True), part.open("ab") as written:
        download(model, file, written, told)
    if not _as_listed(part, file):
        part.unlink()
        raise PresetDamaged(file=file.path, problem={"message": N_("is not what the hub lists")})
    part.rename(whole)


def download(model: OnHub, file: HubFile, written: BinaryIO, told: Callable[[int], None]) -> None:
    """Write what is missing at the end of `written`, an open file that may hold the beginning; `told` hears how much is there."""
    hub = _client()
    url = hub.hf_hub_url(model.repository, file.path, revision=model.revision)
    headers = {**hub.utils.build_hf_headers(), "Accept-Encoding": "identity"}
    bar = {"total": file.size, "initial": written.tell(), "unit": "B", "unit_scale": True, "desc": file.path}
    with hub.utils.tqdm(**bar, disable=None) as seen:  # none where nobody looks on
        while (had := written.tell()) < file.size:
            asked = {**headers, "Range": f"bytes={had}-"} if had else headers
            try:
                with hub.get_session().stream(
                    "GET", url, headers=asked, timeout=_PATIENCE, follow_redirects=True
                ) as answer:
                    hub.utils.hf_raise_for_status(answer)
                    if had and answer.status_code != 206:  # it hands out whole files only
                        written.seek(0)
                        written.truncate()
                    for piece in answer.iter_bytes():
                        written.write(piece)
                        seen.update(len(piece))
                        told(written.tell())
                        if written.tell() > file.size:  # it might never end
                            break
            except OSError:  # the hub said no, or the disk is full
                raise
            except Exception:  # the transport's: its classes change with its versions
                if (
                    written.tell() <= had
                ):  # less than before: it hands out whole files only, and breaks off every time
                    raise
            else:
                if written.tell() < file.size:
                    raise EOFError(f"{file.path}: {written.tell()} / {file.size}")


def _as_listed(part: Path, file: HubFile) -> bool:
    if part.stat().st_size != file.size:
        return False
    if file.sha256:
        return file_digest(part) == file.sha256
    if file.blob and len(file.blob) == 40:
        named = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        with part.open("rb") as content:
            while piece := content.read(_PIECE):
                named.update(piece)
        return named.hexdigest() == file.blob
    return True


def _client() -> Any:
    """The hub's own client, which tells it nothing and asks it for nothing beyond what is wanted here."""
    import huggingface_hub.constants
    import huggingface_hub.utils

    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


@contextmanager
def _in_words(repository: str, begun: bool = False) -> Iterator[None]:
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    said = {"name": repository, "host": _host()}
    try:
        yield
    except (RepositoryNotFoundError, HFValidationError) as problem:
        raise HubRefuses(**said, problem=_first_line(problem)) from problem
    except Exception as problem:
        # whatever the client's transport raises: its classes change with its versions
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path=str(home())) from problem
        if getattr(getattr(problem, "response", None), "status_code", 0) in _REFUSALS:
            raise HubRefuses(**said, problem=_first_line(problem)) from problem
        broken = HubInterrupted if begun else HubUnreachable
        raise broken(**said, problem=_first_line(problem)) from problem


def _host() -> str:
    """The hub's address as it may be shown."""
    from huggingface_hub import constants

    return _NAMED_IN.sub("", str(constants.ENDPOINT))


def _first_line(problem: Exception) -> str:
    """What was said, without what must not be shown; the hub sends a large file from an address that is signed."""
    line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return _SIGNED.sub(r"\1", _NAMED_IN.sub("", line))[:300].rstrip(".")
