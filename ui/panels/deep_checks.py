"""The checks that take longer: started by themselves for data of usual size, by a button above."""

from __future__ import annotations

import streamlit as st

from engine.workspace import DEEP_ROWS, DatasetVersion
from ui.errors import attempt
from ui.panels.job import watch
from ui.state import follow, followed, workspace
from ui.text import t


def deep_checks(version: DatasetVersion) -> None:
    """Where the deep checks of a version stand: going on, done, or waiting for a click."""
    found = workspace().findings
    if found.deep_done(version.id):
        st.caption(
            t("The deep checks are done: near-duplicates, labels that do not fit, texts unlike all others.")
        )
        return
    job, purpose = found.deep_job(version.id), f"deep_{version.id}"
    if job is None and version.rows <= DEEP_ROWS:
        job = attempt(found.start_deep, version.id)
    if job is not None and (job.active or followed(purpose) == job.id):
        follow(purpose, job.id)
        watch(job.id, t("Looking deeper"))
        if job.active:
            return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Look deeper"), key=f"deep_go_{version.id}", icon=":material/troubleshoot:", on_click=_start, args=(version.id,),
        )  # fmt: skip
        st.caption(
            t("Near-duplicates, labels that do not fit, texts unlike all others. With {rows} rows this takes some minutes; everything else goes on meanwhile.", rows=f"{version.rows:,}")
        )  # fmt: skip


def _start(version_id: str) -> None:
    job = attempt(workspace().findings.start_deep, version_id)
    if job is not None:
        follow(f"deep_{version_id}", job.id)


def look_anew(version: DatasetVersion) -> None:
    """The way to new findings for a version that was profiled before checks were there."""
    job_id = followed(f"anew_{version.id}")
    if job_id is not None:
        watch(job_id, t("Looking at the data"))
        if workspace().jobs.get(job_id).active:
            return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Look at the data anew"), key=f"anew_go_{version.id}", icon=":material/refresh:", on_click=_look, args=(version.id,),
        )  # fmt: skip
        st.caption(
            t(
                "An earlier Bentu looked at this version. Looking anew finds more, shows all rows and offers fixes."
            )
        )


def _look(version_id: str) -> None:
    job = attempt(workspace().datasets.start_profile, version_id)
    if job is not None:
        follow(f"anew_{version_id}", job.id)
