"""From a link to what was published under it: looked up at every action, read again only when the file changed.

Stage 6b (serving). Revoking a link takes effect at the very next action, because each one asks the file system. What does not
verify, or is older than what was seen before, is refused and told to the owner, and the last good state keeps serving; a link
that was seen to be withdrawn comes back only with a higher serial number.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.errors import N_, BentuError, saying
from engine.serving.errors import ModelUnavailable, PublicationInvalid, PublicationOutdated
from engine.serving.publication import PUBLISHED, Publication, opened_publication

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
            key.removeprefix(_NOTE): self._noted(note) for key, note in memory.recall(_NOTE).items()
        }
        for digest in list(self._seen):
            if self._stamp(digest) is None:  # withdrawn while no process was looking
                self._look(digest, None)

    def find(self, digest: str) -> Publication | None:
        """What is published under a token digest; None for a link that leads nowhere, or no longer.

        Raises:
            ModelUnavailable: something is there, but it is not to be trusted and nothing good is known.
        """
        stamp = self._stamp(digest)
        seen = self._seen.get(digest)
        if stamp is None and (seen is None or seen.gone):
            return None
        if seen is None or seen.stamp != stamp:
            with self._lock:
                seen = self._look(digest, stamp)
        if seen.gone:
            return None
        if seen.publication is None:
            raise ModelUnavailable()
        return seen.publication

    def _stamp(self, digest: str) -> Stamp | None:
        try:
            found = (self._folder / f"{digest}.json").stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _look(self, digest: str, stamp: Stamp | None) -> _Seen:
        seen = self._seen.get(digest) or _Seen(None)
        try:
            if stamp is None:
                raise FileNotFoundError
            envelope = (self._folder / f"{digest}.json").read_text(encoding="utf-8")
            publication = opened_publication(envelope, self._public)
            if seen.demo not in ("", publication.demo):
                raise PublicationInvalid(problem=saying(N_("it belongs to another demo")))
            if publication.serial < seen.serial + seen.gone:
                raise PublicationOutdated(found=publication.serial, seen=seen.serial)
            new = _Seen(stamp, publication.demo, publication.serial, publication, envelope)
        except FileNotFoundError:
            new = _Seen(None, seen.demo, seen.serial, gone=True)
        except (OSError, ValueError, BentuError) as problem:
            refused = problem if isinstance(problem, BentuError) else _unreadable()
            state = "-".join(map(str, stamp or ()))
            self._alert(seen.demo or digest, f"{digest}:{state}", refused)
            new = replace(seen, stamp=stamp)
        self._seen[digest] = new
        if replace(new, stamp=None) != replace(seen, stamp=None) and new.demo:
            note = {"demo": new.demo, "serial": new.serial, "envelope": new.envelope}
            self._memory.remember(_NOTE + digest, json.dumps(note))
        return new

    def _noted(self, note: str) -> _Seen:
        """What an earlier process knew; a document is believed only if the owner signed it."""
        try:
            told = json.loads(note)
            if not told["envelope"]:
                return _Seen(None, str(told["demo"]), int(told["serial"]), gone=True)
            publication = opened_publication(told["envelope"], self._public)
            return _Seen(None, publication.demo, publication.serial, publication, told["envelope"])
        except (ValueError, TypeError, KeyError, BentuError):
            return _Seen(None)


def _unreadable() -> PublicationInvalid:
    return PublicationInvalid(problem=saying(N_("it cannot be read")))
