"""What one does not see in a text: characters without a shape of their own, and signs that turn the text around them.

Stage 1 (data).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.data.scripts import BIDI, CONTROLS, INVISIBLE

STACK = 4
"""Marks on one letter that writing systems need at most; more of them grow over the lines around."""

_SUSPICIOUS = re.compile(f"{BIDI}|{INVISIBLE}|{CONTROLS}")
_UNSEEN = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing: fillers of Hangul and the empty Braille pattern."""
_SHOWN = "\n\t "
_CONTROL_NAMES = {
    "\x00": "NULL", "\x07": "BELL", "\x08": "BACKSPACE", "\r": "CARRIAGE RETURN", "\x1b": "ESCAPE", "\x7f": "DELETE",
}  # fmt: skip


@dataclass(frozen=True)
class Hidden:
    """A hidden character at a place (0-based code points) of a text; `code` as "U+202E", `name` from Unicode."""

    place: int
    code: str
    name: str
    stacked: bool
    """Whether it is one mark too many on a letter."""


def hidden_signs(text: str) -> list[Hidden]:
    """Every character of `text` that is not seen, or that is stacked on another beyond what writing needs."""
    found, stacked = [], 0
    for place, character in enumerate(text):
        if "!" <= character <= "~" or character in _SHOWN:
            stacked = 0
            continue
        category = unicodedata.category(character)
        stacked = stacked + 1 if category in ("Mn", "Me") else 0
        if category in _UNSEEN or character in _BLANK or _selects(character) or stacked > STACK:
            name = unicodedata.name(character, _CONTROL_NAMES.get(character, "–"))
            found.append(Hidden(place, f"U+{ord(character):04X}", name, stacked > STACK))
    return found


def suspicious(sign: Hidden) -> bool:
    """Whether a hidden character is worth a warning: joiners, wide spaces and the selectors of emoji are ordinary spelling."""
    code = int(sign.code[2:], 16)
    character = chr(code)
    tag = 0xE0000 <= code < 0xE0080  # invisible letters
    unknown = unicodedata.category(character) in ("Cn", "Co", "Cs")
    return sign.stacked or tag or unknown or character in _BLANK or _SUSPICIOUS.match(character) is not None


def calmed(text: str) -> str:
    """`text` with the marks beyond `STACK` on one letter counted instead of drawn: they would grow over what stands around."""
    if text.isascii():
        return text
    pieces, stacked = [], 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            stacked += 1
            if stacked > STACK:
                continue
        elif stacked:
            pieces.append(_left_out(stacked))
            stacked = 0
        pieces.append(character)
    return "".join(pieces) + _left_out(stacked)


def _left_out(stacked: int) -> str:
    return f"⟨+{stacked - STACK}⟩" if stacked > STACK else ""


def _selects(character: str) -> bool:
    """Whether it only chooses between forms of the character before it; a row of them can carry a hidden message."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
