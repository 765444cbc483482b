"""From a staged file to a dataset version: look at it, say what its columns are, save it."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

import streamlit as st

from engine.data.readers import Preview
from engine.errors import NotFound
from engine.workspace import Dataset, Job
from ui.errors import errors_shown
from ui.format import size
from ui.panels.job import watch
from ui.panels.reading import reading, settled
from ui.panels.roles import roles_form, roles_state
from ui.panels.upload import drop_draft
from ui.state import ADDING, UPLOAD, VERSION, ImportDraft, follow, followed, unfollow, workspace
from ui.text import safe_text, t

NAME_LIMIT = 100
IMPORT_KINDS = ("import", "sample")


def import_purpose(project_id: str) -> str:
    """Under which name this tab remembers the import of a project."""
    return f"import_{project_id}"


def import_panel(project_id: str, draft: ImportDraft, datasets: list[Dataset]) -> None:
    """The staged file with everything there is to decide about it, and the button that saves it."""
    ws = workspace()
    try:
        upload = ws.datasets.upload(draft.upload_id)
    except NotFound:
        _drop(project_id)
        st.info(t("The file is no longer here. Choose it again."))
        st.button(t("Choose a file"), key="import_gone", type="primary")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{safe_text(upload.name, 120)}**")
            st.caption(size(upload.size))
        st.button(
            t("Choose another file"),
            key="import_drop",
            icon=":material/close:",
            on_click=_drop,
            args=(project_id,),
        )
    st.subheader(t("1 · Read"), anchor=False)
    preview = reading(draft)
    if preview.problem is not None or not preview.columns:
        return
    st.subheader(t("2 · Columns"), anchor=False)
    roles_form(draft, preview)
    ready = roles_state(draft.roles)
    st.subheader(t("3 · Save"), anchor=False)
    _save(project_id, draft, preview, datasets, PurePath(upload.name).stem, ready=ready)


def _drop(project_id: str) -> None:
    """Forget the file, and what became of its import."""
    drop_draft()
    unfollow(import_purpose(project_id))


def _save(
    project_id: str, draft: ImportDraft, preview: Preview, datasets: list[Dataset], stem: str, *, ready: bool
) -> None:
    name = st.text_input(
        t("Name of the dataset"), value=stem[:NAME_LIMIT] or "data", max_chars=NAME_LIMIT,
        key=f"import_name_{draft.upload_id}",
    ).strip()  # fmt: skip
    same = next((d for d in datasets if d.name == name), None)
    if same is not None:
        number = max((v.number for v in same.versions), default=0) + 1
        st.caption(t("There is a dataset of this name: this becomes its version {number}.", number=number))
    purpose = import_purpose(project_id)
    job_id = followed(purpose)
    if job_id:
        follow_import(project_id, job_id)
        if workspace().jobs.get(job_id).active:
            return
    if st.button(
        t("Save version"),
        key="import_go",
        type="primary",
        icon=":material/save:",
        disabled=not (ready and name),
    ):
        with errors_shown():
            draft.tries += 1
            options = settled(draft, preview)
            asked = repr((options, sorted(draft.roles.items()), name, draft.tries))
            key = f"{draft.upload_id}:{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
            started = workspace().datasets.start_import(
                project_id, draft.upload_id, name, options, draft.roles, key
            )
            follow(purpose, started.id)
            st.rerun()


def follow_import(project_id: str, job_id: str) -> None:
    """The running import as a live line; when it is done its version is shown."""
    watch(job_id, t("Importing the data"), lambda job: _imported(project_id, job))


def _imported(project_id: str, job: Job) -> None:
    if job.state != "succeeded" or not job.result:
        return
    st.session_state.pop(UPLOAD, None)
    st.session_state.pop(ADDING, None)
    st.session_state[VERSION] = job.result["version_id"]
    unfollow(import_purpose(project_id))
    version = workspace().datasets.version(job.result["version_id"])
    workspace().recipes.update(project_id, data=version.id)
    if job.result.get("existing"):
        text = t("These data are already here as {name}.", name=safe_text(version.label, 80))
    else:
        text = t("Saved as {name}", name=safe_text(version.label, 80))
    st.toast(text, icon=":material/check_circle:")
    st.rerun()
