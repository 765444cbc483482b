"""The model families as cards: what each costs here, why one cannot be used, and what the chosen one is."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import FamilyCard
from ui.errors import attempt
from ui.format import duration, size
from ui.state import workspace
from ui.text import say, t


def family_cards(cards: Sequence[FamilyCard], project_id: str, chosen: str) -> None:
    """A wrapping row of cards; the chosen one says so, an unsuitable one says why. Beneath them, what the chosen one is.

    Args:
        cards: the families of the project's task.
        project_id: whose draft a choice goes into.
        chosen: name of the draft's family.
    """
    with st.grid(4, min_column_width=150, gap="xsmall", border=True, key="family_cards"):
        for card in cards:
            with st.container(
                gap="xsmall",
                height="stretch",
                vertical_alignment="distribute",
                key=f"family_card_{card.name}",
            ):
                _card(card, project_id, card.name == chosen)
    for card in cards:
        if card.name == chosen:
            _about(card)


def _card(card: FamilyCard, project_id: str, chosen: bool) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(f"**{t(card.title)}**")
        cost = "–"
        if card.estimate is not None:
            cost = t(
                "{time} · {memory}",
                time=duration(card.estimate.seconds), memory=size(card.estimate.memory_bytes),
            )  # fmt: skip
        st.caption(f":material/timer: {cost}", help=t(card.summary))
        if card.unsuitable is not None:
            reason = say(card.unsuitable.message, card.unsuitable.params)
            # No caption: its paleness on top of the colour would be hard to read.
            st.markdown(f":small[:orange[:material/block: {t('Not usable here: {reason}', reason=reason)}]]")
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


def _about(card: FamilyCard) -> None:
    """What the chosen family is, where it comes from, and what one should know of its settings."""
    st.markdown(f"**{t(card.title)}**  \n{t(card.summary)}")
    if card.about:
        with st.expander(t("About the article"), icon=":material/article:", key=f"family_about_{card.name}"):
            for paragraph in card.about:
                st.markdown(t(paragraph))
    for note in card.notes:
        st.info(t(note), icon=":material/menu_book:")
