"""Foundation models from the hub: what is there is looked at before anything is begun."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from engine.models.preset_card import codes
from engine.models.preset_errors import HubRefuses, HubUnreachable, HubUnsafe
from engine.models.presets import KERAS_WEIGHTS
from engine.storage.errors import DiskFull
from engine.storage.home import home, require_space
from engine.storage.locks import lock

_WANTED = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model",
    "spm.model", "spiece.model", "model.safetensors", "model.safetensors.index.json", "model-*.safetensors", KERAS_WEIGHTS, "assets/tokenizer/*",
)  # fmt: skip
_PATIENCE = 10.0


@dataclass(frozen=True)
class OnHub:
    """A model of the hub as its card tells of it: owner and name apart by "/", licence, ISO codes of languages, bytes."""

    repository: str
    licence: str
    languages: tuple[str, ...]
    size: int


def look(repository: str) -> OnHub:
    """See that a model is on the hub, in a form that can be read, and that there is room for it.

    Raises:
        HubUnreachable: there is no way to the hub.
        HubRefuses: it has no such model, or wants a login for it.
        HubUnsafe: its weights come as pickles only.
        LowSpace: the disk is too full.
    """
    from huggingface_hub import HfApi

    with _in_words(repository):
        found = HfApi().model_info(repository, timeout=_PATIENCE, files_metadata=True)
    sizes = {file.rfilename: file.size or 0 for file in found.siblings or []}
    wanted = [name for name in sizes if any(fnmatch(name, pattern) for pattern in _WANTED)]
    if not any(name == KERAS_WEIGHTS or name.endswith(".safetensors") for name in wanted):
        weights = [name for name in sizes if name.endswith((".bin", ".h5", ".msgpack", ".ot", ".pt"))]
        raise HubUnsafe(name=repository, found=", ".join(weights[:5]) or "-")
    size = sum(sizes[name] for name in wanted)
    require_space(more=2 * size)  # as it comes, and as it is taken over
    licence, spoken = getattr(found.card_data, "license", None), getattr(found.card_data, "language", None)
    return OnHub(repository, str(licence or ""), codes(spoken), size)


@contextmanager
def fetched(repository: str, into: Path) -> Iterator[Path]:
    """A folder under `into` with the files of a model that `look` saw, gone afterwards; one download at a time.

    What a killed one left is gone on with.

    Raises:
        HubUnreachable, DiskFull: the way to the hub broke, or the disk filled up.
    """
    from huggingface_hub import snapshot_download

    where = into / f".fetch-{repository.replace('/', '--')}"
    with lock(into / ".fetch.lock"):
        try:
            with _in_words(repository):
                snapshot_download(repository, local_dir=where, allow_patterns=list(_WANTED))
            yield where
        finally:
            shutil.rmtree(where, ignore_errors=True)


@contextmanager
def _in_words(repository: str) -> Iterator[None]:
    from huggingface_hub import constants
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    said = {"name": repository, "host": constants.ENDPOINT}
    try:
        yield
    except (RepositoryNotFoundError, HFValidationError) as problem:
        raise HubRefuses(**said, problem=_first_line(problem)) from problem
    except Exception as problem:
        # whatever the client's transport raises: its classes change with its versions
        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            raise DiskFull(path=str(home())) from problem
        raise HubUnreachable(**said, problem=_first_line(problem)) from problem


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:300]
