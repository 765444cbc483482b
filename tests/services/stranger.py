"""A stranger at the desk: what they send, and what is kept of it."""

from __future__ import annotations

from engine.feedback.received import read_payload
from engine.services.desk import Desk
from engine.storage.inbox import FILE, Entry, read_entries
from tests.serving.studio import TEXT, TOKEN, Studio

VISITOR = "0123456789abcdef"


def kept(studio: Studio, kind: str = "feedback") -> list[Entry]:
    """The entries of one kind; the studio would take every entry that is there."""
    found = read_entries(studio.home / FILE, 0, 100_000)
    assert all(read_payload(e.kind, e.demo, e.key, e.payload) is not None for e in found)
    return [e for e in found if e.kind == kind]


def say(desk: Desk, answer: str, **changes: object) -> bool:
    """Send feedback, by default that the answer is right; whether it was a duplicate."""
    said = {
        "inputs": TEXT, "right": True, "correction": None, "comment": None, "visitor": VISITOR, "locale": "en",
    }  # fmt: skip
    return desk.feedback(TOKEN, answer, **(said | changes)).duplicate  # type: ignore[arg-type]
