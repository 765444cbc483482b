"""The queues of the inbox: where feedback waits, which class is proposed for it, and what an undo goes back to.

Stage 6c (feedback). Only what a person accepted ever becomes a label; everything else stays in its queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.errors import N_, BentuError

Queue = Literal["pending", "draft", "accepted", "rejected", "later"]
QUEUES: tuple[Queue, ...] = ("pending", "draft", "accepted", "rejected", "later")
QUEUE_TITLES: Mapping[str, str] = {
    "pending": N_("Pending"), "draft": N_("Draft"), "accepted": N_("Accepted"), "rejected": N_("Rejected"), "later": N_("For later"),
}  # fmt: skip
DECIDED: Mapping[str, str] = {
    "pending": N_("moved back to pending"), "draft": N_("saved as a draft"), "accepted": N_("accepted"),
    "rejected": N_("rejected"), "later": N_("put off for later"),
}  # fmt: skip
"""What was done to an item, as part of a sentence (message ids)."""

UNDONE = "undone"
"""State of a change that took back the latest decision before it."""


@dataclass(frozen=True)
class Change:
    """One act on an item: a decision that was applied, one that came too late (`applied` is False), or an undo.

    `revision` is what the item had after it; for a decision that came too late, what it met.
    """

    revision: int
    state: str
    label: str | None
    applied: bool
    at: datetime


class FeedbackChanged(BentuError):
    """The item is no longer what the decision was made on. The decision was kept beside it, but not applied.

    Args:
        at: when it was changed, ISO 8601.
        state: to which queue.
        label: to which class, or None.
    """

    code = "FEEDBACK_CHANGED"
    message = N_("This feedback was changed in the meantime: at {at} it was {done} (class: {label}).")
    remedy = N_("Your decision was kept, but not applied. Look at both, and save yours if it should count.")

    def __init__(self, at: str, state: str, label: str | None = None, **params: object) -> None:
        done = {"message": DECIDED.get(state, state)}
        super().__init__(**{"at": at, "state": state, "label": label or "–", "done": done, **params})


class FeedbackUsed(BentuError):
    code = "FEEDBACK_USED"
    message = N_("This feedback already stands in the dataset version “{version}”, so it stays as it is.")
    remedy = N_("Versions never change. Correct the row in a new version if its label is wrong.")


class NothingToUndo(BentuError):
    code = "NOTHING_TO_UNDO"
    message = N_("Nothing has been decided on this feedback that could be undone.")
    remedy = N_("Choose a decision for it instead.")


class ClassMissing(BentuError):
    code = "CLASS_MISSING"
    message = N_("Feedback is accepted with a class, and none was chosen.")
    remedy = N_("Choose the right class first, or reject the feedback.")


def proposed(right: bool, answer: str, correction: str | None, classes: Iterable[str]) -> str | None:
    """The class that is proposed for new feedback: the model's answer if it was right, else the visitor's correction.

    None when the visitor named no class, or one that the model does not know.
    """
    wanted = answer if right else correction
    return wanted if wanted in set(classes) else None


def standing(changes: Iterable[Change]) -> list[Change]:
    """The decisions that stand, oldest first: an undo takes away the latest one before it.

    Args:
        changes: in the order in which they were applied.
    """
    stack: list[Change] = []
    for change in changes:
        if not change.applied:
            continue
        if change.state == UNDONE:
            stack = stack[:-1]
        else:
            stack.append(change)
    return stack
