"""What places the examples on their map: words, a run's network or a foundation model; chosen here, and said in words."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from engine.workspace import DatasetVersion, MapSource
from ui.format import listed, percent
from ui.state import show, workspace
from ui.text import n, safe_text, t, told_apart
from ui.writing import language_name

_CHOSEN = "map_source"
"""Session key of the source that was chosen last: it holds for every version that has it."""
_NAMED = 4
"""Languages that are named one by one."""


def choose_source(version: DatasetVersion) -> MapSource:
    """The chosen source of the places, words at first; one that is gone is named as such and words take its place."""
    every = workspace().maps.sources(version.id)
    offered = {source.id: source for source in every if source.lacking is None}
    wanted = st.session_state.get(_CHOSEN, every[0].id)
    chosen, key = wanted if wanted in offered else every[0].id, f"map_source_{version.id}"
    if len(offered) > 1:
        show(key, chosen)
        st.selectbox(
            t("Places by"), list(offered), key=key, width=420, on_change=_keep, args=(key,),
            format_func=told_apart({source.id: _title(source) for source in offered.values()}),
        )  # fmt: skip
    if wanted not in offered:
        st.caption(t("The model that was chosen before is not here, or cannot read this version: words place the examples."))  # fmt: skip
    for reason, count in Counter(source.lacking for source in every if source.lacking).items():
        st.caption(
            n(
                "{n} finished run cannot place them: {reason}.", "{n} finished runs cannot place them: {reason}.", count,
                reason=t(reason),
            )
        )  # fmt: skip
    return offered[chosen]


def _keep(key: str) -> None:
    st.session_state[_CHOSEN] = st.session_state[key]


def _title(source: MapSource) -> str:
    if source.kind == "words":
        return t("Words and characters (TF-IDF)")
    if source.kind == "run":
        return t("Run: {name}", name=source.name)
    return t("Foundation model: {name} · {languages}", name=source.name, languages=_languages(source))


def _languages(source: MapSource) -> str:
    if not source.languages:
        return t("languages unknown")
    if len(source.languages) > _NAMED:
        return n("{n} language", "{n} languages", len(source.languages))
    return listed(language_name(code) for code in source.languages)


def what_near_means(source: MapSource, share: float, drawn: int, learnt: int, left_out: int) -> str:
    """What it means that two points lie near each other, and how far that may be believed.

    Args:
        share: of the variance that the two axes show.
        drawn: points on the map.
        learnt: those that a run learnt from.
        left_out: rows of the sealed test part.
    """
    if source.kind == "words":
        return t("Alike examples lie near each other (TF-IDF, two main directions: {share} of the variance, so the picture is coarse).", share=percent(share))  # fmt: skip
    name = safe_text(source.name, 60)
    if source.kind == "run":
        return t(
            "Near each other is what the last layer of **{name}** reads alike (two main directions: {share} of the variance). It learnt from {learnt} of these {drawn} points; where its layers were trained to tell the classes apart, those lie further apart than new texts would. The {sealed} rows of the test part have no place here, so that they stay sealed.",
            name=name, share=percent(share), learnt=f"{learnt:,}", drawn=f"{drawn:,}", sealed=f"{left_out:,}",
        )  # fmt: skip
    return t(
        "Near each other is what **{name}**, as it came, reads alike at the beginning of the texts (mean vectors, two main directions: {share} of the variance, so the picture is coarse). It knows nothing of your classes. Languages that it has read: {languages}.",
        name=name, share=percent(share), languages=_languages(source),
    )  # fmt: skip
