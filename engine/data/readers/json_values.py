"""JSON values as cells: numbers in the spelling of the file, nested values as compact JSON, half characters refused.

Stage 1 (data). JSON documents and JSON Lines share this.
"""

from __future__ import annotations

import json
from typing import Any

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


def _compact(value: Any) -> str:
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
