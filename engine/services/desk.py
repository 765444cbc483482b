"""The desk where strangers are served: finding a demo, an answer, and feedback on it.

It lives in the demo process and knows the demo's home only: signed documents, signed bundles and the inbox. It has no
owner and no database; it trusts what the public key of the studio signed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from engine.errors import N_, BentuError, BundleError, DataError, StorageError, saying
from engine.i18n import match_locale
from engine.models.family import FloatArray
from engine.serving.answers import Answer, Answers, inputs_digest, load_or_make_secret
from engine.serving.errors import (
    AnswerInvalid,
    DemoNotFound,
    DemoPaused,
    FeedbackConflict,
    InboxFull,
    InputRefused,
)
from engine.serving.inputs import require_inputs, require_opinion
from engine.serving.limits import Limits
from engine.serving.links import Links
from engine.serving.pool import Pool
from engine.serving.predictor import ServedModel
from engine.serving.publication import Publication, token_digest
from engine.serving.tallies import Tallies
from engine.serving.visitors import Visitors
from engine.storage.clock import now
from engine.storage.home import home
from engine.storage.inbox_writer import Inbox

log = logging.getLogger(__name__)

MOST_PROBABILITIES = 10


class DemoKeyMissing(BundleError):
    code = "DEMO_KEY_MISSING"
    message = N_("The demo process was not given the public key that it must trust (BENTU_DEMO_KEY).")
    remedy = N_("Start Bentu as usual: the studio starts the demo process and hands it the key.")


@dataclass(frozen=True)
class PublishedDemo:
    """A demo as strangers see it; `version` is the number of the model that answers now.

    `caveat` is why the owner published a model whose package differs from the trained one; `synthetic` tells that it learned
    from made-up data.
    """

    title: str
    description: str
    consent: str
    inputs: tuple[str, ...]
    classes: tuple[str, ...]
    examples: tuple[Mapping[str, str], ...]
    languages: tuple[str, ...]
    caveat: str | None
    synthetic: bool
    version: int
    state: Literal["on", "off"]


@dataclass(frozen=True)
class Receipt:
    """Feedback is stored; `duplicate` if the same had been stored before."""

    duplicate: bool


class Desk:
    """The demos of one demo's home. Safe to share between threads; close it at the end.

    Args:
        folder: the demo's home.
        public: the studio's public key.
        limits: how often strangers may ask.
        clock: the present moment, for the end of links.

    Raises:
        HomeNotWritable, NetworkFilesystem, DatabaseDamaged, DiskFull: the inbox cannot be used.
    """

    def __init__(
        self, folder: Path, public: str, *, limits: Limits | None = None, clock: Callable[[], datetime] = now
    ) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        self._answers = Answers(load_or_make_secret(folder))
        self._visitors = Visitors(folder, clock)
        self._inbox = Inbox(folder)
        self._told: set[tuple[str, str]] = set()
        self._links = Links(folder, public, self._inbox, self._alert)
        self._pool = Pool(folder, public, self._alert)
        self._tallies = Tallies(self._tally)

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *ended: object) -> None:
        self.close()

    def close(self) -> None:
        """Write down what is counted, and close the inbox."""
        self._tallies.close()
        self._inbox.close()

    def visitor(self, address: str) -> str:
        """A name for whoever asks from a network address; it lasts for the day, and the address is not kept."""
        return self._visitors.name(address)

    def find(self, token: str, visitor: str) -> PublishedDemo:
        """What is shown under a link, also while it is paused.

        Raises:
            DemoNotFound: the link was never made, has expired or was revoked: nobody learns which.
            TooManyRequests: the link leads nowhere, and the visitor tried too many such.
            ModelUnavailable: what lies under the link is not to be trusted.
        """
        found = self._open(token, visitor)
        return PublishedDemo(
            found.title, found.description, found.consent, found.inputs, found.classes, found.examples,
            found.languages, found.caveat, found.synthetic, self._pool.warm(found), found.state,
        )  # fmt: skip

    def visited(self, token: str) -> None:
        """Count a visit; a link that leads nowhere is not counted."""
        found = self._links.find(token_digest(token))
        if found is not None:
            self._tallies.count(found.demo, "visits")

    def predict(self, token: str, inputs: Mapping[str, str], visitor: str) -> Answer:
        """The model's answer to a text for each input of the demo.

        Raises:
            DemoNotFound, TooManyRequests, ModelUnavailable: as `find`; also too many predictions.
            DemoPaused: the owner switched it off.
            InputTooLong, InputEmpty, InputUnknown, InputUnreadable, InputRefused: nothing was computed.
        """
        found = self._open_for_use(token, visitor)
        require_inputs(found, inputs)
        self.limits.predict(found.demo, visitor, sum(map(len, inputs.values())))
        serving = self._pool.get(found)
        ranked = _ranked(serving.model.classes, _answered(serving.model, inputs))
        label, confidence = ranked[0]
        self._tallies.count(found.demo, "answers")
        name = self._answers.name(found.demo, inputs, serving.number, label, confidence)
        return Answer(name, label, confidence, ranked[:MOST_PROBABILITIES], serving.number)

    def feedback(
        self, token: str, answer_id: str, inputs: Mapping[str, str], right: bool, correction: str | None,
        comment: str | None, visitor: str, locale: str,
    ) -> Receipt:  # fmt: skip
        """Keep what a stranger says about an answer; when this returns, the disk has it.

        Args:
            answer_id: `Answer.id`.
            inputs: what had been asked.
            right: whether the answer is right.
            correction: the right class, if the answer is wrong and the stranger knows it.

        Raises:
            DemoNotFound, TooManyRequests, ModelUnavailable, DemoPaused: as `predict`.
            AnswerInvalid: no answer of this demo to these inputs has this id.
            CorrectionInvalid, CommentTooLong, InputTooLong, InputUnreadable: nothing was stored.
            FeedbackConflict: other feedback on the same answer is stored already.
            InboxFull: nothing was stored.
        """
        found = self._open_for_use(token, visitor)
        require_inputs(found, inputs)
        given = self._answers.read(answer_id)
        if (given.demo, given.inputs) != (found.demo, inputs_digest(inputs)):
            raise AnswerInvalid()
        comment = comment if comment and comment.strip() else None
        require_opinion(found, given.label, right, correction, comment)
        self.limits.feedback(found.demo, visitor)
        said = {"inputs": dict(inputs), "right": right, "correction": correction, "comment": comment}
        whole = {
            "model": given.version, "answer": given.label, "confidence": given.confidence, "visitor": visitor,
            "locale": match_locale(locale), **said,
        }  # fmt: skip
        try:
            earlier = self._inbox.append("feedback", found.demo, given.nonce, whole)
        except StorageError as problem:
            log.error("feedback could not be stored: %s", problem)
            raise InboxFull() from problem
        if earlier is not None and {name: earlier.get(name) for name in said} != said:
            raise FeedbackConflict()
        return Receipt(duplicate=earlier is not None)

    def _open(self, token: str, visitor: str) -> Publication:
        """What a link leads to. A good one always passes: wrong ones from the same address must not lock a household out."""
        found = self._links.find(token_digest(token))
        if found is None or (found.expires is not None and found.expires <= self._clock()):
            self.limits.admit(visitor)
            self.limits.missed(visitor)
            raise DemoNotFound()
        return found

    def _open_for_use(self, token: str, visitor: str) -> Publication:
        found = self._open(token, visitor)
        if found.state == "off":
            raise DemoPaused()
        return found

    def _alert(self, demo: str, key: str, error: BentuError) -> None:
        """Put what went wrong into the inbox, once; the request does not wait for it."""
        if (demo, key) in self._told:
            return
        self._told.add((demo, key))
        log.warning("demo %s: %s", demo, error)
        self._inbox.post(
            "alert", demo, key, {"error": error.to_json()}, lambda: self._told.discard((demo, key))
        )

    def _tally(self, demo: str, counts: dict[str, int]) -> None:
        self._inbox.append("tally", demo, os.urandom(8).hex(), counts)


def open_desk() -> Desk:
    """The desk over BENTU_HOME, which in the demo process is the demo's home, trusting the key in BENTU_DEMO_KEY.

    Raises:
        DemoKeyMissing: without a key nothing can be trusted.
    """
    public = os.environ.get("BENTU_DEMO_KEY")
    if not public:
        raise DemoKeyMissing()
    return Desk(home(), public)


def _answered(model: ServedModel, inputs: Mapping[str, str]) -> FloatArray:
    try:
        return model.answer(inputs)
    except DataError as problem:
        raise InputRefused(problem=saying(problem.message, **problem.params)) from problem
    except ValueError as problem:  # its text may quote the stranger's, which has no place in a log
        log.warning("a model refused an input (%s)", type(problem).__name__)
        raise InputRefused(
            problem=saying(N_("It is not of the kind that the model learned from."))
        ) from problem


def _ranked(classes: Sequence[str], probabilities: FloatArray) -> tuple[tuple[str, float], ...]:
    """Classes with their probabilities, the most probable first; rounded, which leaves little for copying the model."""
    order = sorted(range(len(classes)), key=lambda k: (-probabilities[k], k))
    return tuple((classes[k], round(float(probabilities[k]), 4)) for k in order)
