"""What can go wrong between a stranger and a demo, in words for the stranger; and what the owner is told of it.

Stage 6b (serving). A `DemoError` names the HTTP status that it is answered with. Links that were never made, have expired or
were revoked are one error, so that nobody learns which.
"""

from __future__ import annotations

from typing import ClassVar

from engine.errors import N_, BentuError, BundleError


class DemoError(BentuError):
    """Something that a stranger is told. `status` is the HTTP status."""

    code = "DEMO_ERROR"
    status: ClassVar[int] = 422


class DemoNotFound(DemoError):
    code = "DEMO_NOT_FOUND"
    message = N_("There is no demo behind this link.")
    remedy = N_("Check that the link is complete, or ask the person who sent it for a new one.")
    status = 404


class DemoPaused(DemoError):
    code = "DEMO_PAUSED"
    message = N_("This demo is paused by its owner.")
    remedy = N_("Come back later; the link stays the same.")
    status = 503


class ModelUnavailable(DemoError):
    code = "MODEL_UNAVAILABLE"
    message = N_("The model of this demo cannot answer at the moment; its owner has been told.")
    remedy = N_("Come back later; the link stays the same.")
    status = 503


class TooManyRequests(DemoError):
    """`seconds` is when to try again, at least 1."""

    code = "TOO_MANY_REQUESTS"
    message = N_("That was more than this demo answers in so short a time.")
    remedy = N_("Try again in {seconds} {seconds:second|seconds}.")
    status = 429


class InputTooLong(DemoError):
    code = "INPUT_TOO_LONG"
    message = N_("The input has {found:,} characters; this demo reads at most {limit:,}.")
    remedy = N_("Shorten it, and try again: nothing is cut off silently.")
    status = 413


class InputEmpty(DemoError):
    code = "INPUT_EMPTY"
    message = N_("There is nothing to answer: the input is empty.")
    remedy = N_("Enter something, or choose one of the examples.")


class InputUnknown(DemoError):
    code = "INPUT_UNKNOWN"
    message = N_("This demo expects exactly these inputs: {expected}. It got: {found}.")
    remedy = N_("Name the inputs as the demo does, each one once.")


class InputUnreadable(DemoError):
    code = "INPUT_UNREADABLE"
    message = N_("The input holds a character that cannot be stored as text ({character}).")
    remedy = N_("Remove it, and try again.")


class InputRefused(DemoError):
    code = "INPUT_REFUSED"
    message = N_("The model cannot read this input. {problem}")
    remedy = N_("Change it, and try again.")


class CommentTooLong(DemoError):
    code = "COMMENT_TOO_LONG"
    message = N_("The comment has {found:,} characters; at most {limit:,} are kept.")
    remedy = N_("Shorten it, and send it again: nothing is cut off silently.")
    status = 413


class CorrectionInvalid(DemoError):
    code = "CORRECTION_INVALID"
    message = N_("A correction is one of the demo's classes, and another one than the answer that was wrong.")
    remedy = N_("Choose one of these: {classes}.")


class AnswerInvalid(DemoError):
    code = "ANSWER_INVALID"
    message = N_("This feedback does not belong to an answer that the demo gave to this input.")
    remedy = N_("Ask the demo again, and send your feedback on the new answer.")


class FeedbackConflict(DemoError):
    code = "FEEDBACK_CONFLICT"
    message = N_("You have already sent other feedback on this answer; that one was kept.")
    remedy = N_("Ask the demo again if you want to say something else.")
    status = 409


class InboxFull(DemoError):
    code = "INBOX_FULL"
    message = N_("Your feedback could not be stored at the moment, so nothing of it was kept.")
    remedy = N_("Keep your text and try again later.")
    status = 503


class PublicationInvalid(BundleError):
    code = "PUBLICATION_INVALID"
    message = N_("What the demo process was handed about this demo is not what was published: {problem}.")
    remedy = N_(
        "The last good state keeps serving. Save the demo again in the studio, and find out who can write its folder."
    )


class PublicationOutdated(BundleError):
    code = "PUBLICATION_OUTDATED"
    message = N_(
        "An older state of this demo was put back (number {found}, but {seen} was already served or withdrawn), and is not used."
    )
    remedy = N_(
        "The last good state keeps serving. Find out who can write the demo's folder; if the studio was restored from a copy, "
        "start it again: it then publishes the demo under a higher number."
    )


class ModelUnloadable(BundleError):
    code = "MODEL_UNLOADABLE"
    message = N_("The packaged model is sound, but could not be loaded: {problem}")
    remedy = N_("Look at the log of the demo process, or promote another version.")
