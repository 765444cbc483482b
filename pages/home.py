"""What exists, where the current project stands, and the one thing to do next."""

from __future__ import annotations

import streamlit as st

from ui.errors import errors_shown
from ui.navigation import goto
from ui.panels.circle import circle
from ui.panels.job import watch
from ui.panels.projects import create_dialog, project_list
from ui.panels.rail import rail
from ui.panels.recent import recent_runs
from ui.panels.start import entries
from ui.state import project, workspace
from ui.text import safe_text, say, t

ws = workspace()
projects = ws.projects.list()
current = project()
own = [p for p in projects if not p.sample]
samples = [p for p in projects if p.sample]
fresh = not own and not any(p.runs for p in samples)

st.title(t("Make a model local"), anchor=False)
st.markdown(
    t(
        "Bring texts from your place, train a model on them, and see on rows it has never met whether it really "
        "works here. No code, and nothing leaves this computer."
    )
)

if not own:
    entries(samples, primary=fresh)

if current is not None:
    st.subheader(safe_text(current.name, 80), anchor=False)
    importing = [j for j in ws.jobs.active(current.id) if j.lane == "short" and not current.datasets]
    for job in importing[:1]:
        watch(job.id, t("Preparing the data"))
    rail(ws.projects.rail(current.id))
    found = ws.projects.circle(current.id)
    if found.demos:
        circle(found)
    page, message, params = ws.projects.next_action(current.id)
    with st.container(horizontal=True):
        if st.button(
            say(message, params), key="home_next", icon=":material/arrow_forward:",
            type="secondary" if fresh else "primary",
        ):  # fmt: skip
            goto(page)
        if current.sample and current.datasets and st.button(
            t("Run the article's case"), key="home_article", icon=":material/article:",
            help=t("Trains the article's network (section 4.3) on this sample: two hidden layers of 100 over word weights."),
        ):  # fmt: skip
            with errors_shown():
                recipe = ws.recipes.article_case(current.id)
                again = f"article:{current.id}:{ws.runs.count(current.id)}"
                run = ws.runs.submit(current.id, recipe, name=t("The article's case"), idempotency=again)
                goto("train", run=run.id)

    runs = ws.runs.list(current.id, limit=3)
    if runs:
        st.subheader(t("Latest runs"), anchor=False)
        recent_runs(runs)

with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
    st.subheader(t("Projects"), anchor=False, width="content")
    if st.button(t("New project"), key="home_create", icon=":material/add:"):
        create_dialog()
if projects:
    project_list(projects, current)
else:
    st.caption(t("No project yet. Start with one of the two cards above."))
