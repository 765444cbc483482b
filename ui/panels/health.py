"""The health score of a version: never a number alone, but what it is made of and whether that is all yet."""

from __future__ import annotations

import streamlit as st

from engine.data.findings import handle
from engine.data.profile import Profile
from engine.data.profile.health import Health, Reason, health
from engine.workspace import DatasetVersion
from ui.panels.findings import ANCHOR
from ui.state import workspace
from ui.text import n, say, t

SHOWN = 3


def health_panel(profile: Profile, version: DatasetVersion) -> None:
    """100 less the points of each reason; what somebody has set aside costs nothing, and what was not looked at yet is said."""
    ws = workspace()
    aside = ws.findings.aside(version.id)
    counting = [one for one in ws.datasets.findings(version.id) if handle(one) not in aside]
    found = health(profile, counting, _test_rows(profile, version))
    finished = profile.complete and ws.findings.deep_done(version.id)
    with st.container(border=True, gap="xsmall", key="profile_health"):
        st.markdown(_said(found, finished))
        for reason in found.reasons[:SHOWN]:
            _line(reason)
        rest = found.reasons[SHOWN:]
        if rest:
            with st.expander(n("{n} more reason", "{n} more reasons", len(rest)), key="profile_health_rest"):
                for reason in rest:
                    _line(reason)
        st.caption(_meaning(found, finished))


def _said(found: Health, finished: bool) -> str:
    """The head line; without a look at everything it claims no full marks."""
    if finished:
        return t("**Health: {score} of 100**", score=found.score)
    if not found.reasons:
        return t("**Health: nothing found so far that costs points**")
    return t("**Health so far: at most {score} of 100**", score=found.score)


def _meaning(found: Health, finished: bool) -> str:
    if not finished:
        return t("Not everything was looked at yet: the look inside and the deep checks below can only take points away.")  # fmt: skip
    if not found.reasons:
        return t("Nothing was found that costs points. That says nothing about whether the labels mean what you want.")  # fmt: skip
    return t("Points by how many rows a finding is about; mended or set aside, it costs none. A sum to work on, not a mark to compare data by.")  # fmt: skip


def _test_rows(profile: Profile, version: DatasetVersion) -> int | None:
    """Rows of the test part of the division that Bentu knows, else of the one that the file names."""
    current = workspace().splits.current(version.id)
    if current is not None:
        return int(current.counts.get("test", 0))
    named = [count for value, count in profile.split.items() if value.strip().lower() == "test"]
    return sum(named) if named else None


def _line(reason: Reason) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", wrap=False):
        st.badge(f"−{reason.points}", color="red" if reason.points >= 20 else "orange")
        text = say(reason.message, reason.params)
        if reason.finding:
            text += f" [{t('to the findings')}](#{ANCHOR})"
        st.markdown(text, width="stretch")
