"""The way in for a file or a pasted text: staged on disk at once, so that no bytes stay in the session."""

from __future__ import annotations

import csv
import io

import streamlit as st

from engine.data.limits import MAX_BYTES
from engine.errors import NotFound
from engine.workspace import Upload
from ui.errors import attempt
from ui.state import UPLOAD, ImportDraft, workspace
from ui.text import t
from ui.uploader import uploader

_FILE, _TEXT = "upload_file", "upload_text"


def choose_source() -> None:
    """A file or a pasted text; ends with a draft in the session."""
    file_tab, paste_tab = st.tabs([t("A file"), t("Paste")], key="upload_tabs")
    with file_tab:
        st.markdown(
            t(
                "Drop a table here or choose one: CSV, TSV, Excel (XLSX), JSON lines, Parquet, or a text file with one "
                "text a line; up to {limit}. Nothing is changed in it, and it stays on this computer.",
                limit=f"{MAX_BYTES // 2**20} MB",
            )
        )
        # No list of endings: the browser would hide the others without a word; the server says why it refuses one.
        uploader(t("File"), key=_FILE, on_upload=_staged)
    with paste_tab:
        st.text_area(
            t("One text a line, or cells copied from a spreadsheet with their header"), key=_TEXT, height=220,
            placeholder=t("Paste here"),
        )  # fmt: skip
        st.button(
            t("Use this text"), key="upload_paste", icon=":material/content_paste:", on_click=_stage_text
        )


def current_draft() -> ImportDraft | None:
    """The staged file of this tab, named in its link, so that a reload finds it again."""
    draft: ImportDraft | None = st.session_state.get(UPLOAD)
    linked = st.query_params.get(UPLOAD)
    if draft is not None:
        if linked != draft.upload_id:
            st.query_params[UPLOAD] = draft.upload_id
    elif linked:
        try:
            draft = st.session_state[UPLOAD] = ImportDraft(workspace().datasets.upload(linked).id)
        except NotFound:
            st.query_params.pop(UPLOAD, None)
    return draft


def template() -> None:
    """What a file may look like, and one to start from."""
    st.download_button(
        t("Download a template (CSV)"), template_csv(), "bentu-template.csv", "text/csv", key="upload_template",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def template_csv() -> bytes:
    """A small file in the reader's language, with the mark that lets Excel read it as UTF-8."""
    lines = (
        ("text", "label", "region"),
        (t("The parcel came a day early and everything was whole."), t("praise"), t("north")),
        (t("Cold soup and nobody answers the phone."), t("complaint"), t("south")),
    )
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _staged(files: list[Upload]) -> None:
    """What the field for files has received."""
    _drafted(files[0])


def _stage_text() -> None:
    text = str(st.session_state.get(_TEXT) or "")
    if text.strip():
        _drafted(attempt(workspace().datasets.stage_text, text))


def _drafted(upload: Upload | None) -> None:
    if upload is not None:
        st.session_state[UPLOAD] = ImportDraft(upload.id)


def drop_draft() -> None:
    """Forget the staged file, and remove it."""
    draft: ImportDraft | None = st.session_state.pop(UPLOAD, None)
    if draft:
        workspace().datasets.discard(draft.upload_id)
