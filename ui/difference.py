"""Two versions of a text with what differs marked, invisible characters made visible."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

from ui.text import safe_text

_VISIBLE = {" ": "␣", "\t": "⇥", "\n": "⏎", "\r": "␍", "\u00a0": "⍽", "\u3000": "□"}


def marked(before: str, after: str, *, signs: bool = False) -> tuple[str, str]:
    """Both texts as Markdown: red ground where the first loses something, green where the second has something new.

    With `signs` what is lost is struck out and what is new is bold as well, for who tells the colours apart badly.
    """
    gone, new_sign = ("~~", "**") if signs else ("", "")
    old, new = [], []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            old.append(_quoted(before[a:b]))
            new.append(_quoted(after[c:d]))
        else:
            old.append(_ground("red", before[a:b], gone))
            new.append(_ground("green", after[c:d], new_sign))
    return "".join(old), "".join(new)


def visible(text: str) -> str:
    """`text` with signs for white space and code points for characters that show nothing."""
    return "".join(_sign(c) for c in text)


def _sign(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zs", "Zl", "Zp") or unicodedata.combining(
        character
    ):
        return f"⟨{ord(character):04X}⟩"
    return character


def _quoted(text: str) -> str:
    """Unchanged text: outer spaces kept, as `safe_text` would trim them."""
    if not text.strip():
        return " " if text else ""
    inner = safe_text(text, len(text) + 1)
    return f"{' ' if text[0].isspace() else ''}{inner}{' ' if text[-1].isspace() else ''}"


def _ground(colour: str, text: str, sign: str) -> str:
    return f":{colour}-background[{sign}{safe_text(visible(text), 2000)}{sign}]" if text else ""
