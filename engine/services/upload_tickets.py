"""Tickets to send a file: made for one tab, signed with a secret that only this process knows, and short-lived.

A page elsewhere can make a browser send a request here, but it can neither read nor make a ticket; and a file that was
sent with the ticket of one tab is taken by that tab only (`engine.services.uploads.take`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from binascii import Error as NotBase64
from dataclasses import asdict, dataclass

from engine.services.upload_errors import UploadTicketInvalid

LIFE = 4 * 3600
"""Seconds that a ticket is good for the beginning of an upload; a page makes a new one well before."""

_SECRET = secrets.token_bytes(32)
_LONGEST = 2_000


@dataclass(frozen=True)
class Ticket:
    """What the bearer may send: files of at most `limit` bytes, for this owner, from this tab.

    `table` says whether only what can be read as a table is accepted; `until` is in seconds since 1970.
    """

    owner: str
    session: str
    limit: int
    table: bool
    until: float


def issue_ticket(owner: str, session: str, limit: int, table: bool = True, now: float | None = None) -> str:
    """A ticket as text for a header."""
    ticket = Ticket(owner, session, limit, table, (now or time.time()) + LIFE)
    body = _text(json.dumps(asdict(ticket), separators=(",", ":")).encode())
    return f"{body}.{_text(_sign(body))}"


def read_ticket(text: str, now: float | None = None) -> Ticket:
    """The ticket; raises `UploadTicketInvalid` for one that this process did not make, and for one that has run out."""
    body, _, signature = text.partition(".")
    try:
        given = base64.urlsafe_b64decode(signature) if len(text) <= _LONGEST and text.isascii() else b""
    except (NotBase64, ValueError):
        given = b""
    if not hmac.compare_digest(given, _sign(body)):
        raise UploadTicketInvalid()
    ticket = Ticket(**json.loads(base64.urlsafe_b64decode(body)))
    if ticket.until < (now or time.time()):
        raise UploadTicketInvalid()
    return ticket


def _sign(body: str) -> bytes:
    return hmac.new(_SECRET, body.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()
