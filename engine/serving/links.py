"""From a link to what was published under it: looked up at every action, read again only when the file changed.

Stage 6b (serving). Revoking a link takes effect at the very next action, because each one asks the file system. What does not
verify, or is older than what was seen before, is refused and told to the owner, and the last good state keeps serving; a link
that was seen to be withdrawn comes back only with a higher serial number. A file that cannot be read at the moment says nothing:
the last good state keeps serving, and the next action tries again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.errors import N_, BentuError, saying
from engine.serving.errors import ModelUnavailable, PublicationInvalid, PublicationOutdated
from engine.serving.publication import PUBLISHED, Publication, opened_publication

log = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
"""The log says at most this often that the folder cannot be read."""

Alert = Callable[[str, str, BentuError], None]
"""Tells the owner: the demo's id (the link's digest where the id is not known), what makes the alert one of its own, the error."""

Stamp = tuple[int, int, int, int]


class Memory(Protocol):
    """Notes that outlive the process."""

    def recall(self, prefix: str) -> dict[str, str]: ...
    def remember(self, key: str, value: str) -> None: ...


@dataclass(frozen=True)
class _Seen:
    """What is known of a link: the state of its file that was looked at last, and the last good document.

    Of a link that was withdrawn (`gone`) only the demo and its serial number are kept.
    """

    stamp: Stamp | None
    demo: str = ""
    serial: int = -1
    publication: Publication | None = None
    envelope: str = ""
    gone: bool = False


_NOTE = "link:"


class Links:
    """The published links of a demo process. Safe to share between threads.

    Args:
        home: the demo's home.
        public: the owner's public key.
        memory: where the last good state of each link is kept for the next process.
        alert: tells the owner what was refused.
    """

    def __init__(self, home: Path, public: str, memory: Memory, alert: Alert) -> None:
        self._folder = home / PUBLISHED
        self._public = public
        self._memory = memory
        self._alert = alert
        self._lock = threading.Lock()
        self._seen = {
            (digest := key.removeprefix(_NOTE)): self._noted(digest, note)
            for key, note in memory.recall(_NOTE).items()
        }
        # by demo: its highest serial number, and the link that it stands under
        self._newest: dict[str, tuple[int, str]] = {}
        for digest, seen in self._seen.items():
            self._count(digest, seen)
        self._said = -QUIET_SECONDS
        for digest in list(self._seen):
            try:
                if self._stamp(digest) is None:  # withdrawn while no process was looking
                    self._look(digest)
            except OSError as problem:
                self._cannot_tell(problem)

    def find(self, digest: str) -> Publication | None:
        """What is published under a token digest; None for a link that leads nowhere, or no longer.

        Raises:
            ModelUnavailable: something is there, but it is not to be trusted and nothing good is known.
        """
        try:
            stamp = self._stamp(digest)
            seen = self._seen.get(digest)
            if stamp is None and (seen is None or seen.gone):
                return None
            if seen is None or seen.stamp != stamp:
                with self._lock:
                    seen = self._look(digest)
        except OSError as problem:
            self._cannot_tell(problem)
            seen = self._seen.get(digest)
            if seen is None or seen.publication is None:
                if isinstance(problem, FileNotFoundError):  # no folder yet: nothing was ever published
                    return None
                raise ModelUnavailable() from problem
        if seen.gone or self._replaced(digest, seen):
            return None
        if seen.publication is None:
            raise ModelUnavailable()
        return seen.publication

    def _stamp(self, digest: str) -> Stamp | None:
        """What tells two states of a link's file apart; None if the link is withdrawn.

        Raises:
            OSError: it cannot be told at the moment. A file that is missing together with its folder was not withdrawn.
        """
        path = self._folder / f"{digest}.json"
        try:
            found = path.stat()
        except FileNotFoundError:
            self._folder.stat()
            try:
                found = path.stat()  # once more: the folder may have been back only since
            except FileNotFoundError:
                return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _look(self, digest: str) -> _Seen:
        """Read the file and take it over, or refuse it; an `OSError` leaves what is known as it was."""
        seen = self._seen.get(digest) or _Seen(None)
        stamp = self._stamp(digest)
        demo = seen.demo or digest
        try:
            if stamp is None:
                new = _Seen(None, seen.demo, seen.serial, gone=True)
            else:
                envelope = (self._folder / f"{digest}.json").read_text(encoding="utf-8")
                publication = opened_publication(envelope, self._public)
                demo = seen.demo or publication.demo
                self._require_own_and_new(digest, seen, publication)
                new = _Seen(stamp, publication.demo, publication.serial, publication, envelope)
        except (IsADirectoryError, ValueError, BentuError) as problem:
            refused = problem if isinstance(problem, BentuError) else _unreadable()
            state = "-".join(map(str, stamp or ()))
            self._alert(demo, f"{digest}:{state}", refused)
            new = replace(seen, stamp=stamp)
        self._seen[digest] = new
        self._count(digest, new)
        if replace(new, stamp=None) != replace(seen, stamp=None) and new.demo:
            note = {"demo": new.demo, "serial": new.serial, "envelope": new.envelope}
            self._memory.remember(_NOTE + digest, json.dumps(note))
        return new

    def _require_own_and_new(self, digest: str, seen: _Seen, publication: Publication) -> None:
        if publication.link != digest:
            raise PublicationInvalid(problem=saying(N_("it belongs to another link")))
        newest, _ = self._newest.get(publication.demo, (-1, ""))
        if publication.serial < max(seen.serial + seen.gone, newest):
            raise PublicationOutdated(found=publication.serial, seen=max(seen.serial, newest))

    def _count(self, digest: str, seen: _Seen) -> None:
        if seen.demo and seen.serial > self._newest.get(seen.demo, (-1, ""))[0]:
            self._newest[seen.demo] = seen.serial, digest

    def _replaced(self, digest: str, seen: _Seen) -> bool:
        """Whether the demo has got another link since: the former one is dead, also if its file is still there."""
        newest, link = self._newest.get(seen.demo, (-1, digest))
        return link != digest and newest > seen.serial

    def _cannot_tell(self, problem: OSError) -> None:
        if time.monotonic() - self._said >= QUIET_SECONDS:
            self._said = time.monotonic()
            log.warning("what is published cannot be read, the last good state keeps serving: %s", problem)

    def _noted(self, digest: str, note: str) -> _Seen:
        """What an earlier process knew; a document is believed only if the owner signed it."""
        try:
            told = json.loads(note)
            if not told["envelope"]:
                return _Seen(None, str(told["demo"]), int(told["serial"]), gone=True)
            publication = opened_publication(told["envelope"], self._public)
            if publication.link != digest:
                return _Seen(None)
            return _Seen(None, publication.demo, publication.serial, publication, told["envelope"])
        except (ValueError, TypeError, KeyError, BentuError):
            return _Seen(None)


def _unreadable() -> PublicationInvalid:
    return PublicationInvalid(problem=saying(N_("it cannot be read")))
