"""From accepted corrections to a retrained model: preview the difference, make the child version, repeat the run on it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import NotFound
from engine.workspace import Basis, Job, Run
from ui.errors import attempt
from ui.navigation import goto
from ui.panels.job import watch
from ui.panels.repeated import comparable, compare_runs
from ui.panels.version_changes import changes_view
from ui.state import choose_run, follow, followed, unfollow, workspace
from ui.text import n, safe_text, t


def new_version(project_id: str, *, main: bool = True) -> None:
    """What waits for the next dataset version, its preview, and the training that follows.

    Args:
        project_id: whose corrections.
        main: whether this is what the page is about now; its next step is then the primary button.
    """
    bases = workspace().corrections.bases(project_id)
    if not bases or _making(project_id):
        return
    basis = _chosen(bases, project_id)
    runs = [r for r in workspace().runs.list(project_id, limit=200) if r.version_id == basis.parent.id]
    if (
        not basis.waiting and basis.parent.id == basis.trained_on.id
    ):  # the demo's model knows all that was accepted
        return
    st.subheader(t("The next dataset version"), anchor=False)
    with st.container(border=True, key="new_version"):
        if basis.parent.id != basis.trained_on.id:
            _retrain(basis, runs, main=main and not basis.waiting)
        if basis.waiting:
            _corrections(basis, project_id, main=main)


def _chosen(bases: Sequence[Basis], project_id: str) -> Basis:
    """The line of data to work on, where the project's demos were trained on several."""
    if len(bases) == 1:
        return bases[0]
    by_id = {b.parent.id: b for b in bases}
    key = f"new_version_basis_{project_id}"
    if st.session_state.get(key) not in by_id:
        st.session_state[key] = max(bases, key=lambda b: b.waiting).parent.id
    st.selectbox(
        t("Data of the demos"), list(by_id), key=key, width=420,
        format_func=lambda i: f"{by_id[i].parent.label} · {by_id[i].waiting:,}" if i in by_id else "",
    )  # fmt: skip
    return by_id[st.session_state[key]]


def _corrections(basis: Basis, project_id: str, *, main: bool) -> None:
    ws, parent, purpose = workspace(), basis.parent, f"preview_{basis.parent.id}"
    st.markdown(
        n(
            "**{n} accepted correction** waits to become part of the data.",
            "**{n} accepted corrections** wait to become part of the data.",
            basis.waiting,
        )
    )
    st.caption(_origin(basis))
    found = ws.corrections.preview(parent.id)
    job_id = followed(purpose) or next(
        (j.id for j in ws.jobs.active(project_id) if j.kind == "preview_corrections" and j.spec["version"] == parent.id), None
    )  # fmt: skip
    if found is None:
        if job_id is not None:
            watch(job_id, t("Looking up the corrections in the data"))
            if ws.jobs.get(job_id).active:
                return
        st.button(
            t("Make a dataset version"), key="new_version_preview", type="primary" if main else "secondary",
            icon=":material/difference:", on_click=_preview, args=(parent.id, purpose),
            help=t("First shows what would change. Nothing is changed before you agree."),
        )  # fmt: skip
        return
    unfollow(purpose)
    changes_view(found, key=f"changes_{parent.id}")
    if found.empty:
        st.info(
            t(
                "No row would be added or relabelled, so there is no new version to make of these corrections."
            ),
            icon=":material/info:",
        )
        return
    st.button(
        t("Make the new version"), key="new_version_make",
        type="primary" if main else "secondary", icon=":material/library_add:", on_click=_make,
        args=(project_id, parent.id, found.key),
        help=t("Versions never change: the former one stays as it is, and so do its runs."),
    )  # fmt: skip


def _origin(basis: Basis) -> str:
    demos = ", ".join(f"“{safe_text(title, 60)}”" for title in basis.demos)
    if basis.parent.id == basis.trained_on.id:
        return t(
            "The new version is made from {parent}, on which the model of {demos} was trained. Only the train part changes.",
            parent=safe_text(basis.parent.label, 80), demos=demos,
        )  # fmt: skip
    return t(
        "The model of {demos} was trained on {first}; {parent} came of it since, so the new version is made from {parent}. Only the train part changes.",
        parent=safe_text(basis.parent.label, 80), first=safe_text(basis.trained_on.label, 80), demos=demos,
    )  # fmt: skip


def _preview(version_id: str, purpose: str) -> None:
    job = attempt(workspace().corrections.start_preview, version_id)
    if job is not None:
        follow(purpose, job.id)


def _make(project_id: str, version_id: str, key: str) -> None:
    job = attempt(workspace().corrections.start, version_id, key)
    if job is not None:
        follow(f"correct_{project_id}", job.id)


def _making(project_id: str) -> bool:
    """Follow the version that is being made; whether it still is."""
    ws, purpose = workspace(), f"correct_{project_id}"
    job_id = followed(purpose) or next(
        (j.id for j in ws.jobs.active(project_id) if j.kind == "correct"), None
    )
    if job_id is None:
        return False
    follow(purpose, job_id)
    watch(job_id, t("Making the dataset version"), _made)
    if ws.jobs.get(job_id).active:
        return True
    unfollow(purpose)
    return False


def _made(job: Job) -> None:
    if job.state == "succeeded" and job.result:
        label = workspace().datasets.version(job.result["version_id"]).label
        st.toast(t("{version} is there.", version=safe_text(label, 80)), icon=":material/check_circle:")


def _retrain(basis: Basis, runs: Sequence[Run], *, main: bool) -> None:
    """What became of the newest version: trained, being trained, or the button that trains on it."""
    version, kind = safe_text(basis.parent.label, 80), "primary" if main else "secondary"
    latest = next(iter(runs), None)
    if latest is not None and latest.active:
        st.markdown(t("A run on **{version}** is going on.", version=version))
        if st.button(
            t("Watch the training"), key="new_version_watch", type=kind, icon=":material/model_training:"
        ):  # type: ignore[arg-type]
            goto("train", run=latest.id)
        return
    done = next((r for r in runs if r.state == "succeeded"), None)
    old = _repeats(basis)
    if done is not None:
        st.markdown(
            t("**{version}** has been trained on: “{run}”.", version=version, run=safe_text(done.name, 80))
        )
        with st.container(horizontal=True):
            if old is not None and comparable(old, done):
                st.button(
                    t("Compare old and new"), key="new_version_compare", type=kind, icon=":material/compare_arrows:",  # type: ignore[arg-type]
                    on_click=compare_runs, args=(old, done),
                )  # fmt: skip
            if st.button(
                t("Go to the demos"), key="new_version_share", type="tertiary", icon=":material/arrow_forward:",
                help=t("There the new run can become the model that the demo answers with."),
            ):  # fmt: skip
                goto("share")
        return
    st.markdown(
        t("**{version}** was made of corrections, and nothing was trained on it yet.", version=version)
    )
    if old is None:
        st.caption(t("The run that the demo answered with was deleted, so there is none to repeat. Choose the version on the data page and train on it."))  # fmt: skip
        return
    st.caption(
        t("Retraining repeats “{run}”, which the demo answers with: the same recipe, only the data are replaced.", run=safe_text(old.name, 80))
    )  # fmt: skip
    # One training however often it is clicked; a failed one counts, so that it can be tried again.
    token = f"retrain {old.id} {basis.parent.id} {len(runs)}"
    st.button(
        t("Retrain on {version}", version=version), key="new_version_retrain", type=kind, icon=":material/replay:",  # type: ignore[arg-type]
        on_click=_start, args=(old.id, basis.parent.id, token),
    )  # fmt: skip


def _repeats(basis: Basis) -> Run | None:
    """The run that a retraining repeats; None if it was deleted."""
    try:
        return workspace().runs.get(basis.run_id)
    except NotFound:
        return None


def _start(run_id: str, version_id: str, token: str) -> None:
    run = attempt(workspace().corrections.retrain, run_id, version_id, token)
    if run is not None:
        choose_run(run.id)
        goto("train", run=run.id)
