"""What a model's card says of it: the languages that it has read, and its licence.

A card is the `README.md` of a folder in Hugging Face's form; its head is YAML between two lines of dashes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

_HEAD = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)
_LONGEST = 100_000
_CODE = re.compile(r"[a-z]{2,3}")


def card_of(folder: Path) -> tuple[tuple[str, ...], str]:
    """Languages (ISO codes) and licence; empty where the folder has no card, or its head cannot be read."""
    try:
        with (folder / "README.md").open(encoding="utf-8") as file:
            head = _HEAD.match(file.read(_LONGEST))
        said = yaml.safe_load(head[1]) if head else None
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return (), ""
    licence = said.get("license")
    return codes(said.get("language")), licence[:40] if isinstance(licence, str) else ""


def codes(spoken: Any) -> tuple[str, ...]:
    """The ISO codes among what a card calls its languages; YAML takes a bare `no`, Norwegian, for false.

    Only texts are looked at: a list of lists of lists, each named once in YAML, would be endless written out.
    """
    listed = spoken if isinstance(spoken, list) else [spoken]
    found = ("no" if one is False else one.lower() for one in listed if one is False or isinstance(one, str))
    return tuple(code for code in found if _CODE.fullmatch(code))
