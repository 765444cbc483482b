"""The frame around every page: language, project, navigation, and one place where errors become sentences."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from engine.errors import BentuError
from engine.i18n import LOCALES
from ui.dialogs import without_dialog
from ui.errors import show_error, show_kept_error
from ui.navigation import goto, menu, page_table
from ui.state import choose_project, gone, project, workspace
from ui.text import choose_language, language, t, told_apart

# A picture of our own: Streamlit would fetch a Material icon for the browser tab from the network.
st.set_page_config(
    page_title="Bentu 本土", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide"
)

pages = page_table()
current = st.navigation(list(pages.values()), position="hidden")

_LANGUAGE = "shell_language"
_PROJECT = "shell_project"

with st.sidebar:
    links = st.container(gap="xxsmall", key="menu")
    st.divider()
    st.session_state[_LANGUAGE] = language()
    st.segmented_control(
        t("Language"), list(LOCALES), format_func=LOCALES.__getitem__, key=_LANGUAGE, required=True,
        on_change=lambda: choose_language(st.session_state[_LANGUAGE]), label_visibility="collapsed",
    )  # fmt: skip

without_dialog()
show_kept_error()
try:
    chosen = project()
    with links:
        menu(pages)
    projects = {p.id: p for p in workspace().projects.list()}
    if projects:
        with st.sidebar:
            st.session_state[_PROJECT] = chosen.id if chosen else None
            st.selectbox(
                t("Project"), list(projects), format_func=told_apart({i: p.name for i, p in projects.items()}),
                key=_PROJECT, on_change=lambda: choose_project(st.session_state[_PROJECT]),
                placeholder=t("Choose a project"),
            )  # fmt: skip
    if gone("project", current.url_path):
        st.caption(t("The project of that link is not here any more."))
    if chosen is None and current not in (pages["home"], pages["settings"]):
        st.title(current.title)
        st.info(t("There is no project yet. Create one, or add the sample, on the home page."))
        if st.button(t("Go to the home page"), key="shell_home", type="primary"):
            goto("home")
    else:
        current.run()
        show_kept_error()  # of what the page attempted outside of a callback
except BentuError as error:
    show_error(error)
