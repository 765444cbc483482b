"""A new test set, when one asks for it: its name, its size and what that size is good for."""

from __future__ import annotations

import streamlit as st

from engine.prepare.split_findings import half_width
from engine.workspace import DatasetVersion, SplitView
from ui.errors import attempt
from ui.panels.job import watch
from ui.state import follow, followed, workspace
from ui.text import t

LEAST = 10


def new_test(view: SplitView, version: DatasetVersion) -> None:
    """The way to another test set, closed unless the present one was opened."""
    names = workspace().splits.test_names(version.id)
    rows = view.counts.get("train", 0)
    if rows < 4 * LEAST:
        return
    with st.expander(t("Make a new test set"), icon=":material/add_task:", key="new_test"):
        st.write(
            t(
                "It is drawn from rows of train, first from those that no run has learned from. Rows of opened test parts never "
                "come back. It starts sealed under a name of its own; the former one keeps its record, and every score says which one it is on."
            )
        )
        name = st.text_input(
            t("Name"), f"test {len(names) + 1}", key=f"new_test_name_{version.id}_{len(names)}", max_chars=80
        )
        most = max(rows // 2, LEAST)
        size = st.slider(
            t("Rows"),
            LEAST,
            most,
            min(max(view.counts.get("test", 0), LEAST), most),
            key=f"new_test_rows_{version.id}",
        )
        st.caption(
            t(
                "On {count} rows a score of 90 % would be known to about ± {points} points.",
                count=f"{size:,}", points=f"{half_width(size):.0f}",
            )
        )  # fmt: skip
        st.button(
            t("Draw it"),
            key="new_test_go",
            icon=":material/casino:",
            on_click=_start,
            args=(version.id, name, size),
        )
        job = followed(f"new_test_{version.id}")
        if job:
            watch(job, t("Drawing a new test set"))


def _start(version_id: str, name: str, rows: int) -> None:
    job = attempt(workspace().splits.start_new_test, version_id, name, rows)
    if job is not None:
        follow(f"new_test_{version_id}", job.id)
