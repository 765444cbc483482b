"""Words for every language: what the word features and the vocabularies count.

A unit is a run of letters, marks, digits and underscores, so that tone marks and dots stay part of their
word; in scripts written without spaces every character (with its marks) is a unit of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from engine.data.scripts import script_of

UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
"""Scripts written without spaces between words, by their Unicode names."""

_MOSTLY = 0.3


def normalise(text: str) -> str:
    """`text` in Unicode form NFC and lower case; tone marks and dots stay, unlike in accent-stripping tokenizers."""
    return unicodedata.normalize("NFC", text).lower()


@lru_cache(maxsize=1)
def _pattern() -> Any:
    import regex

    unspaced = "".join(rf"\p{{{script}}}" for script in UNSPACED)
    return regex.compile(rf"(?V1)[[\p{{L}}\p{{M}}\p{{N}}_]--[{unspaced}]]+|[{unspaced}]\p{{M}}*")


def units(text: str) -> list[str]:
    """The units of a normalised text, in order.

    Example:
        >>> units("ọ̀rọ̀ 好吃abc")
        ['ọ̀rọ̀', '好', '吃', 'abc']
    """
    found: list[str] = _pattern().findall(text)
    return found


def unspaced(unit: str) -> bool:
    """True if a unit is a character of a script written without spaces."""
    return script_of(unit[0]) in UNSPACED


def unspaced_share(extra: Mapping[str, Any]) -> float:
    """Share of the characters that are written without spaces, from the `scripts` of the text modality's profile."""
    scripts = extra.get("scripts") or {}
    return float(sum(share for script, share in scripts.items() if script in UNSPACED))


def mostly_unspaced(extra: Mapping[str, Any]) -> bool:
    """True if the data are largely in scripts without spaces, where character n-grams say it all."""
    return unspaced_share(extra) >= _MOSTLY
