"""How the texts are worded: variety, signs, frequent words, the words that tell classes apart, and slices by themselves."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from engine.data.profile.wording import SEGMENT, SIGN_TITLES, Wording
from engine.workspace import DatasetVersion
from ui.charts.bars import count_bars
from ui.charts.layout import draw, kept
from ui.format import percent
from ui.state import workspace
from ui.text import language, n, safe_text, sentences, t

BARS = 15


def wording_cards(found: Wording, version: DatasetVersion) -> None:
    """Cards beneath the charts of the profile; each says how many texts it looked at."""
    looked = (
        n("a sample of {n} row", "a sample of {n} rows", found.rows)
        if found.rows < found.of
        else n("all {n} row", "all {n} rows", found.rows)
    )
    with st.grid(2, min_column_width=340, key="profile_wording"):
        with st.container(border=True, height="stretch", key="wording_figures"):
            st.markdown(f"**{t('Wording')}**")
            st.table(
                _figures(found),
                hide_index=True,
                border="horizontal",
                alt=t("Figures about the wording of the texts."),
            )
            st.caption(t("From {looked}.", looked=looked))
        _words("words", t("Words that most texts hold"), found.words, found, version, looked)
        _words("phrases", t("Words in a row"), found.phrases, found, version, looked)
        pairs_of = n("{n} row", "{n} rows", found.pairs_of)
        _words("pairs", t("Two letters in a row"), found.pairs, found, version, pairs_of, found.pairs_of)
        if any(one.words for one in found.classes):
            _telling(found, version, looked)
        if found.slices:
            _slices(found, version, looked)


def _figures(found: Wording) -> pd.DataFrame:
    rows = [(t("Words in all"), f"{found.tokens:,}", ""), (t("Different words"), f"{found.types:,}", "")]
    if found.variety is not None:
        rows.append((t("Different ones in {count} words", count=SEGMENT), percent(found.variety), ""))
    rows += [
        (
            t("Texts with: {what}", what=t(SIGN_TITLES[name])),
            percent(count / found.rows if found.rows else 0.0),
            f"{found.rates[name]:.2f}" if name in found.rates else "–",
        )
        for name, count in found.signs.items()
    ]
    return pd.DataFrame(rows, columns=[t("Figure"), t("Value"), t("In 1000 characters")])


def _words(
    name: str, title: str, words: tuple[tuple[str, int], ...], found: Wording, version: DatasetVersion, looked: str,
    rows: int | None = None,
) -> None:  # fmt: skip
    """A card of words or the like with how many of `rows` texts hold each; all that were looked at by default."""
    if not words:
        return
    counts = dict(words[:BARS])
    most, held = words[0]
    alt = t("Most: {name} with {count}.", name=most, count=f"{held:,}")
    with st.container(border=True, height="stretch", key=f"wording_{name}"):
        st.markdown(f"**{title}**")
        draw(kept(f"wording_{name}", version.id, language(), str(st.context.theme.type), lambda: count_bars(counts, rows or found.rows)), key=f"wording_chart_{name}", alt=alt)  # fmt: skip
        st.caption(t("Texts that hold it, from {looked}.", looked=looked))
        _table(name, pd.DataFrame(list(words), columns=[t("Word"), t("Rows")]), alt)


def _telling(found: Wording, version: DatasetVersion, looked: str) -> None:
    classes = [one for one in found.classes if one.words]
    with st.container(border=True, height="stretch", key="wording_telling"):
        st.markdown(f"**{t('Words that tell classes apart')}**")
        place = st.selectbox(
            t("Class"), range(len(classes)), key=f"wording_class_{version.id}", format_func=lambda at: safe_text(classes[at].label, 60),
        )  # fmt: skip
        chosen = classes[place]
        counts = {word: rows for word, _, rows in chosen.words}
        alt = t("{word} is the most telling word of {name}.", word=chosen.words[0][0], name=chosen.label)
        draw(kept(f"wording_telling_{place}", version.id, language(), str(st.context.theme.type), lambda: count_bars(counts, chosen.rows)), key="wording_chart_telling", alt=alt)  # fmt: skip
        st.caption(
            t(
                "The most telling first (log-odds against all other classes); the bars are texts of the class that hold it, from {looked}. A name or a place among them is a sign that a model may learn the wrong thing.",
                looked=looked,
            )
        )
        rows = [(one.label, word, z, count) for one in classes for word, z, count in one.words]
        _table("telling", pd.DataFrame(rows, columns=[t("Class"), t("Word"), t("z-score"), t("Rows")]), alt)


@st.cache_data(max_entries=16, show_spinner=False)
def _near_rates(version_id: str) -> Mapping[tuple[str, str], float]:
    return workspace().findings.near_rates(version_id) or {}


def _slices(found: Wording, version: DatasetVersion, looked: str) -> None:
    near = _near_rates(version.id) if workspace().findings.deep_done(version.id) else {}
    alt = t("Variety, repeated rows and classes of each slice.")
    frame = pd.DataFrame(
        [
            (one.column, one.value, one.rows, "–" if one.variety is None else percent(one.variety), percent(near.get((one.column, one.value), one.repeated)), one.classes)
            for one in found.slices
        ],
        columns=[t("Column"), t("Value"), t("Rows"), t("Different ones in {count} words", count=SEGMENT), t("Nearly repeated rows") if near else t("Repeated rows"), t("Classes")],
    )  # fmt: skip
    with st.container(border=True, height="stretch", key="wording_slices"):
        st.markdown(f"**{t('Diversity by slice')}**")
        st.dataframe(frame, key="wording_slices_table", hide_index=True, alt=alt)
        repeats = (
            t("Rows that equal or nearly equal another one count as repeated, over all rows.")
            if near
            else t("Only exact copies within that count as repeated until the deep checks are done.")
        )
        st.caption(
            sentences(
                [
                    t(
                        "From {looked}. A slice with fewer different words, more repeats or a class missing is covered less well than its rows suggest.",
                        looked=looked,
                    ),
                    repeats,
                ]
            )
        )


def _table(name: str, frame: pd.DataFrame, alt: str) -> None:
    shown = st.expander(
        t("The same as a table"), icon=":material/table:", key=f"wording_open_{name}", on_change="rerun"
    )
    if shown.open:
        shown.dataframe(frame, key=f"wording_table_{name}", hide_index=True, alt=alt)
