"""The foundation models on this machine and those that can be had, and a field to bring one here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from engine.recipe import Recipe
from engine.workspace import Job, PresetLine, PresetOffer
from ui.errors import attempt, errors_shown
from ui.format import listed, size
from ui.panels.job import watch
from ui.state import follow, followed, unfollow, workspace
from ui.text import N_, safe_text, t
from ui.writing import language_name

ASKED = "preset_asked"
OFFER = "preset_offer"
WIDTHS = {N_("Where"): 120, N_("Languages"): 150}
"""Pixels of the columns whose texts would push the figures out of sight."""
_SHOWN = 8
"""Languages named in the table; the others are counted."""


def foundation_models(project_id: str, recipe: Recipe) -> None:
    """The list behind a fold.

    Args:
        project_id: whose page it is; what is brought here serves every project.
        recipe: the draft; where its family takes a foundation model, one brought here is chosen.
    """
    purpose = f"preset_{project_id}"
    job_id = followed(purpose)
    familiar = workspace().presets.familiar(str(recipe.data))
    with st.expander(
        t("Foundation models: on this machine, and to be had"), icon=":material/deployed_code:", key=f"presets_{project_id}",
        expanded=bool(job_id and workspace().jobs.get(job_id).active),
    ):  # fmt: skip
        st.dataframe(
            pd.DataFrame([_row(line, familiar) for line in workspace().presets.list()]), key="presets_table",
            hide_index=True, width="stretch", placeholder="",
            column_config={
                **{t(name): st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
                t("Memory (GB)"): st.column_config.NumberColumn(format="%.1f"),
                t("Language read"): st.column_config.NumberColumn(format="%.0f %%", help=t("Share of your train texts in a language that the model has read, of those whose language is recognised.")),
            },
        )  # fmt: skip
        st.caption(
            t("Memory is what a training takes at least. One that is not here is fetched from the hub, which needs the network, or taken over from a folder in Keras' or Hugging Face's form, which may go afterwards.")
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                t("Name, folder or address"), key=ASKED,
                help=t("A name of this list, one that KerasHub uses (`bert_base_zh`), a folder of this machine (`~/models/mine`), or `hf://OWNER/NAME`."),
            )  # fmt: skip
            clicked = st.button(t("Bring it here"), key="preset_bring", icon=":material/download:")
        asked = st.session_state[ASKED].strip()
        if clicked and job_id and not workspace().jobs.get(job_id).active:
            unfollow(purpose)  # what it said is of another try
            job_id = None
        if clicked and not asked:
            st.caption(t("First say which one: a name, a folder or an address."))
        elif clicked:
            with errors_shown():  # here, in view, not at the head of the page
                if offer := workspace().presets.offer(asked):
                    st.session_state[OFFER] = offer
                else:
                    _start(purpose, project_id, asked)
        if (offer := st.session_state.get(OFFER)) and offer.asked == asked:
            _offered(offer, purpose, project_id)
        if job_id:
            watch(job_id, t("Checking and copying the model"), lambda job: _choose(job, project_id, recipe))
            if result := workspace().jobs.get(job_id).result:
                name = safe_text(str(result["reference"]).partition("@")[0])
                st.success(
                    t("The model “{name}” is on this machine now.", name=name), icon=":material/check_circle:"
                )


def _start(purpose: str, project_id: str, asked: str) -> None:
    job = workspace().presets.bring(project_id, asked)
    st.session_state.pop(OFFER, None)
    follow(purpose, job.id)
    st.rerun()


def _offered(offer: PresetOffer, purpose: str, project_id: str) -> None:
    """What would come from the hub, where it goes and how much room is there, with the button that begins."""
    with st.container(border=True, key="preset_offer_box"):
        st.markdown(
            t(
                "{name} from {host}: {n} {n:file|files}, {size}, licence {licence}",
                name=safe_text(offer.name), host=safe_text(offer.host), n=len(offer.files), size=size(offer.size),
                licence=safe_text(offer.licence) or t("not stated"),
            )
        )  # fmt: skip
        st.dataframe(
            pd.DataFrame({t("File"): [path for path, _ in offer.files], t("Size"): [size(count) for _, count in offer.files]}),
            key="preset_files", hide_index=True, width="stretch",
        )  # fmt: skip
        st.caption(
            t("They go to {place}. While the model is taken over it takes {needed} there; {free} are free on that disk.",
              place=safe_text(offer.place), needed=size(offer.needed), free=size(offer.free))
        )  # fmt: skip
        with st.container(horizontal=True):
            fetch = st.button(
                t("Fetch {size}", size=size(offer.size)), key="preset_fetch", type="primary", icon=":material/download:",
            )  # fmt: skip
            st.button(t("Not now"), key="preset_decline", on_click=lambda: st.session_state.pop(OFFER, None))
        if fetch:
            with errors_shown():
                _start(purpose, project_id, offer.asked)


def _choose(job: Job, project_id: str, recipe: Recipe) -> None:
    if job.result and "preset" in recipe.family.params:
        attempt(workspace().recipes.set_param, project_id, "preset", job.result["reference"])
    st.rerun()


def _row(line: PresetLine, familiar: Mapping[str, float]) -> dict[str, object]:
    more = len(line.languages) - _SHOWN
    languages = listed(map(language_name, line.languages[:_SHOWN])) + (
        t(" and {n} more", n=more) if more > 0 else ""
    )
    share = familiar.get(line.name)
    read = {t("Language read"): None if share is None else 100 * share} if familiar else {}
    return {
        t("Name"): line.name, t("Where"): t("on this machine") if line.here else f"hf://{line.source}",
        **read, t("Languages"): languages or t("not stated"),
        t("Numbers (million)"): round(line.parameters / 1e6), t("On disk (MB)"): round(line.megabytes),
        t("Memory (GB)"): line.memory / 1e9, t("Licence"): line.licence or t("not stated"), t("Model"): line.title,
    }  # fmt: skip
