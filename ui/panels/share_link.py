"""A demo's link: shown once after it was made, replaced by a new one, or revoked for good; and the demo's end."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.workspace import Demo
from ui.errors import attempt
from ui.state import LINKS, SHOWN_DEMO, workspace
from ui.text import n, safe_text, t


def keep_link(demo_id: str, token: str) -> None:
    """Remember a link in this tab until its owner has put it away."""
    st.session_state.setdefault(LINKS, {})[demo_id] = workspace().demos.link(token)


def fresh_link(demo: Demo) -> None:
    """The link that was just made, to copy; after this nobody can show it again."""
    link = st.session_state.get(LINKS, {}).get(demo.id)
    if link is None or demo.state == "revoked":
        return
    with st.container(border=True, key=f"link_{demo.id}"):
        st.markdown(t(":material/link: **The link to “{title}”**", title=safe_text(demo.title, 80)))
        st.code(link, language=None, wrap_lines=True)
        st.caption(t("Copy it now: Bentu stores only a fingerprint of it, so it cannot be shown again. If it gets lost, make a new link; the old one then stops working."))  # fmt: skip
        with st.container(horizontal=True):
            st.link_button(t("Open as a visitor"), link, icon=":material/open_in_new:")
            st.button(
                t("I have copied it"), key=f"link_done_{demo.id}", type="tertiary",
                on_click=lambda: st.session_state[LINKS].pop(demo.id, None),
            )  # fmt: skip


def link_actions(demo: Demo) -> None:
    """New link, revoke, delete: each says what it costs before it is done."""
    if demo.state != "revoked":
        st.write(
            t("The link itself is not stored. Who has it keeps it until you make a new one or revoke it.")
        )
    else:
        st.write(t("The link was revoked and is dead. What visitors said stays in the inbox; to share the model again, make a new demo."))  # fmt: skip
    with st.container(horizontal=True):
        if demo.state != "revoked":
            if st.button(t("New link …"), key=f"renew_{demo.id}", icon=":material/autorenew:"):
                _ask_renew(demo)
            if st.button(t("Revoke …"), key=f"revoke_{demo.id}", icon=":material/link_off:"):
                _ask_revoke(demo)
        if st.button(
            t("Delete the demo …"), key=f"demo_delete_{demo.id}", icon=":material/delete:", type="tertiary"
        ):
            _ask_delete(demo)


def _ask_renew(demo: Demo) -> None:
    @st.dialog(t("Make a new link?"), icon=":material/autorenew:")
    def ask() -> None:
        st.markdown(f"**{safe_text(demo.title, 120)}**")
        st.write(t("The present link stops working at once, also for visitors who have the page open. Send the new one to those who should have it."))  # fmt: skip
        _choice("renew", demo, t("Make a new link"), lambda: _renew(demo.id))

    ask()


def _ask_revoke(demo: Demo) -> None:
    @st.dialog(t("Revoke this demo?"), icon=":material/link_off:")
    def ask() -> None:
        st.markdown(f"**{safe_text(demo.title, 120)}**")
        st.write(t("Its link is dead at once and for good; visitors are told that there is no such demo. This cannot be undone. To pause it, switch it off instead."))  # fmt: skip
        st.write(t("Feedback that has come stays in the inbox, and runs and data stay as they are."))
        _choice("revoke", demo, t("Revoke for good"), lambda: workspace().demos.revoke(demo.id))

    ask()


def _ask_delete(demo: Demo) -> None:
    @st.dialog(t("Delete this demo?"), icon=":material/delete:")
    def ask() -> None:
        st.markdown(f"**{safe_text(demo.title, 120)}**")
        st.write(t("Its link, the history of its model and all feedback that came through it are erased; this cannot be undone. Runs and dataset versions stay, also those made from its feedback."))  # fmt: skip
        if demo.waiting:
            st.warning(
                n("{n} piece of feedback has not been looked at.", "{n} pieces of feedback have not been looked at.", demo.waiting),
                icon=":material/inbox:",
            )  # fmt: skip
        _choice("delete", demo, t("Delete the demo"), lambda: _delete(demo.id))

    ask()


def _choice(name: str, demo: Demo, label: str, act: Callable[[], object]) -> None:
    with st.container(horizontal=True):
        st.button(label, key=f"{name}_yes_{demo.id}", type="primary", on_click=_act, args=(act,))
        if st.button(t("Leave it as it is"), key=f"{name}_no_{demo.id}"):
            st.rerun()


def _act(action: Callable[[], object]) -> None:
    attempt(action)
    st.rerun()


def _renew(demo_id: str) -> None:
    keep_link(demo_id, workspace().demos.renew_link(demo_id))


def _delete(demo_id: str) -> None:
    workspace().demos.delete(demo_id)
    st.session_state.get(LINKS, {}).pop(demo_id, None)
    st.session_state.pop(SHOWN_DEMO, None)
