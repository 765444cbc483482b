"""Share: give a run to strangers through a link, watch what comes of it, put a better run in its place, or go back."""

from __future__ import annotations

import streamlit as st

from ui.navigation import goto
from ui.panels.share_edit import edit_section
from ui.panels.share_link import fresh_link, link_actions
from ui.panels.share_list import demo_list
from ui.panels.share_model import model_section, reports
from ui.panels.share_publish import publish_form
from ui.panels.share_server import reach, server_line
from ui.state import SHARING, SHOWN_DEMO, chosen_run, project, workspace
from ui.text import safe_text, t

st.title(t("Share"))

ws = workspace()
here = project()
assert here is not None
demos = sorted(ws.demos.list(here.id), key=lambda d: d.state == "revoked")
runs = [r for r in ws.runs.list(here.id, limit=200) if r.state == "succeeded"]

if not runs and not demos:
    going = any(r.active for r in ws.runs.list(here.id, limit=200))
    st.info(
        t("A run is going on. When it has finished, you can share it here.") if going
        else t("There is nothing to share yet: train a model first. Then you give it to others through a link, and they tell you where it errs."),
        icon=":material/share:",
    )  # fmt: skip
    if st.button(
        t("Watch the training") if going else t("Choose a model"), key="share_empty", type="primary"
    ):
        goto("train" if going else "model")
    st.stop()

if demos:
    server_line()
    for demo in demos:
        fresh_link(demo)
else:
    st.write(
        t(
            "Give the model to others through a link that nobody can guess. They try it in the browser, say whether an answer is "
            "right and correct it; what they say comes into your inbox and can become training data."
        )
    )
reach()

asked = chosen_run(here.id)
shown = next((d for d in demos if d.id == st.session_state.get(SHOWN_DEMO)), demos[0] if demos else None)

if demos:
    wanted = bool(runs and st.session_state.get(SHARING))
    demo_list(demos, shown.id if shown and not wanted else None)
    if runs and not wanted:
        st.button(
            t("Share another model"), key="share_another", icon=":material/add:",
            on_click=lambda: st.session_state.update({SHARING: True}),
        )  # fmt: skip
if runs and (not demos or st.session_state.get(SHARING)):
    if demos:
        st.subheader(t("A new demo"), anchor=False)
    publish_form(here, runs, asked.id if asked else None, more=bool(demos))
    st.stop()

if shown is not None:
    st.subheader(safe_text(shown.title, 120), anchor=False)
    sections = [t("Model"), t("Link"), t("What visitors read"), t("Reports")]
    model_tab, link_tab, words_tab, reports_tab = st.tabs(sections, key="share_sections", on_change="rerun")
    if model_tab.open:
        with model_tab:
            model_section(shown, runs, asked.id if asked else None)
    if link_tab.open:
        with link_tab:
            link_actions(shown)
    if words_tab.open:
        with words_tab:
            if shown.state == "revoked":
                st.caption(t("The demo was revoked; nobody reads its words any more."))
            else:
                edit_section(shown)
    if reports_tab.open:
        with reports_tab:
            reports(shown)
