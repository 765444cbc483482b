"""From a staged file to a dataset version: look at it, say what its columns are, save it."""

from __future__ import annotations

import hashlib
from pathlib import PurePath

import streamlit as st

from engine.data.readers import Preview
from engine.errors import NotFound
from engine.workspace import Dataset, DatasetVersion, Job
from ui.errors import errors_shown
from ui.format import size
from ui.panels.import_files import (
    archive_members,
    choose_file,
    differences,
    file_count,
    names_of,
    previews_of,
    together,
)
from ui.panels.import_target import choose_target, fitting, start_append
from ui.panels.job import watch
from ui.panels.reading import reading, settled
from ui.panels.roles import roles_form, roles_state
from ui.panels.upload import drop_draft, more_files
from ui.state import ADDING, IMPORTED, UPLOAD, VERSION, ImportDraft, follow, followed, unfollow, workspace
from ui.text import safe_text, t

NAME_LIMIT = 100
IMPORT_KINDS = ("import", "sample")


def import_purpose(project_id: str) -> str:
    """Under which name this tab remembers the import of a project."""
    return f"import_{project_id}"


def import_panel(project_id: str, draft: ImportDraft, datasets: list[Dataset]) -> None:
    """The staged file with everything there is to decide about it, and the button that saves it."""
    try:
        names, size_ = names_of(draft), sum(workspace().datasets.upload(u).size for u in _uploads(draft))
    except NotFound:
        _drop(project_id)
        st.info(t("The file is no longer here. Choose it again."))
        st.button(t("Choose a file"), key="import_gone", type="primary")
        return
    several = len(names) > 1
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{safe_text(names[0], 120) if not several else file_count(draft)}**")
            st.caption(size(size_))
        st.button(
            t("Choose another file"),
            key="import_drop",
            icon=":material/close:",
            on_click=_drop,
            args=(project_id,),
        )
    st.subheader(t("1 · Read"), anchor=False)
    archive_members(draft)
    previews = previews_of(draft)
    shown = choose_file(draft, names, previews) if several else draft
    preview = reading(shown)
    more_files(draft)
    if any(p.problem is not None or not p.columns for p in previews):
        if several and preview.problem is None:
            st.caption(t("Another file cannot be read yet. Choose it above, or leave it out."))
        return
    agreed = differences(draft, names, previews) if several else True
    whole = together(previews, names) if several else preview
    st.subheader(t("2 · Columns"), anchor=False)
    into = choose_target(draft, datasets)
    if into is not None:
        ready = fitting(into, whole)
    else:
        roles_form(draft, whole)
        ready = roles_state(draft.roles)
    st.subheader(t("3 · Save"), anchor=False)
    _save(
        project_id,
        draft,
        previews,
        datasets,
        _stem(names[0]),
        into,
        ready=ready and (agreed or into is not None),
        waits=t(
            "The files do not have the same columns: say above what becomes of the cells that are not there."
        )
        if not agreed and into is None
        else "",
    )


def _stem(name: str) -> str:
    """A name for the dataset: the file's without its ending, and without the one that packing put behind it."""
    path = PurePath(name)
    return PurePath(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def _uploads(draft: ImportDraft) -> dict[str, None]:
    return dict.fromkeys(file.upload_id for file in draft.files)


def _drop(project_id: str) -> None:
    """Forget the file, and what became of its import."""
    drop_draft()
    unfollow(import_purpose(project_id))


def _save(
    project_id: str, draft: ImportDraft, previews: list[Preview], datasets: list[Dataset], stem: str, into: DatasetVersion | None,
    *, ready: bool, waits: str,
) -> None:  # fmt: skip
    name = "" if into is not None else _name(draft, datasets, stem)
    purpose = import_purpose(project_id)
    job_id = followed(purpose)
    if job_id:
        follow_import(project_id, job_id)
        if workspace().jobs.get(job_id).active:
            return
    if ready and into is None and not name:
        waits = t("The dataset needs a name.")
    if waits:
        st.caption(f":material/info: {waits}")
    if st.button(
        t("Save version") if into is None else t("Add these rows"),
        key="import_go",
        type="primary",
        icon=":material/save:",
        disabled=not (ready and (name or into is not None)),
    ):
        with errors_shown():
            draft.tries += 1
            options = [settled(file, found) for file, found in zip(draft.files, previews, strict=True)]
            roles = sorted(draft.roles.items())
            uploads = [file.upload_id for file in draft.files]
            asked = repr((uploads, options, roles, name, draft.differing, draft.into, draft.tries))
            key = f"{draft.upload_id}:{hashlib.sha256(asked.encode()).hexdigest()[:16]}"
            if into is not None:
                started = start_append(draft, into, options, key)
            else:
                started = workspace().datasets.start_import(
                    project_id, draft.upload_id, name, options[0], draft.roles, key,
                    more=list(zip(uploads[1:], options[1:], strict=True)), differing=draft.differing,
                )  # fmt: skip
            follow(purpose, started.id)
            st.rerun()


def _name(draft: ImportDraft, datasets: list[Dataset], stem: str) -> str:
    draft.name = st.text_input(
        t("Name of the dataset"), value=(stem[:NAME_LIMIT] or "data") if draft.name is None else draft.name,
        max_chars=NAME_LIMIT, key=f"import_name_{draft.key}",
    )  # fmt: skip
    name = draft.name.strip()
    same = next((d for d in datasets if d.name == name), None)
    if same is not None:
        number = max((v.number for v in same.versions), default=0) + 1
        st.caption(t("There is a dataset of this name: this becomes its version {number}.", number=number))
    return name


def follow_import(project_id: str, job_id: str) -> None:
    """The running import as a live line; when it is done its version is shown."""
    watch(job_id, t("Importing the data"), lambda job: _imported(project_id, job))


def _imported(project_id: str, job: Job) -> None:
    if job.state != "succeeded" or not job.result:
        return
    st.session_state.pop(UPLOAD, None)
    st.session_state.pop(ADDING, None)
    st.session_state[VERSION] = st.session_state[IMPORTED] = job.result["version_id"]
    unfollow(import_purpose(project_id))
    version = workspace().datasets.version(job.result["version_id"])
    workspace().recipes.update(project_id, data=version.id)
    if job.result.get("existing"):
        text = t("These data are already here as {name}.", name=safe_text(version.label, 80))
    else:
        text = t("Saved as {name}", name=safe_text(version.label, 80))
    st.toast(text, icon=":material/check_circle:")
    st.rerun()
