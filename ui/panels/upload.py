"""The way in for a file or a pasted text: staged on disk at once, so that no bytes stay in the session."""

from __future__ import annotations

import csv
import io
from copy import deepcopy

import streamlit as st

from engine.data.limits import MAX_BYTES, MAX_FILES
from engine.errors import NotFound
from engine.workspace import Upload
from ui.errors import attempt
from ui.state import UPLOAD, FileDraft, ImportDraft, workspace
from ui.text import t
from ui.uploader import uploader

_FILE, _MORE, _TEXT = "upload_file", "upload_more_file", "upload_text"


def choose_source() -> None:
    """A file or a pasted text; ends with a draft in the session."""
    file_tab, paste_tab = st.tabs([t("A file"), t("Paste")], key="upload_tabs")
    with file_tab:
        st.markdown(
            t(
                "Drop a table here or choose one: CSV, TSV, Excel (XLSX), JSON, JSON lines, Parquet, or a text file with one "
                "text a line, also packed as ZIP or gzip; up to {limit}. Several files become one dataset. Nothing is "
                "changed in them, and they stay on this computer.",
                limit=f"{MAX_BYTES // 2**20} MB",
            )
        )
        # No list of endings: the browser would hide the others without a word; the server says why it refuses one.
        uploader(t("Files"), key=_FILE, multiple=True, on_upload=_staged)
    with paste_tab:
        st.text_area(
            t("One text a line, or cells copied from a spreadsheet with their header"), key=_TEXT, height=220,
            placeholder=t("Paste here"),
        )  # fmt: skip
        st.button(
            t("Use this text"), key="upload_paste", icon=":material/content_paste:", on_click=_stage_text
        )


def more_files(draft: ImportDraft) -> None:
    """The way to further files of the same dataset."""
    with st.expander(t("Add another file"), icon=":material/note_add:", key=f"upload_more_{draft.key}"):
        st.caption(t("Columns are united by their names, and one more column says which file a row is from."))
        uploader(t("Files"), key=_MORE, multiple=True, on_upload=lambda files: _added(draft, files))


def current_draft() -> ImportDraft | None:
    """The staged files of this tab, named in its link, so that a reload finds them again with what was decided about them."""
    draft: ImportDraft | None = st.session_state.get(UPLOAD)
    linked = st.query_params.get(UPLOAD)
    if draft is not None:
        ids = ",".join(dict.fromkeys(file.upload_id for file in draft.files))
        if linked != ids:
            st.query_params[UPLOAD] = ids
        _kept(ids)[UPLOAD] = draft
    elif linked:
        try:
            found = [workspace().datasets.upload(one) for one in linked.split(",")[:MAX_FILES]]
        except NotFound:
            st.query_params.pop(UPLOAD, None)
        else:
            draft = st.session_state[UPLOAD] = deepcopy(_kept(linked).get(UPLOAD)) or _draft(found)
    return draft


@st.cache_resource(max_entries=64, show_spinner=False)
def _kept(ids: str) -> dict[str, ImportDraft]:
    """Where the draft of these staged files stays when its tab is loaded anew; each tab goes on with a copy of its own."""
    return {}


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
    st.session_state[UPLOAD] = _draft(files)


def _draft(files: list[Upload]) -> ImportDraft:
    return ImportDraft(files[0].id, more=[FileDraft(file.id) for file in files[1:]])


def _added(draft: ImportDraft, files: list[Upload]) -> None:
    draft.more += [FileDraft(file.id) for file in files]


def _stage_text() -> None:
    text = str(st.session_state.get(_TEXT) or "")
    if text.strip():
        _drafted(attempt(workspace().datasets.stage_text, text))


def _drafted(upload: Upload | None) -> None:
    if upload is not None:
        st.session_state[UPLOAD] = ImportDraft(upload.id)


def drop_draft() -> None:
    """Forget the staged files, and remove them."""
    draft: ImportDraft | None = st.session_state.pop(UPLOAD, None)
    for file in draft.files if draft else ():
        workspace().datasets.discard(file.upload_id)


def drop_file(draft: ImportDraft, file: FileDraft) -> None:
    """Leave one of several files out; the draft goes on with the others."""
    dropped, left = file.upload_id, [other for other in draft.files if other is not file]
    if file is draft:  # the second becomes the first
        draft.upload_id, draft.options, draft.key = left[0].upload_id, left[0].options, left[0].key
    draft.more = left[1:]
    if all(other.upload_id != dropped for other in draft.files):
        workspace().datasets.discard(dropped)
