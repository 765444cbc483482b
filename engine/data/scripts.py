"""Writing systems and hidden signs in texts.

Stage 1 (data). Scripts are told by the Unicode name of a letter, which begins with its script.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

CONTROLS = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
"""Control characters other than tab, line breaks and NEL."""
BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""Signs that change the direction of the text around them (Unicode UAX 9)."""
INVISIBLE = "[\u00ad\u200b\u2060\ufeff]"
"""Signs without width that change how words are cut. Joiners (U+200C, U+200D) are spelling and stay out."""
REPLACEMENT = "\ufffd"

_SPECIAL = {
    "CJK": "Han",
    "OL": "Ol Chiki",
    "NKO": "N’Ko",
    "CANADIAN": "Canadian Syllabics",
    "KATAKANA-HIRAGANA": "Katakana",
}
_NOT_SCRIPTS = frozenset(("MODIFIER", "FEMININE", "MASCULINE", "MICRO", "KELVIN", "ANGSTROM", "OHM", "DOUBLE-STRUCK",
                          "SCRIPT", "BLACK-LETTER", "MATHEMATICAL", "SUPERSCRIPT", "SUBSCRIPT", "TURNED", "VERTICAL"))  # fmt: skip


@lru_cache(maxsize=65_536)
def script_of(char: str) -> str:
    """The writing system of a letter ("Latin", "Han"), or "" for what belongs to none."""
    if not unicodedata.category(char).startswith("L"):
        return ""
    words = unicodedata.name(char, "").split()
    if words and words[0] in ("FULLWIDTH", "HALFWIDTH"):
        words = words[1:]
    if not words or words[0] in _NOT_SCRIPTS:
        return ""
    return _SPECIAL.get(words[0], words[0].capitalize())
