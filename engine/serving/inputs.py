"""What a stranger sends, looked at before anything is computed or stored: whole, readable, and what the demo asks for.

Stage 6b (serving). Nothing is repaired or cut: what cannot be kept exactly as it came is refused, and the message says why.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.serving.errors import (
    CommentTooLong,
    CorrectionInvalid,
    InputEmpty,
    InputTooLong,
    InputUnknown,
    InputUnreadable,
)
from engine.serving.limits import MAX_COMMENT, MAX_TEXT
from engine.serving.publication import Publication


def require_inputs(publication: Publication, inputs: Mapping[str, str]) -> None:
    """Refuse inputs that the demo does not ask for, that are empty or too long, or that hold no storable text."""
    total = sum(len(text) for text in inputs.values())
    if total > MAX_TEXT:
        raise InputTooLong(found=total, limit=MAX_TEXT)
    if set(inputs) != set(publication.inputs):
        raise InputUnknown(expected=", ".join(publication.inputs), found=_names(inputs))
    for text in inputs.values():
        _require_readable(text)
    if not any(text.strip() for text in inputs.values()):
        raise InputEmpty()


def require_opinion(
    publication: Publication, answer: str, right: bool, correction: str | None, comment: str | None
) -> None:
    """Refuse a correction that is no class of the demo or contradicts itself, and a comment that cannot be kept whole."""
    if correction is not None and (right or correction == answer or correction not in publication.classes):
        raise CorrectionInvalid(classes=", ".join(publication.classes[:50]))
    if comment is not None:
        if len(comment) > MAX_COMMENT:
            raise CommentTooLong(found=len(comment), limit=MAX_COMMENT)
        _require_readable(comment)


def _require_readable(text: str) -> None:
    """Half a surrogate pair is no character, and databases cut at NUL or refuse it."""
    for character in text if not text.isascii() or "\0" in text else ():
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise InputUnreadable(character=f"U+{ord(character):04X}")


def _names(inputs: Mapping[str, str]) -> str:
    shown = ", ".join(name[:50] for name in list(inputs)[:10])
    return shown if len(inputs) <= 10 else f"{shown}, …"
