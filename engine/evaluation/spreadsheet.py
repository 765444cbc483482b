"""Cells that a spreadsheet must not take for a formula.

Stage 5 (evaluation). A text such as `=HYPERLINK(…)` runs when the file is opened; an apostrophe in front makes it
text. `unguard` takes off exactly what `guard` added, so that a guarded file can be read back without loss.
"""

from __future__ import annotations

import re

# Texts that already are apostrophes and a trigger get one more, or taking it off would eat theirs.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n\x00]")
_GUARDED = re.compile(r"'+[=+\-@＝＋－＠\t\r\n\x00]")


def guard(text: str) -> str:
    """`text` with an apostrophe in front if a spreadsheet could run it."""
    return "'" + text if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given."""
    return text[1:] if _GUARDED.match(text) else text
