"""One piece of feedback in full: what was written, what the model said, what the visitor says of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pandas as pd
import streamlit as st

from engine.data.hidden import calmed, hidden_signs, suspicious
from engine.i18n import LOCALES
from engine.workspace import Item
from ui.format import moment, percent
from ui.panels.inbox_view import InboxView
from ui.text import n, safe_text, t

TEXTS_HEIGHT, ON_PHONES = 200, 150
"""Pixels for texts and comment: longer ones scroll, so that the buttons below stay where they are."""


def item_card(view: InboxView, item: Item) -> None:
    """Everything that is known of the item."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if item.right:
            st.badge(t("Visitor says right"), icon=":material/check:", color="green")
        else:
            st.badge(t("Visitor says wrong"), icon=":material/close:", color="red")
        if item.comment:
            st.badge(t("With a comment"), icon=":material/comment:", color="gray")
        if signs := [s for _, text in _texts(item) for s in hidden_signs(text) if suspicious(s)]:
            st.badge(
                n("{n} hidden character", "{n} hidden characters", len(signs)), icon=":material/visibility_off:", color="orange"
            )  # fmt: skip
        st.caption(
            " · ".join((
                safe_text(item.demo_title, 60), t("Version {number}", number=item.model), LOCALES.get(item.locale, "–"),
                moment(item.received),
            )),
            width="content",
        )  # fmt: skip
    height = ON_PHONES if view.phone else TEXTS_HEIGHT
    with st.container(height=height, border=False, gap="xsmall", key="inbox_texts"):
        for name, text in item.inputs.items():
            if len(item.inputs) > 1:
                st.caption(safe_text(name, 80))
            st.text(calmed(text))
        if item.comment:
            st.caption(t("Comment of the visitor"))
            st.text(calmed(item.comment))
    said, wanted = st.columns(2, wrap=False)
    with said.container(gap="xxsmall"):
        st.caption(t("The model's answer"))
        st.markdown(f"**{_label(item.answer)}** · {percent(item.confidence)}")
    with wanted.container(gap="xxsmall"):
        st.caption(t("The visitor's correction"))
        st.markdown(
            "–" if item.right else f"**{_label(item.correction)}**" if item.correction else t("none given")
        )


def _label(text: str) -> str:
    return safe_text(calmed(text), 120)


def code_points(view: InboxView, item: Item) -> None:
    """The button that lists what one does not see in the texts, and the list."""

    def turn() -> None:
        view.code_points = not view.code_points

    st.button(
        t("Hide code points") if view.code_points else t("Show code points"), key="inbox_code_points", type="tertiary",
        icon=":material/visibility_off:" if view.code_points else ":material/visibility:", on_click=turn,
    )  # fmt: skip
    if not view.code_points:
        return
    rows = [row for where, text in _texts(item) for row in _rows(where, text)]
    if not rows:
        st.caption(t("Nothing hidden: every character of this feedback shows itself."))
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key=f"inbox_signs_{item.id}", height=min(36 * (len(rows) + 1) + 3, 260),
        alt=t("Characters of this feedback that nobody sees, or that change the direction of the text."),
        column_config={
            "where": t("Where"), "place": number(t("Place"), format="localized"), "code": t("Code point"),
            "name": t("Name (Unicode)"), "times": number(t("How often"), format="localized"),
        },
    )  # fmt: skip


def _rows(where: str, text: str) -> Iterator[dict[str, object]]:
    """One row for a run of the same sign: a stack of five hundred marks is one thing to know."""
    signs = enumerate(hidden_signs(text))
    for _, run in groupby(signs, key=lambda found: (found[1].code, found[1].place - found[0])):
        same = [sign for _, sign in run]
        yield {
            "where": where,
            "place": same[0].place + 1,
            "code": same[0].code,
            "name": same[0].name,
            "times": len(same),
        }


def _texts(item: Item) -> list[tuple[str, str]]:
    """Every text that a stranger could choose, with what it is."""
    said = [(t("Comment"), item.comment), (t("Correction"), item.correction)]
    return [*item.inputs.items(), *((what, text) for what, text in said if text)]
