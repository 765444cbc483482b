"""The model families as cards: what each is, what it costs here, and why one cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import FamilyCard
from ui.errors import attempt
from ui.format import duration, size
from ui.state import workspace
from ui.text import say, t


def family_cards(cards: Sequence[FamilyCard], project_id: str, chosen: str) -> None:
    """A wrapping row of cards; the chosen one says so, an unsuitable one says why.

    Args:
        cards: the families of the project's task.
        project_id: whose draft a choice goes into.
        chosen: name of the draft's family.
    """
    with st.grid(3, min_column_width=220, gap="xsmall", border=True, key="family_cards"):
        for card in cards:
            with st.container(gap="xsmall", key=f"family_card_{card.name}"):
                _card(card, project_id, card.name == chosen)


def _card(card: FamilyCard, project_id: str, chosen: bool) -> None:
    icon = ":material/hub:" if card.needs_tensorflow else ":material/function:"
    st.markdown(f"{icon} **{t(card.title)}**")
    if chosen:
        # A button like its neighbours, so that all cards are of one height; it only says what is chosen.
        st.button(
            f":green[**{t('Selected')}**]", key=f"family_chosen_{card.name}", width="stretch",
            icon=":material/check_circle:",
        )  # fmt: skip
    else:
        st.button(
            t("Choose"), key=f"family_choose_{card.name}", disabled=card.unsuitable is not None, width="stretch",
            on_click=attempt, args=(workspace().recipes.choose, project_id, card.name),
        )  # fmt: skip
    st.caption(t(card.summary))
    if card.unsuitable is not None:
        reason = say(card.unsuitable.message, card.unsuitable.params)
        # No caption: its paleness on top of the colour would be hard to read.
        st.markdown(f":small[:orange[:material/block: {t('Not usable here: {reason}', reason=reason)}]]")
    if card.about:
        with st.expander(t("About the article"), icon=":material/article:", key=f"family_about_{card.name}"):
            for paragraph in card.about:
                st.markdown(t(paragraph))
    badges = []
    if card.estimate is not None:
        cost = t(
            "{time} · {memory}",
            time=duration(card.estimate.seconds), memory=size(card.estimate.memory_bytes),
        )  # fmt: skip
        badges.append(f":gray-badge[:material/timer: {cost}]")
    if card.needs_tensorflow:
        badges.append(f":gray-badge[:material/memory: {t('needs TensorFlow')}]")
    if badges:
        st.markdown(" ".join(badges))
