"""What runs under the pages: the worker, its jobs, the disk and the installed versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from engine.errors import N_
from engine.workspace import Job, WorkerState
from ui.errors import attempt
from ui.format import moment, size
from ui.panels.recent import RUN_LOOKS
from ui.state import workspace
from ui.text import safe_text, t

LANES = {"short": N_("Short jobs"), "training": N_("Training")}
WARM: dict[str, tuple[str, str, Any]] = {
    "ready": (N_("{lane}: a warm process is ready"), ":material/bolt:", "green"),
    "loading": (N_("{lane}: a process is warming up"), ":material/hourglass_top:", "blue"),
    "none": (N_("{lane}: the next start is cold"), ":material/ac_unit:", "gray"),
}
KINDS = {
    "import": N_("Import of a file"), "profile": N_("Profile"), "contents": N_("Look inside"), "cleaning": N_("Preview of cleaning"),
    "split": N_("Split"), "train": N_("Training"), "evaluate": N_("Evaluation"), "compare": N_("Comparison"),
    "sample": N_("Sample data"),
}  # fmt: skip


def worker(state: WorkerState) -> None:
    """Whether jobs are being run, and how soon one would start."""
    if not state.alive:
        st.error(
            t("No worker is running, so nothing starts. Restart Bentu, or run “python -m engine worker”."),
            icon=":material/error:",
        )
        return
    with st.container(horizontal=True):
        st.badge(t("Running"), icon=":material/check_circle:", color="green")
        for lane, warm in state.warm.items():
            word, icon, colour = WARM[warm]
            st.badge(t(word, lane=t(LANES.get(lane, lane))), icon=icon, color=colour)
    if state.low_space:
        st.warning(t("The disk is nearly full, so no new job starts."), icon=":material/hard_drive:")
    if state.since:
        when = moment(datetime.fromisoformat(state.since))
        st.caption(t("Running since {when}, process {pid}.", when=when, pid=state.pid))


def jobs_in_line(jobs: Sequence[Job]) -> None:
    """Waiting and running jobs of all projects."""
    if not jobs:
        st.caption(t("No job is waiting or running."))
        return
    for job in jobs:
        look = RUN_LOOKS[job.state]
        with st.container(horizontal=True, vertical_alignment="center", key=f"job_{job.id}"):
            st.badge(t(look.word), icon=look.icon, color=look.colour)
            st.text(t(KINDS.get(job.kind, job.kind)))
            st.caption(moment(job.created), width="content")
            st.button(
                t("Cancel"), key=f"job_cancel_{job.id}", type="tertiary", icon=":material/close:",
                on_click=attempt, args=(workspace().jobs.cancel, job.id),
            )  # fmt: skip


@st.cache_data(ttl="30s", max_entries=4, show_spinner=False)
def _used(home: str) -> tuple[list[tuple[str, int]], int]:
    """Walking the folders takes a while in a big home, so it is not done on every rerun."""
    settings = workspace().settings
    return settings.storage(), settings.free_bytes()


def storage() -> None:
    """Bytes by what they hold, and where that is."""
    home = workspace().settings.home()
    parts, free = _used(home)
    with st.grid("auto", min_column_width=240, gap="xsmall", key="storage"):
        for label, count in parts:
            st.metric(t(label), size(count), border=True)
        st.metric(t("Free on this disk"), size(free), border=True)
    st.caption(
        t(
            "Everything is kept in the folder {folder}; the variable BENTU_HOME names another one.",
            folder=safe_text(home),
        )
    )


def versions() -> None:
    """Package versions and the machine, to be quoted in a report of a problem."""
    known = workspace().settings.versions()
    st.dataframe(
        pd.DataFrame({"package": list(known), "version": list(known.values())}), hide_index=True, width="content",
        column_config={
            "package": st.column_config.TextColumn(t("Package")),
            "version": st.column_config.TextColumn(t("Version"), width="medium"),
        },
        alt=t("Versions of the packages that Bentu runs on."), key="versions", height="content",
    )  # fmt: skip
