"""Weights of a foundation model looked at before anything trusts them: whole, finite, and of the shape that its config says.

Read by their headers and as plain arrays; nothing in the files is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.errors import N_
from engine.models.preset_errors import PresetDamaged
from engine.models.presets import KERAS_WEIGHTS, PresetFacts

_INDEX = "model.safetensors.index.json"
_LAYER = re.compile(r"(?:^|\.)layer\.(\d+)\.")
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_LONGEST_HEADER = 100_000_000
_FOREIGN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What JSON of another shape than was expected makes its reader raise; brackets within brackets without end are the last."""

Shapes = dict[str, tuple[int, ...]]


class _Part(NamedTuple):
    """One array in a safetensors file, as its header says."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int

    @classmethod
    def of(cls, said: Any) -> _Part:
        start, end = said["data_offsets"]
        return cls(str(said["dtype"]), tuple(int(n) for n in said["shape"]), int(start), int(end))


def weight_files(folder: Path, form: str) -> list[Path]:
    """The files that hold the weights.

    Raises:
        PresetDamaged: if there is none, or one of several parts is missing.
    """
    if form == "keras":
        wanted = [KERAS_WEIGHTS]
    elif (index := folder / _INDEX).is_file():
        try:
            parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except _FOREIGN as problem:
            raise _damaged(index, N_("is no list of weight files")) from problem
        if any(Path(str(part)).name != part or not part.endswith(".safetensors") for part in parts):
            raise _damaged(index, N_("names a file outside the folder"))
        wanted = [*sorted(parts), _INDEX]
    else:
        wanted = ["model.safetensors"]
    for name in wanted:
        if not (folder / name).is_file():
            raise _damaged(folder, N_("lacks {wanted}"), wanted=name)
    return [folder / name for name in wanted]


def check_weights(files: list[Path], facts: PresetFacts, architecture: str) -> int:
    """How many numbers the files hold.

    Raises:
        PresetDamaged: naming the file that is cut off, holds something else, or does not fit the config.
    """
    shapes: Shapes = {}
    for path in files:
        if path.suffix == ".safetensors":
            shapes |= _safetensors(path)
        elif path.suffix == ".h5":
            shapes |= check_hdf5(path)
    first = files[0]
    # Keras names layers by their kinds there, so any table may be the one of the words
    named = first.suffix != ".h5"
    tables = [
        s
        for name, s in shapes.items()
        if len(s) == 2 and (not named or name.endswith("word_embeddings.weight"))
    ]
    if not tables:
        raise _damaged(first, N_("holds no table of word vectors"))
    if all(shape[0] != facts.vocabulary for shape in tables):
        raise _damaged(
            first, N_("holds {found} word vectors, but its config says {expected}"), found=max(tables)[0],
            expected=facts.vocabulary,
        )  # fmt: skip
    layers = {int(number) for name in shapes for number in _LAYER.findall(name)}
    complete = len(layers) == facts.layers and layers == set(range(facts.layers))
    if first.suffix == ".safetensors" and architecture != "albert" and not complete:
        raise _damaged(
            first, N_("holds {found} layers, but its config says {expected}"), found=len(layers), expected=facts.layers
        )  # fmt: skip
    widths = {size for shape in shapes.values() for size in shape}
    if facts.hidden not in widths or facts.intermediate not in widths:
        raise _damaged(first, N_("holds layers of another width than its config says"))
    return sum(prod(shape) for shape in shapes.values())


def check_hdf5(path: Path) -> Shapes:
    """Names and shapes in a file of Keras weights, after every number was looked at; raises `PresetDamaged`."""
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(path, "r") as file:
            found = dict(_datasets(path, file, "", set()))
    except (PresetDamaged, MemoryError):
        raise
    except Exception as problem:  # of a wrong byte the library makes whatever it has come to
        raise _damaged(path, N_("is no Keras weights file, or cut off")) from problem
    return found


def _safetensors(path: Path) -> Shapes:
    """Names and shapes by the header, after every number was looked at."""
    from safetensors import safe_open

    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, _LONGEST_HEADER):
            raise _damaged(path, N_("is no safetensors file, or cut off"))
        try:
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            parts = {name: _Part.of(said) for name, said in header.items()}
        except _FOREIGN as problem:
            raise _damaged(path, N_("is no safetensors file, or cut off")) from problem
    for name, part in parts.items():
        fits = part.start >= 0 and part.end - part.start == _WIDTHS.get(part.kind, -1) * prod(part.shape)
        if not fits or 8 + length + part.end > size:
            raise _damaged(path, N_("is cut off, or lies about its content ({part})"), part=name[:80])
        if part.kind in _FLOATS and not _finite(path, part, 8 + length):
            raise _damaged(path, N_("holds values that are no numbers ({part})"), part=name[:80])
    try:
        with safe_open(path, framework="np"):  # type: ignore[no-untyped-call]
            pass  # it wants the parts to follow on one another, and would refuse later what it refuses now
    except Exception as problem:  # its own error is a plain Exception
        raise _damaged(path, N_("is no safetensors file, or cut off")) from problem
    return {name: part.shape for name, part in parts.items()}


def _finite(path: Path, part: _Part, offset: int) -> bool:
    plain = np.dtype(_FLOATS[part.kind])
    values = np.fromfile(path, plain, (part.end - part.start) // plain.itemsize, offset=offset + part.start)
    if (
        part.kind == "BF16"
    ):  # the upper half of a float32; all ones in the exponent means infinite or no number
        return not bool((values & 0x7F80 == 0x7F80).any())
    return bool(np.isfinite(values).all())


def _datasets(path: Path, group: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes below `group`; a group that is found twice (`seen` are their places) could lead round in circles for ever."""
    import h5py

    place = h5py.h5o.get_info(group.id).addr
    if place in seen:
        raise _damaged(path, N_("is cut off, or lies about its content ({part})"), part=prefix[:80])
    seen.add(place)
    for name in group:
        link, full = group.get(name, getlink=True), f"{prefix}/{name}"
        if not isinstance(link, h5py.HardLink):
            raise _damaged(path, N_("points to something outside itself ({part})"), part=full[:80])
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _datasets(path, item, full, seen)
            continue
        if item.external or item.is_virtual or item.id.get_storage_size() < item.nbytes:
            raise _damaged(path, N_("is cut off, or lies about its content ({part})"), part=full[:80])
        if item.dtype.kind == "f" and not np.isfinite(item[()]).all():
            raise _damaged(path, N_("holds values that are no numbers ({part})"), part=full[:80])
        yield full, tuple(item.shape)


def _damaged(path: Path, message: str, **params: Any) -> PresetDamaged:
    return PresetDamaged(file=str(path), problem={"message": message, "params": params})
