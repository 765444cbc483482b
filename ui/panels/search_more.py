"""More minutes for a search that has ended, or why it cannot go on."""

from __future__ import annotations

import streamlit as st

from engine.workspace import More, Search
from ui.errors import attempt
from ui.format import duration, listed
from ui.panels.run_table import family_title
from ui.panels.search_start import BUDGETS
from ui.state import workspace
from ui.text import error_text, n, sentences, t

MINUTES = "search_more_minutes"


def search_more(search: Search) -> None:
    """What it used, what it has left to try, and the button that lets it go on."""
    ahead = workspace().searches.more(search.id)
    used = t("{used} of {budget} were used.", used=duration(60 * search.used), budget=duration(60 * search.plan.minutes))  # fmt: skip
    if ahead.obstacle is not None:
        st.caption(sentences([used, *error_text(ahead.obstacle)]))
        return
    st.caption(sentences([used, *_ahead(search, ahead)]))
    # a rung that takes longer than the minutes would only be passed over once more
    least = ahead.left[0][1] if ahead.left else 0.0
    budgets = [minutes for minutes in BUDGETS if 60 * minutes > least] or [BUDGETS[-1]]
    if st.session_state.get(MINUTES) not in budgets:
        st.session_state[MINUTES] = 10 if 10 in budgets else budgets[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(budgets) > 1:
            st.select_slider(t("More minutes"), budgets, key=MINUTES, width=240)
        minutes: int = st.session_state[MINUTES]
        st.button(
            n("Go on for {n} more minute", "Go on for {n} more minutes", minutes), key="search_more", icon=":material/more_time:",
            on_click=attempt, args=(_go_on, search.id, search.goes),
        )  # fmt: skip


def _go_on(search_id: str, goes: int) -> None:
    workspace().searches.go_on(search_id, st.session_state[MINUTES], goes)


def _ahead(search: Search, ahead: More) -> list[str]:
    if search.kind == "ladder":
        left = [
            t("{family} (about {time})", family=family_title(name), time=duration(s))
            for name, s in ahead.left
        ]
        return [t("Not tried to the end yet: {families}.", families=listed(left))]
    if ahead.most > search.plan.most:
        return [t("As many candidates as it was allowed were tried; up to {most} in all are allowed when it goes on.", most=ahead.most)]  # fmt: skip
    return [t("It goes on with the same settings and the same rows, and learns from the candidates so far.")]
