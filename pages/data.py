"""The project's data: bring them in, see what is in them, and know what is wrong with them."""

from __future__ import annotations

import streamlit as st

from ui.navigation import goto
from ui.panels.importing import IMPORT_KINDS, follow_import, import_panel, import_purpose
from ui.panels.job import attach
from ui.panels.upload import choose_source, current_draft, template
from ui.panels.version import delete_dataset_dialog, pick_version, version_view
from ui.state import ADDING, IMPORTED, project, workspace
from ui.text import N_, labelled, t
from ui.top import from_top

ws = workspace()
current = project()
assert current is not None
datasets = ws.datasets.list(current.id)
versions = [v for d in datasets for v in reversed(d.versions)]

st.title(t("Data"), anchor=False)

job_id = attach(import_purpose(current.id), IMPORT_KINDS, current.id)
draft = current_draft()
job = ws.jobs.get(job_id) if job_id else None
busy = job is not None and job.active
if job is not None and (draft is None or job.state == "succeeded"):
    follow_import(current.id, job.id)

if draft is not None:
    import_panel(current.id, draft, datasets)
elif not versions and busy:
    st.caption(t("The data are on their way. This takes a few seconds."))
elif not versions or st.session_state.get(ADDING):
    if versions:
        if st.button(t("Back to the data"), key="data_back", icon=":material/arrow_back:"):
            st.session_state.pop(ADDING, None)
            st.rerun()
    else:
        st.markdown(
            t(
                "No data yet. Two columns are enough: one with texts, one with the label that is right for each."
            )
        )
    choose_source()
    template()
else:
    recipe = ws.recipes.draft(current.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = pick_version(versions, str(recipe.data) if recipe else None)
        if st.button(t("Add data"), key="data_add", icon=":material/add:"):
            st.session_state[ADDING] = True
            st.rerun()
        more = st.menu_button(
            t("More"),
            ["delete"],
            key="data_more",
            format_func=labelled({"delete": N_("Delete this dataset")}),
        )
        if st.button(
            t("Continue: clean and divide"), key="data_next", type="primary", icon=":material/arrow_forward:"
        ):
            if recipe is None or recipe.data != version.id:
                ws.recipes.update(current.id, data=version.id)
            goto("prepare")
    if more == "delete":
        delete_dataset_dialog(version)
    version_view(current.id, version, used=recipe is not None and recipe.data == version.id)
    if IMPORTED in st.session_state:
        from_top(st.session_state[IMPORTED])
