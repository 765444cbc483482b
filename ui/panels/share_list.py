"""The project's demos: how each stands, what came of it, and the switch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import N_
from engine.workspace import Demo
from ui.errors import attempt, error_text
from ui.format import moment
from ui.navigation import goto
from ui.panels.rail import Look
from ui.state import SHARING, SHOWN_DEMO, workspace
from ui.text import n, safe_text, t

LOOKS = {
    "on": Look(N_("On"), ":material/check_circle:", "green"),
    "off": Look(N_("Off"), ":material/pause_circle:", "gray"),
    "expired": Look(N_("Ended"), ":material/schedule:", "orange"),
    "revoked": Look(N_("Revoked"), ":material/link_off:", "gray"),
}  # fmt: skip


def look_of(demo: Demo) -> Look:
    """How the demo's link stands, for its badge."""
    return LOOKS["expired" if demo.expired and demo.state != "revoked" else demo.state]


def demo_list(demos: Sequence[Demo], shown: str | None) -> None:
    """One card a demo; `shown` is the one whose details stand below."""
    for demo in demos:
        with st.container(border=True, key=f"demo_{demo.id}"):
            row = st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            )
            with row.container(width="stretch", gap="xxsmall"):
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    st.markdown(f"**{safe_text(demo.title, 80)}**", width="content")
                    look = look_of(demo)
                    st.badge(t(look.word), icon=look.icon, color=look.colour)
                    if demo.id == shown and len(demos) > 1:
                        st.badge(t("Shown below"), icon=":material/arrow_downward:", color="blue")
                st.caption(_facts(demo))
            with row.container(horizontal=True, width="content", vertical_alignment="center"):
                if demo.state != "revoked":
                    _switch(demo)
                if demo.waiting and st.button(
                    n("{n} to look at", "{n} to look at", demo.waiting), key=f"demo_inbox_{demo.id}", icon=":material/inbox:",
                ):  # fmt: skip
                    goto("inbox")
                if demo.id != shown:
                    st.button(
                        t("Show"), key=f"demo_show_{demo.id}",
                        on_click=_show, args=(demo.id,),
                    )  # fmt: skip
            _warnings(demo)


def _show(demo_id: str) -> None:
    st.session_state[SHOWN_DEMO] = demo_id
    st.session_state.pop(SHARING, None)


def _facts(demo: Demo) -> str:
    parts = []
    if demo.current:
        parts.append(
            t("version {number}: {run}", number=demo.current.number, run=safe_text(demo.current.run_name, 60))
        )
    parts += [
        n("{n} visit", "{n} visits", demo.visits),
        n("{n} answer", "{n} answers", demo.answers),
        n("{n} piece of feedback to look at", "{n} pieces of feedback to look at", demo.waiting),
    ]
    if demo.expires and demo.state != "revoked":
        words = (
            t("ended {when}", when=moment(demo.expires))
            if demo.expired
            else t("ends {when}", when=moment(demo.expires))
        )
        parts.append(words)
    parts.append(t("made {when}", when=moment(demo.created)))
    return " · ".join(parts)


def _switch(demo: Demo) -> None:
    key = f"demo_on_{demo.id}"
    st.session_state[key] = demo.state == "on"
    st.toggle(
        t("On"), key=key, help=t("Off: visitors read that the demo is paused. The link stays the same."),
        on_change=lambda: attempt(workspace().demos.switch, demo.id, bool(st.session_state[key])),
    )  # fmt: skip


def _warnings(demo: Demo) -> None:
    if demo.current and demo.current.override_reason:
        st.caption(
            t(":material/warning: Shared although the packaged model disagrees too often: “{reason}”", reason=safe_text(demo.current.override_reason, 200))
        )  # fmt: skip
    alerts = workspace().demos.alerts(demo.id, 1)
    # what was reported before the last change of the demo may be mended by it; it stands in the reports
    if alerts and demo.state != "revoked" and alerts[0].at > demo.updated:
        what, _ = error_text(alerts[0].error)
        st.warning(
            t("{when}: the page for visitors reported: {what}", when=moment(alerts[0].at), what=what), icon=":material/warning:"
        )  # fmt: skip
