"""How well the vocabularies at hand read the local texts, slice by slice, before one chooses a model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.models.locality import LENGTHS, Reading
from engine.workspace import DatasetVersion, Locality
from ui.format import percent
from ui.panels.job import attach, watch
from ui.state import follow, workspace
from ui.text import N_, safe_text, sentences, t
from ui.writing import script_name

VERDICTS = {
    "fits": N_("✓ fits"), "dear": N_("▲ dear"), "unread": N_("✕ language not read"), "unfit": N_("✕ does not fit"),
}  # fmt: skip
"""From the best to the worst."""
LENGTH = "locality_length"
_OFTEN, _MOST = 0.01, 0.9
"""Share of the letters from which a writing system is named, and of its letters below which that is said."""


def locality(version: DatasetVersion) -> None:
    """The check behind a fold; its job starts when somebody opens it."""
    fold = st.expander(
        t("How well are your texts read?"), icon=":material/translate:", key=f"locality_{version.id}", on_change="rerun"
    )  # fmt: skip
    if not fold.open:
        return
    with fold:
        found = workspace().localities.get(version.id)
        if found is None:
            _measuring(version)
        else:
            _shown(version, *found)


def _measuring(version: DatasetVersion) -> None:
    purpose = f"locality_{version.id}"
    job_id = attach(purpose, (), version.project_id)
    if job_id is None or not workspace().jobs.get(job_id).active:
        job_id = workspace().localities.start(version.id).id
        follow(purpose, job_id)
    watch(job_id, t("Reading the texts with every vocabulary"))


def _shown(version: DatasetVersion, found: Sequence[Locality], texts: int) -> None:
    measured = (
        t("Measured on {texts} train texts.", texts=f"{texts:,}")
        if workspace().splits.current(version.id)
        else t("Measured on {texts} texts, which are not divided yet.", texts=f"{texts:,}")
    )
    st.caption(
        sentences([measured, t("Networks read pieces of words: the more pieces a word costs, the less of a text fits in and the less the model knows of it. In scripts without spaces a character counts as a word.")])
    )  # fmt: skip
    for one in found:
        for sentence in _verdicts(one):
            st.markdown(sentence)
    st.session_state.setdefault(LENGTH, _chosen_length(version.project_id))
    length = st.select_slider(
        t("Longest text read"), LENGTHS, key=LENGTH, help=t("The table says how many texts would lose their end."),
    )  # fmt: skip
    st.dataframe(
        pd.DataFrame([_row(one, reading, length) for one in found for reading in one.readings]),
        key="locality_table", hide_index=True, width="stretch", placeholder="",
        column_config={
            t("Texts"): st.column_config.NumberColumn(format="localized"),
            t("Pieces a word"): st.column_config.NumberColumn(format="%.2f"),
            **{name: st.column_config.NumberColumn(format="%.1f %%") for name in (t("Unknown"), t("Letters it can write"), t("Language read"))},
            _cut(length): st.column_config.NumberColumn(format="%.1f %%"),
        },
    )  # fmt: skip
    if not any(one.preset for one in found):
        st.caption(
            t("No foundation model is on this machine yet; once one is imported, its vocabulary is measured here too.")
        )  # fmt: skip


def _verdicts(one: Locality) -> list[str]:
    """The verdict on all texts in words, and the slices that are read worse."""
    whole, *slices = one.readings
    name = _title(one)
    told = {
        "fits": N_("✓ **{name}** fits: {fertility} pieces a word, {unknown} unknown. A length of {length} reads 95 of 100 texts whole."),
        "dear": N_("▲ **{name}** is dear: {fertility} pieces a word, {unknown} unknown. A length of {length} reads 95 of 100 texts whole."),
        "unread": N_("✕ **{name}** cuts a word into {fertility} pieces, but has read the language of only {share} of the texts. Expect little of it here."),
        "unfit": N_("✕ **{name}** does not fit: {fertility} pieces a word, {unknown} unknown. Expect little of it here."),
    }  # fmt: skip
    lines = [t(told[whole.verdict], **_facts(name, whole))]
    letters = sum(found for found, _ in whole.letters.values())
    lines += [
        t("– It cannot write {share} of the letters of this script: {script}.", share=percent(1 - written / found), script=script_name(script))
        for script, (found, written) in whole.letters.items()
        if found >= _OFTEN * letters and written < _MOST * found
    ]  # fmt: skip
    order = list(VERDICTS)
    worse = [s for s in slices if order.index(s.verdict) > order.index(whole.verdict)]
    lines += [
        t(
            "– It spends {fertility} pieces on each word where {column} is {value} ({texts} texts): {verdict}.",
            column=safe_text(s.column, 30), value=safe_text(s.value, 30), texts=f"{s.texts:,}", verdict=t(VERDICTS[s.verdict]),
            fertility=f"{s.fertility:.1f}",
        )
        for s in worse[:5]
    ]  # fmt: skip
    return lines


def _facts(name: str, reading: Reading) -> dict[str, str]:
    return {
        "name": name, "fertility": f"{reading.fertility:.1f}", "unknown": percent(reading.unknown_share),
        "length": str(reading.length), "share": percent(reading.familiar_share or 0),
    }  # fmt: skip


def _title(one: Locality) -> str:
    return safe_text(one.preset, 60) if one.preset else t("A vocabulary learnt from your texts")


def _chosen_length(project_id: str) -> int:
    """The length that the draft reads, as the slider has it; 64 for a family without one."""
    draft = workspace().recipes.draft(project_id)
    chosen = draft.family.params.get("max_length", 64) if draft else 64
    return next((length for length in LENGTHS if length >= chosen), LENGTHS[-1])


def _cut(length: int) -> str:
    return t("Cut at {length}", length=length)


def _row(one: Locality, reading: Reading, length: int) -> dict[str, object]:
    where = f"{reading.column} = {reading.value}" if reading.column else t("all texts")
    return {
        t("Which vocabulary"): one.preset or t("learnt here"), t("Slice"): where, t("Texts"): reading.texts,
        t("Pieces a word"): reading.fertility, t("Unknown"): 100 * reading.unknown_share,
        t("Letters it can write"): 100 * reading.written_share,
        t("Language read"): None if reading.familiar_share is None else 100 * reading.familiar_share,
        t("Pieces a text (median)"): round(reading.median), _cut(length): 100 * reading.cut[length],
        t("Length to choose"): reading.length, t("Verdict"): t(VERDICTS[reading.verdict]),
    }  # fmt: skip
