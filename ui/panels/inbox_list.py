"""The list beside the open item: what a queue holds, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.workspace import Item
from ui.format import moment
from ui.panels.inbox_view import PAGE, InboxView, show, snippet, turn
from ui.text import n, safe_text


def item_list(view: InboxView, items: Sequence[Item], total: int) -> None:
    """One line an item with what was said of it; a click opens it."""
    # On a phone the list stands above the item, so it starts folded there.
    with st.expander(n("{n} item", "{n} items", total), expanded=not view.phone, key="inbox_list"):
        with st.container(gap="xxsmall", key="inbox_rows"):
            for place, item in enumerate(items):
                _row(view, item, place)
        if total > PAGE:
            # a key for each page: Streamlit logs a warning when a choice of ours meets the widget's own default
            key = f"inbox_page_{view.page}"
            st.pagination(
                -(-total // PAGE), default=view.page, key=key, max_visible_pages=5,
                on_change=lambda: turn(view, int(st.session_state[key])),
            )  # fmt: skip


def _row(view: InboxView, item: Item, place: int) -> None:
    # Keys go by place: a list that moves up by one changes its words, and nothing on the page is taken down.
    chosen = item.id == view.item_id
    with st.container(border=chosen, gap=None, key=f"inbox_row_{place}"):
        text = snippet(item)
        st.button(
            f"**{text}**" if chosen else text, key=f"inbox_open_{place}", type="tertiary", wrap=False,
            on_click=show, args=(view, item.id),
        )  # fmt: skip
        st.caption(f"{verdict_words(item)} · {moment(item.received)}")


def verdict_words(item: Item) -> str:
    """What the visitor said, short: "✕ praise → complaint"."""
    answer = safe_text(item.answer, 16)
    if item.right:
        return f"✓ {answer}"
    if item.correction is None:
        return f"✕ {answer}"
    return f"✕ {answer} → {safe_text(item.correction, 16)}"
