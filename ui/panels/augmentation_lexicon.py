"""The lexicon that an augmentation reads: chosen among those of the project, or uploaded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from engine.prepare.lexicon import MAX_LEXICON_BYTES
from engine.workspace import StoredLexicon, Upload
from ui.errors import attempt
from ui.format import listed
from ui.panels.job import watch
from ui.state import follow, followed, unfollow, workspace
from ui.text import N_, n, safe_text, t, told_apart
from ui.uploader import uploader


def lexicon_choice(project_id: str, chosen: str, key: str, put: Callable[[str], None]) -> None:
    """Choose a lexicon, look at its first words, upload another.

    Args:
        project_id: whose lexicons.
        chosen: digest in the recipe, "" for none.
        key: prefix of the widgets.
        put: takes the digest that was chosen.
    """
    ws = workspace()
    lexicons = {one.digest: one for one in ws.lexicons.list(project_id)}
    if chosen and chosen not in lexicons:
        st.warning(
            t("The lexicon of the recipe is not in this project: upload it or choose another."),
            icon=":material/menu_book:",
        )
    if lexicons:
        choice = f"{key}_lexicon"
        st.session_state[choice] = chosen if chosen in lexicons else None
        st.selectbox(
            t("Lexicon"), list(lexicons), format_func=told_apart({d: one.name for d, one in lexicons.items()}), key=choice,
            placeholder=t("choose a lexicon"), on_change=lambda: attempt(put, st.session_state[choice] or ""),
        )  # fmt: skip
    if chosen in lexicons:
        _about(lexicons[chosen])
        st.button(
            t("Delete this lexicon"), key=f"{key}_lexicon_delete", icon=":material/delete:", type="tertiary",
            help=t("Models that were trained with it stay. To train with it again, upload it again."),
            on_click=attempt, args=(_delete, project_id, chosen, put),
        )  # fmt: skip
    with st.expander(
        t("Upload a lexicon"), icon=":material/upload_file:", key=f"{key}_upload", expanded=not lexicons
    ):
        st.caption(
            t("A text file in UTF-8: on each line a word and its synonyms, separated by commas or tabs (“good,fine,nice”), or word vectors in word2vec's text form, of which the first 20,000 words are read.")
        )  # fmt: skip
        uploader(
            t("Lexicon file"), key=f"{key}_lexicon_file", max_bytes=MAX_LEXICON_BYTES, table=False,
            on_upload=partial(_import, project_id),
        )  # fmt: skip
        job_id = followed(f"lexicon_{project_id}")
        if job_id:
            watch(job_id, t("Reading the lexicon"))
            job = ws.jobs.get(job_id)
            if not job.active:
                unfollow(f"lexicon_{project_id}")
                if job.state == "succeeded" and job.result and job.result["digest"] != chosen:
                    attempt(put, job.result["digest"])
                    st.rerun()


def _about(lexicon: StoredLexicon) -> None:
    """How many words, and the first ones, so that one sees whether the file was understood."""
    first = listed(
        (
            f"{safe_text(word, 20)} → {listed(safe_text(s, 20) for s in others[:3])}"
            for word, others in lexicon.sample[:3]
        ),
        N_("; "),
    )
    st.caption(n("{n} word. {first}", "{n} words. {first}", lexicon.words, first=first))


def _import(project_id: str, uploads: list[Upload]) -> None:
    for upload in uploads:
        follow(f"lexicon_{project_id}", workspace().lexicons.start_import(project_id, upload.id).id)


def _delete(project_id: str, digest: str, put: Callable[[str], None]) -> None:
    workspace().lexicons.delete(project_id, digest)
    put("")
