"""The second step of a profile on the page: going on while the figures are there already, or to be tried again."""

from __future__ import annotations

import streamlit as st

from engine.workspace import DatasetVersion
from ui.errors import attempt
from ui.panels.job import watch
from ui.state import workspace
from ui.text import t


def contents(version: DatasetVersion) -> None:
    """Where the look into a version stands whose profile has its figures only; started by itself, once."""
    ws = workspace()
    job = ws.contents.job(version.id)
    if job is not None and job.state == "succeeded":
        profile = ws.datasets.profile(version.id)
        if profile is not None and profile.complete:  # it ended after this page read the profile
            st.rerun()
        job = None  # of an earlier profile
    if job is None:
        job = attempt(ws.contents.start, version.id)
    if job is not None:
        watch(job.id, t("Looking inside"))
        if job.active:
            st.caption(t("The figures are complete. Languages, wording and what stands in the texts follow here by themselves."))  # fmt: skip
            return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Look inside again"), key=f"contents_go_{version.id}", icon=":material/refresh:", on_click=_start, args=(version.id,),
        )  # fmt: skip
        st.caption(
            t(
                "The figures are complete. Languages, wording and what stands in the texts are still missing: the look into the data did not get to its end."
            )
        )


def _start(version_id: str) -> None:
    attempt(workspace().contents.start, version_id)
