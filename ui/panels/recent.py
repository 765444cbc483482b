"""The latest runs of a project, short."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import N_
from engine.workspace import Run
from ui.format import duration, moment, score
from ui.navigation import goto
from ui.panels.metrics import metric_title, score_of
from ui.panels.rail import Look
from ui.text import safe_text, t

RUN_LOOKS = {
    "queued": Look(N_("Waiting"), ":material/hourglass_empty:", "gray"),
    "starting": Look(N_("Starting"), ":material/rocket_launch:", "blue"),
    "running": Look(N_("Running"), ":material/pending:", "blue"),
    "succeeded": Look(N_("Finished"), ":material/check_circle:", "green"),
    "failed": Look(N_("Failed"), ":material/error:", "red"),
    "cancelled": Look(N_("Discarded"), ":material/cancel:", "gray"),
    "lost": Look(N_("Interrupted"), ":material/power_off:", "orange"),
}  # fmt: skip


def recent_runs(runs: Sequence[Run]) -> None:
    """One line a run; a click opens it on the train page."""
    for run in runs:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"recent_{run.id}"):
            look = RUN_LOOKS[run.state]
            st.badge(t(look.word), icon=look.icon, color=look.colour)
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**{safe_text(run.name, 80)}**")
                st.caption(_facts(run))
            if st.button(t("Show"), key=f"recent_open_{run.id}"):
                goto("train", run=run.id)


def _facts(run: Run) -> str:
    parts = [safe_text(run.version_label, 80)]
    f1 = score_of(run.metrics, "macro_f1")
    if f1:
        parts.append(t("{metric}: {value} on validation", metric=metric_title("macro_f1"), value=score(f1)))
    if run.seconds is not None:
        parts.append(duration(run.seconds))
    parts.append(moment(run.created))
    return " · ".join(parts)
