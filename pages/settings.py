"""Language, look, storage, worker, and what this installation is made of."""

from __future__ import annotations

import streamlit as st

from engine.i18n import LOCALES
from ui.panels.system import jobs_in_line, storage, versions, worker
from ui.state import workspace
from ui.text import choose_language, language, t

_LANGUAGE = "settings_language"

ws = workspace()

st.title(t("Settings"), anchor=False)

st.subheader(t("Language"), anchor=False)
st.session_state[_LANGUAGE] = language()
st.radio(
    t("Language of the pages"), list(LOCALES), format_func=LOCALES.__getitem__, key=_LANGUAGE, horizontal=True,
    on_change=lambda: choose_language(st.session_state[_LANGUAGE]),
)  # fmt: skip
st.caption(t("The language is part of the link: whoever opens it sees the same one."))

st.subheader(t("Appearance"), anchor=False)
look = t("dark") if st.context.theme.type == "dark" else t("light")
st.markdown(
    t(
        "Shown now: **{look}**. To change it, open the menu ⋮ at the top right and choose light, dark or the "
        "system's own; the browser remembers the choice.",
        look=look,
    )
)

st.subheader(t("Worker"), anchor=False)
worker(ws.jobs.worker())
jobs_in_line(ws.jobs.active())

st.subheader(t("Storage"), anchor=False)
storage()

st.subheader(t("Versions"), anchor=False)
versions()
