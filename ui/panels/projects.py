"""Projects: the list with what each holds, and the dialogs that create, rename and delete one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Project
from ui.dialogs import show_dialog
from ui.errors import attempt
from ui.format import moment, score, size
from ui.navigation import goto
from ui.panels.metrics import metric_title
from ui.panels.test_seal import remembered
from ui.state import choose_project, workspace
from ui.text import N_, labelled, n, safe_text, t

NAME_LIMIT = 200
_NEW, _RENAMED = "project_new_name", "project_renamed"


def project_list(projects: Sequence[Project], current: Project | None) -> None:
    """One row a project: what it holds, and open, rename, delete."""
    for project in projects:
        with st.container(border=True, key=f"project_{project.id}"):
            row = st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            )
            with row.container(width="stretch", gap="xxsmall"):
                _headline(project, is_current=current is not None and project.id == current.id)
                st.caption(_contents(project))
            with row.container(horizontal=True, width="content", vertical_alignment="center"):
                if st.button(t("Open"), key=f"project_open_{project.id}"):
                    choose_project(project.id)
                    goto("data")
                chosen = st.menu_button(
                    t("More"), ["rename", "delete"], key=f"project_menu_{project.id}",
                    format_func=labelled({"rename": N_("Rename"), "delete": N_("Delete")}),
                )  # fmt: skip
            if chosen == "rename":
                rename_dialog(project)
            elif chosen == "delete":
                delete_dialog(project)


def _headline(project: Project, *, is_current: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{safe_text(project.name, 80)}**", width="content")
        if project.sample:
            st.badge(t("Synthetic sample"), icon=":material/science:", color="violet")
        if is_current:
            st.badge(t("Current"), icon=":material/check:", color="blue")


def _contents(project: Project) -> str:
    parts = [
        n("{n} dataset", "{n} datasets", project.datasets),
        n("{n} run", "{n} runs", project.runs),
    ]
    if project.best is not None:
        metric = metric_title(project.best_metric or "")
        parts.append(t("best {metric}: {value} on validation", metric=metric, value=score(project.best)))
    parts.append(t("changed {when}", when=moment(project.updated)))
    return " · ".join(parts)


def create_dialog() -> None:
    """Ask for a name and create a project; it becomes the current one."""

    def body() -> None:
        with st.form("project_create", border=False):
            st.text_input(
                t("Name"), key=_NEW, max_chars=NAME_LIMIT, placeholder=t("For example: shop reviews, north")
            )
            if st.form_submit_button(
                t("Create project"), type="primary", key="project_create_go", on_click=_create
            ):
                st.rerun()

    show_dialog(t("New project"), body)


def start_own(name: str) -> None:
    """Create a project and make it the current one."""
    created = workspace().projects.create(name)
    choose_project(created.id)


def _create() -> None:
    attempt(start_own, str(st.session_state.get(_NEW) or ""))


def rename_dialog(project: Project) -> None:
    """Give a project another name."""

    def body() -> None:
        with st.form("project_rename", border=False):
            st.text_input(t("Name"), value=project.name, key=_RENAMED, max_chars=NAME_LIMIT)
            if st.form_submit_button(
                t("Rename"), type="primary", key="project_rename_go",
                on_click=lambda: attempt(workspace().projects.rename, project.id, str(st.session_state.get(_RENAMED) or "")),
            ):  # fmt: skip
                st.rerun()

    show_dialog(t("Rename project"), body)


def delete_dialog(project: Project) -> None:
    """Say what goes with the project, then delete it."""

    def body() -> None:
        st.text(project.name)
        gone = workspace().projects.deletion(project.id)
        parts = (
            (gone.datasets, n("{n} dataset", "{n} datasets", gone.datasets)),
            (gone.versions, n("{n} dataset version", "{n} dataset versions", gone.versions)),
            (gone.runs, n("{n} run with its model", "{n} runs with their models", gone.runs)),
            (gone.demos, n("{n} demo with its link", "{n} demos with their links", gone.demos)),
            (gone.feedback, n("{n} piece of feedback from visitors", "{n} pieces of feedback from visitors", gone.feedback)),
            (gone.bytes, t("{size} on disk", size=size(gone.bytes))),
        )  # fmt: skip
        if any(count for count, _ in parts):
            st.markdown(t("This removes for good:"))
            st.markdown("\n".join(f"- {line}" for count, line in parts if count))
        else:
            st.markdown(t("The project is empty."))
        remembered(gone.openings)
        if gone.trainings:
            st.warning(
                n(
                    "{n} training of this project waits or runs. Cancel it on the train page first.",
                    "{n} trainings of this project wait or run. Cancel them on the train page first.",
                    gone.trainings,
                ),
                icon=":material/pending:",
            )
        elif gone.active_jobs:
            st.caption(
                n(
                    "{n} short job of this project is under way and will be cancelled.",
                    "{n} short jobs of this project are under way and will be cancelled.",
                    gone.active_jobs,
                )
            )
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("Keep it"), key="project_delete_keep"):
                st.rerun()
            if st.button(
                t("Delete project"), key="project_delete_go", icon=":material/delete_forever:", type="primary",
                disabled=gone.trainings > 0, on_click=_delete, args=(project.id,),
            ):  # fmt: skip
                st.rerun()

    show_dialog(t("Delete this project?"), body, icon=":material/warning:")


def _delete(project_id: str) -> None:
    if attempt(_deleted, project_id):
        choose_project(None)
    st.rerun()  # the whole page: the dialog's body would ask for the project once more


def _deleted(project_id: str) -> bool:
    workspace().projects.delete(project_id)
    return True
