"""What stands around a demo: its name and what must be known of it, the languages, and what happens with a text."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import BentuError
from engine.i18n import LOCALES
from engine.serving.errors import DemoPaused
from engine.workspace import PublishedDemo
from ui.text import N_, choose_language, error_line, error_text, language, safe_text, t
from ui.visit import DEMO_LANGUAGE

STANDARD_CONSENT = N_("The owner of this demo uses feedback to improve the model. Please leave out names, telephone numbers and the like.")  # fmt: skip
"""What is said before feedback is sent where the owner wrote nothing of their own."""


def language_switch(languages: Sequence[str]) -> None:
    """The languages that the demo is offered in, if there are several."""
    offered = [locale for locale in LOCALES if locale in languages]
    if len(offered) < 2:
        return
    st.session_state[DEMO_LANGUAGE] = language()
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.segmented_control(
            t("Language"), offered, format_func=LOCALES.__getitem__, key=DEMO_LANGUAGE, required=True,
            on_change=lambda: choose_language(st.session_state[DEMO_LANGUAGE]), label_visibility="collapsed",
        )  # fmt: skip


def heading(demo: PublishedDemo) -> None:
    """Name and description, and everything that limits how far the model can be believed."""
    st.set_page_config(page_title=" ".join(demo.title.split()))
    st.title(safe_text(demo.title, 200), anchor=False)
    _paragraphs(demo.description)
    if demo.synthetic:
        st.badge(t("Learned from synthetic texts"), icon=":material/science:", color="orange")
    if demo.caveat:
        st.warning(
            t(
                "The packaged model does not always answer like the one that was tested. The owner shares it all the same: {reason}",
                reason=safe_text(demo.caveat, 2000),
            ),
            icon=":material/warning:",
        )
    if demo.state == "off":
        st.info(error_line(DemoPaused()), icon=":material/pause_circle:")


def unavailable(problem: BentuError) -> None:
    """The page where a demo is not: the same for a link that was never made, has expired or was revoked."""
    what, remedy = error_text(problem)
    st.title(what, anchor=False)
    st.markdown(remedy)


def consent(demo: PublishedDemo) -> str:
    """What the owner promises about feedback, or the standard line in the visitor's language."""
    if not demo.consent.strip():
        return t(STANDARD_CONSENT)
    return t("The owner of this demo says: {consent}", consent=safe_text(demo.consent, 2000))


def notice(demo: PublishedDemo) -> None:
    """What happens with a visitor's text, in the open before anything is sent."""
    with st.expander(t("What happens with my text"), icon=":material/shield:", key="demo_notice"):
        st.markdown(consent(demo))
        facts = (
            t("To answer, your text goes to the server of this demo. It is not stored, and nothing is sent to anyone else."),
            t("Only if you send feedback, your text is stored with it: the answer, what you said about it, your comment, the language and the time."),
            t("The owner of this demo reads it and may use it to train the model."),
            t("Neither your name nor your network address is stored. A code made from the address limits misuse; it changes every day and cannot be traced back afterwards."),
            t("So please write nothing that should stay private, about yourself or about others."),
        )  # fmt: skip
        st.markdown("\n".join(f"- {fact}" for fact in facts))
    st.caption(t("Made with Bentu 本土"))


def _paragraphs(text: str) -> None:
    lines = [safe_text(line, 2000) for line in text.splitlines() if line.strip()]
    if lines:
        st.markdown("\n\n".join(lines))
