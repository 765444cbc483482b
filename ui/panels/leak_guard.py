"""The leak guard: what stands in more than one part, the search for nearly equal texts, and one click that regroups."""

from __future__ import annotations

import streamlit as st

from engine.workspace import DatasetVersion, SplitView
from ui.errors import attempt
from ui.panels.job import watch
from ui.panels.split_kinds import near_key
from ui.state import follow, followed, workspace
from ui.text import t

TIME = "time_test_before_train"
"""The one leak that no regrouping mends."""


def leak_guard(view: SplitView, version: DatasetVersion) -> None:
    """One sentence; the findings below it say how many rows of which part, and show them."""
    straddling = sum(count for kind, count in view.leaks.items() if kind != TIME)
    if not straddling:
        st.success(
            t("No text stands in two parts, not even nearly.") if view.near_known else t("No text stands in two parts."),
            icon=":material/verified:",
        )  # fmt: skip
    elif any(count for kind, count in view.leaks.items() if kind != TIME and not kind.startswith("near_")):
        st.warning(
            t(
                "Some rows stand in more than one part, so scores on the later part are flattered. The file brings this "
                "division; it is kept as it is, and the findings below count what leaks."
            ),
            icon=":material/warning:",
        )
    else:
        st.warning(
            t(
                "Some rows of different parts are nearly the same, so scores on the later part may be flattered."
            ),
            icon=":material/warning:",
        )
    with st.container(horizontal=True):
        if not view.near_known:
            _look(version)
        if straddling:
            _regroup(view, version)
    _jobs(version)


def _look(version: DatasetVersion) -> None:
    st.button(
        t("Look for nearly equal texts"), key="split_guard", icon=":material/find_replace:", on_click=_start_guard, args=(version.id,),
        help=t("Counts reposts and texts with a word changed across the parts. Nothing is moved."),
    )  # fmt: skip


def _regroup(view: SplitView, version: DatasetVersion) -> None:
    if view.frozen:
        st.caption(
            ":material/lock: "
            + t(
                "The test part was opened, so no row may be moved any more. What leaks is counted beside the scores."
            )
        )
        return
    st.button(
        t("Regroup: keep linked rows together"), key="split_regroup_now", icon=":material/group_work:", on_click=_start_regroup,
        args=(version.project_id, version.id),
        help=t("Divides anew with the same shares, so that equal and nearly equal texts and rows of one group stand in one part. It is said how many rows were moved."),
    )  # fmt: skip


def _start_guard(version_id: str) -> None:
    job = attempt(workspace().splits.start_guard, version_id)
    if job is not None:
        follow(f"guard_{version_id}", job.id)


def _start_regroup(project_id: str, version_id: str) -> None:
    ws = workspace()
    wanted = ws.splits.regrouped(version_id)
    if wanted is None:
        return
    job = attempt(ws.splits.start, version_id, wanted)
    if job is not None:
        attempt(ws.recipes.update, project_id, split=wanted)
        # Set, not popped: for a popped key the browser sends the old position once more, and the form asks for the old division.
        st.session_state[f"split_regroup_{version_id}"] = wanted.regroup
        st.session_state[near_key(version_id)] = wanted.near_duplicates
        follow(f"split_{version_id}", job.id)


def _jobs(version: DatasetVersion) -> None:
    job = followed(f"guard_{version.id}")
    if job:
        watch(job, t("Looking for nearly equal texts"))
