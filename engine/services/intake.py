"""Files that a page sends, from the ticket to the staged file: what the uploader and the HTTP route share."""

from __future__ import annotations

import os

from engine.services.scope import Scope
from engine.services.upload_budget import UploadBudget
from engine.services.upload_tickets import issue_ticket, read_ticket
from engine.services.uploads import Incoming, Upload, check_size, discard, find, sweep, take, withdraw
from engine.storage.errors import LowSpace
from engine.storage.home import MIN_FREE_MB, folder, free_mb

budget = UploadBudget()
"""Of this process."""


class Uploads:
    """The files that one owner's tabs send."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def ticket(self, session: str, limit: int, table: bool = True) -> str:
        """Leave for a tab to send files of at most `limit` bytes; with `table` only such as can be read as a table."""
        return issue_ticket(self._scope.owner, session, limit, table)

    def take(self, upload_id: str, session: str) -> Upload:
        """A file that this tab sent: from now on its owner finds it. Raises `NotFound`, also for another tab's file."""
        return take(upload_id, self._scope.owner, session)

    def content(self, upload_id: str) -> bytes:
        """All bytes of a small file, such as a recipe; raises `NotFound`."""
        return find(upload_id, self._scope.owner)[0].read_bytes()

    def discard(self, upload_id: str) -> None:
        """Remove a file; one that is gone already is fine."""
        discard(upload_id)


class Arrival:
    """One file on its way in. `count` belongs into the event loop; `write` and `finish` use the disk.

    Args:
        ticket: What `Uploads.ticket` made for the tab.
        name: The file's own name.
        length: Bytes that the sender announces, if it does.
        address: Where it comes from.

    Raises:
        UploadTicketInvalid, FileTooLarge, UploadsBusy, UploadsTooMany, LowSpace
    """

    def __init__(self, ticket: str, name: str, length: int | None, address: str) -> None:
        leave = read_ticket(ticket)
        if length is not None:
            check_size(length, leave.limit)
        self._claim = budget.admit(leave.session, address, length)
        self.size = 0
        try:
            _require_room()
            self._incoming = Incoming(name, leave.owner, leave.session, leave.limit, leave.table)
        except BaseException:
            self._claim.release()
            raise
        self._limit, self._finished = leave.limit, False

    def count(self, size: int) -> None:
        """Account for so many more bytes before they are kept; raises `FileTooLarge`, `UploadsBusy`, `UploadsTooMany`."""
        check_size(self.size + size, self._limit)
        self._claim.used(self.size + size)
        self.size += size

    def write(self, part: bytes) -> None:
        """Put what was counted on the disk; raises `DiskFull`."""
        self._incoming.write(part)

    def finish(self) -> Upload:
        """The file is complete. Raises a `DataError` if nothing can be read from it, and it is not kept then."""
        upload = self._incoming.finish()
        self._finished = True
        return upload

    def close(self) -> None:
        """End the arrival; a file that did not finish is gone. Call it in any case, in the event loop."""
        self._claim.release()
        if not self._finished:
            self._incoming.abandon()


def withdraw_sent(ticket: str, upload_id: str) -> None:
    """Remove a file that the tab of this ticket sent and did not take; raises `UploadTicketInvalid`, `NotFound`."""
    leave = read_ticket(ticket)
    withdraw(upload_id, leave.owner, leave.session)


def _require_room() -> None:
    needed = int(os.environ.get("BENTU_MIN_FREE_MB") or MIN_FREE_MB)
    free = free_mb(folder("uploads")) - budget.in_flight // 1_000_000
    if free < needed:
        sweep()
        free = free_mb(folder("uploads")) - budget.in_flight // 1_000_000
    if free < needed:
        raise LowSpace(free=max(0, free), needed=needed, path=str(folder("uploads")))
