"""The two ways in for someone who is new: the sample, or their own data."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Project
from ui.navigation import goto
from ui.panels.projects import start_own
from ui.state import choose_project, workspace
from ui.text import language, t


def entries(samples: Sequence[Project], *, primary: bool) -> None:
    """Two cards; `primary` says whether the sample is this screen's main button."""
    with st.grid(2, min_column_width=260, key="start"):
        with st.container(border=True, height="stretch", key="start_sample_card"):
            st.subheader(t("Look around first"), anchor=False)
            st.markdown(
                t(
                    "10,000 customer-service, takeaway and shop reviews in Chinese, with a smaller English twin: "
                    "synthetic, written for this purpose, and there without a network."
                )
            )
            if st.button(
                t("Start with the sample"), key="start_sample", icon=":material/science:",
                type="primary" if primary else "secondary",
            ):  # fmt: skip
                open_sample(samples)
        with st.container(border=True, height="stretch", key="start_own_card"):
            st.subheader(t("Bring your texts"), anchor=False)
            st.markdown(
                t(
                    "A table with a column of texts and a column of labels: CSV, Excel, JSON lines, Parquet or plain "
                    "text. Nothing leaves this computer."
                )
            )
            if st.button(t("Start with my data"), key="start_own", icon=":material/upload_file:"):
                start_own(t("My project"))
                goto("data")


def open_sample(samples: Sequence[Project]) -> None:
    """Open the sample in the reader's language, adding it if it was deleted."""
    ws = workspace()
    wanted = "reviews_zh" if language() == "zh_CN" else "reviews_en"
    theirs = (p for p in samples if any(d.name == wanted for d in ws.datasets.list(p.id)))
    sample = next(theirs, None) or next(iter(samples), None) or ws.projects.add_sample(wanted)
    choose_project(sample.id)
    goto("data")
