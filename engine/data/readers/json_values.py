"""JSON values as cells: numbers in the spelling of the file, nested values as compact JSON, half characters refused.

Stage 1 (data). JSON documents and JSON Lines share this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.data.readers.table import check_width
from engine.errors import N_


class Spelled(str):
    """A number as the file writes it: no value is rounded, none becomes infinite, none is too long to be read."""

    __slots__ = ()


class HalfCharacter(ValueError):
    """A cell that holds an escaped NUL or half of a surrogate pair."""

    message = N_("it holds \\u0000 or half of a surrogate pair (\\ud800 to \\udfff)")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("twice")
    return values


decoder = json.JSONDecoder(
    parse_int=Spelled, parse_float=Spelled, parse_constant=Spelled, object_pairs_hook=unique
)
"""Decodes as said above; a repeated key is a plain `ValueError`."""


def cell(value: Any, replace: bool = False) -> str:
    """A value as the text of a cell: null is "", true and false stay so.

    Args:
        value: as `decoder` gives it.
        replace: put U+FFFD in place of what no text holds.

    Raises:
        HalfCharacter: unless `replace`.
        RecursionError: nested too deeply to be written again.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return sound(str(value), replace)
    if isinstance(value, bool):
        return "true" if value else "false"
    return sound(_compact(value), replace)


def sound(text: str, replace: bool = False) -> str:
    """The text if it is sound: an escaped NUL or half of a surrogate pair is none."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
        if "\0" not in text:
            return text
    except UnicodeEncodeError:
        pass
    if not replace:
        raise HalfCharacter
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


class JsonColumns:
    """The columns of objects that come one after the other: their keys in order of first appearance."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}

    def cells(self, values: Mapping[str, Any], replace: bool = False) -> list[str]:
        """The row of an object; what it lacks is empty.

        Raises:
            HalfCharacter, RecursionError: as `cell`.
            TooManyColumns
        """
        for key in values:
            if key not in self._places:
                self._add(key, replace)
        row = [""] * len(self.names)
        for key, value in values.items():
            plain = type(value) is str and value.isascii() and "\0" not in value
            row[self._places[key]] = value if plain else cell(value, replace)
        return row

    def _add(self, key: str, replace: bool) -> None:
        name = sound(key, replace)
        if name not in self._places:
            self._places[name] = len(self.names)
            self.names.append(name)
            check_width(len(self.names))
        self._places[key] = self._places[name]


def _compact(value: Any) -> str:
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
