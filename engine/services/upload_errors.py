"""Why a file is not let in before anybody looked at what is in it."""

from __future__ import annotations

from typing import ClassVar

from engine.errors import N_, BentuError


class UploadError(BentuError):
    """Something about the sending of a file. `status` is its HTTP status."""

    code = "UPLOAD_ERROR"
    status: ClassVar[int] = 400


class UploadTicketInvalid(UploadError):
    code = "UPLOAD_TICKET"
    message = N_("The permission of this page to send files has run out, or is that of another page.")
    remedy = N_("Reload the page and choose the file again.")
    status = 403


class UploadsBusy(UploadError):
    code = "UPLOADS_BUSY"
    message = N_("So much is coming in at the moment that this file has to wait.")
    remedy = N_("Try again in {seconds} {seconds:second|seconds}.")
    status = 429


class UploadsTooMany(UploadError):
    code = "UPLOADS_TOO_MANY"
    message = N_("From here more files came in a short time than are accepted.")
    remedy = N_("Try again in {seconds} {seconds:second|seconds}.")
    status = 429
