"""The field for files. They go to the disk by `PUT /api/uploads`; the page gets their ids and never their bytes.

Streamlit's own uploader keeps whole files in memory, counts nobody's, and speaks English.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from engine.data.limits import MAX_BYTES
from engine.workspace import Upload
from ui.errors import attempt
from ui.state import TICKETS, workspace
from ui.text import language, sentences, t

__all__ = ["MOST", "uploader"]

MOST = 50
"""Files at once, where several are accepted."""

RENEW = 3600.0
"""Seconds after which a page gets a new ticket; one is good for several times as long."""

_HERE = Path(__file__).parent
_field = st.components.v2.component(
    "bentu_uploader",
    html=(_HERE / "uploader.html").read_text(encoding="utf-8"),
    css=(_HERE / "uploader.css").read_text(encoding="utf-8"),
    js=(_HERE / "uploader.js").read_text(encoding="utf-8"),
)


def uploader(
    label: str, *, key: str, multiple: bool = False, max_bytes: int = MAX_BYTES, table: bool = True,
    on_upload: Callable[[list[Upload]], Any],
) -> None:  # fmt: skip
    """A place to drop or choose files, with progress, cancel and retry.

    Args:
        label: What is wanted, for screen readers.
        key: Of this field; its files and a running upload survive reruns under it.
        multiple: Whether several files are accepted at once; `on_upload` then gets them together.
        max_bytes: Largest size of each.
        table: Whether the server looks at once whether a table can be read from it, and else refuses it aloud.
        on_upload: Called before the page runs again, with what has come in whole. A `BentuError` is shown by that run.
    """
    _field(
        key=key,
        data={
            "label": label, "multiple": multiple, "limit": max_bytes, "most": MOST, "url": "/api/uploads",
            "ticket": _ticket(key, max_bytes, table), "language": language().replace("_", "-"),
            "words": _words(multiple, max_bytes),
        },
        on_uploaded_change=partial(_uploaded, key, on_upload),
        on_renew_change=partial(_renew, key),
    )  # fmt: skip


def _ticket(key: str, max_bytes: int, table: bool) -> str:
    """The field's leave to send files, the same for a while: a new one at every rerun would draw the field anew."""
    tickets: dict[str, tuple[str, str, float]] = st.session_state.setdefault(TICKETS, {})
    ticket, meant, until = tickets.get(key, ("", "", 0.0))
    wanted = f"{_session()} {max_bytes} {table}"
    if meant != wanted or until < time.time():
        ticket = workspace().uploads.ticket(_session(), max_bytes, table)
        tickets[key] = (ticket, wanted, time.time() + RENEW)
    return ticket


def _uploaded(key: str, on_upload: Callable[[list[Upload]], Any]) -> None:
    sent = st.session_state[key].get("uploaded")
    ids = [str(one.get("id")) for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    if ids:
        attempt(_taken, ids[:MOST], on_upload)


def _taken(ids: list[str], on_upload: Callable[[list[Upload]], Any]) -> None:
    """The browser names the files; that they came from this tab, and what they are, is what the server knows."""
    on_upload([workspace().uploads.take(upload_id, _session()) for upload_id in ids])


def _renew(key: str) -> None:
    st.session_state.get(TICKETS, {}).pop(key, None)


def _session() -> str:
    context = get_script_run_ctx()
    assert context is not None, "a field for files belongs on a page"
    return context.session_id


def _words(multiple: bool, max_bytes: int) -> dict[str, str]:
    """The field's texts. Those with {name}, {size} and the like are filled in the browser."""
    most = f"{max_bytes // 2**20} MB" if max_bytes >= 2**20 else f"{max_bytes // 1000} kB"
    return {
        "hint": t("Drop files here, or") if multiple else t("Drop a file here, or"),
        "choose": t("Choose files") if multiple else t("Choose a file"),
        "limit": t("At most {limit} each.", limit=most) if multiple else t("At most {limit}.", limit=most),
        "share": t("{percent} · {sent} of {size}"),
        "waiting": t("Waiting"),
        "checking": t("Checking the file"),
        "done": t("Received: {size}"),
        "cancel": t("Cancel"),
        "cancelOf": t("Cancel {name}"),
        "retry": t("Try again"),
        "retryOf": t("Try again with {name}"),
        "remove": t("Remove"),
        "removeOf": t("Remove {name}"),
        "large": t("“{name}” has {size}; at most {limit} are accepted.", limit=most, name="{name}", size="{size}"),
        "one": t("One file at a time is accepted here."),
        "many": t("At most {most} files are accepted at once.", most=MOST),
        "broken": t("The connection broke. What had come of the file is gone; try again."),
        "unread": t("The server does not answer, or the file cannot be read on this computer (a folder cannot be sent)."),
        "sending": t("Sending “{name}”"),
        "cancelled": t("“{name}” was cancelled."),
        "received": t("“{name}” was received."),
        "progress": t("Progress of “{name}”"),
        "between": sentences(("", "")),
    }  # fmt: skip
