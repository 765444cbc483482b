"""The health score of a version: the number, and beneath it everything that it is made of."""

from __future__ import annotations

import streamlit as st

from engine.data.findings import handle
from engine.data.profile import Profile
from engine.data.profile.health import Reason, health
from engine.workspace import DatasetVersion
from ui.state import workspace
from ui.text import n, say, t

SHOWN = 3


def health_panel(profile: Profile, version: DatasetVersion) -> None:
    """100 less the points of each reason; what somebody has set aside costs nothing."""
    ws = workspace()
    aside = ws.findings.aside(version.id)
    found = health(profile, [one for one in ws.datasets.findings(version.id) if handle(one) not in aside])
    with st.container(border=True, gap="xsmall", key="profile_health"):
        st.markdown(t("**Health: {score} of 100**", score=found.score))
        if not found.reasons:
            st.caption(
                t(
                    "Nothing was found that costs points. That says nothing about whether the labels mean what you want."
                )
            )
            return
        for reason in found.reasons[:SHOWN]:
            _line(reason)
        rest = found.reasons[SHOWN:]
        if rest:
            with st.expander(n("{n} more reason", "{n} more reasons", len(rest)), key="profile_health_rest"):
                for reason in rest:
                    _line(reason)
        st.caption(
            t(
                "Points by how many rows a finding is about; mended or set aside, it costs none. A sum to work on, not a mark to compare data by."
            )
        )


def _line(reason: Reason) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", wrap=False):
        st.badge(f"−{reason.points}", color="red" if reason.points >= 20 else "orange")
        st.markdown(say(reason.message, reason.params), width="stretch")
