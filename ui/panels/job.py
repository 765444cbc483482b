"""A short job as a live line: waiting, phase, progress, then the page once more with its result."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from engine.errors import N_, BentuError
from engine.workspace import Job
from ui.dialogs import dialog_open
from ui.errors import show_error
from ui.state import WATCHED, follow, followed, workspace
from ui.text import t

PHASES = {
    "reading": N_("Reading the file"), "checking": N_("Checking rows and columns"), "storing": N_("Storing the version"),
    "profiling": N_("Profiling"), "checking_contents": N_("Checking the contents"), "describing": N_("Languages and wording"), "loading": N_("Loading the data"), "cleaning": N_("Cleaning"), "splitting": N_("Splitting"), "finding_copies": N_("Looking for nearly equal texts"),
    "training": N_("Training"), "searching": N_("Searching"), "reading_texts": N_("Reading the texts"), "augmenting": N_("Augmenting"), "packaging": N_("Packaging"), "checking_parity": N_("Checking the packaged model"),
    "evaluating": N_("Evaluating"), "comparing": N_("Comparing"), "writing": N_("Writing the sample"),
    "correcting": N_("Looking up the corrections"), "placing": N_("Placing the examples"), "editing": N_("Going through the rows"), "exporting": N_("Writing the file"), "fetching": N_("Fetching it from the hub"), "checking_deeply": N_("Looking for near-duplicates, odd labels and outliers"),
}  # fmt: skip


def phase_text(phase: str | None) -> str:
    """A phase's name in the reader's language."""
    return t(PHASES[phase]) if phase in PHASES else t("Working")


def watch(job_id: str, label: str, on_done: Callable[[Job], None] | None = None) -> None:
    """Follow a short job in place; when it ends the page runs again, so that it can show the result.

    Args:
        job_id: the job.
        label: what it does, already translated ("Importing reviews.csv").
        on_done: called once with the finished job before the page runs again.
    """
    job = workspace().jobs.get(job_id)
    if not job.active:
        _finished(job, on_done)
        return

    @st.fragment(run_every=0.5, key=f"watch_{job_id}")
    def live() -> None:
        now = workspace().jobs.get(job_id)
        if not now.active and not dialog_open():
            st.rerun()
        with st.container(border=True):
            _line(now, label)

    live()


def _line(job: Job, label: str) -> None:
    ws = workspace()
    if job.state == "queued":
        position = ws.jobs.position(job.id)
        st.progress(0.0, text=f"{label} · {t('waiting, place {n} in line', n=position or 1)}")
        if not ws.jobs.worker().alive:
            st.warning(
                t("No worker is running, so nothing starts. Restart Bentu, or run “python -m engine worker”.")
            )
    else:
        last = next((e for e in reversed(ws.jobs.events(job.id)) if e.kind == "progress"), None)
        st.progress(
            float(last.payload["fraction"]) if last else 0.0, text=f"{label} · {phase_text(job.phase)}"
        )
    if st.button(t("Cancel"), key=f"cancel_{job.id}", icon=":material/close:"):
        ws.jobs.cancel(job.id)


def _finished(job: Job, on_done: Callable[[Job], None] | None) -> None:
    announced: set[str] = st.session_state.setdefault(WATCHED, set())
    error: BentuError | None = workspace().jobs.error(job)
    if error is not None:
        show_error(error)
    elif job.state == "cancelled":
        st.info(t("Cancelled. Nothing was changed."), icon=":material/info:")
    if job.id not in announced:
        announced.add(job.id)
        if on_done is not None:
            on_done(job)


def attach(purpose: str, kinds: Collection[str], project_id: str) -> str | None:
    """The job that this tab follows for `purpose`; after a reload, the project's active one of these kinds."""
    known = followed(purpose)
    if known is None:
        known = next((j.id for j in workspace().jobs.active(project_id) if j.kind in kinds), None)
        if known:
            follow(purpose, known)
    return known
