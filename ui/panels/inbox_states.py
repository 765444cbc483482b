"""The inbox when there is nothing to decide: before any feedback came, and after all of it was decided."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from engine.feedback.queues import QUEUE_TITLES
from ui.navigation import PAGES, goto
from ui.panels.inbox_queues import clear_filters
from ui.panels.inbox_view import Filters, InboxView, choose_queue
from ui.state import workspace
from ui.text import n, t

POLL_SECONDS = 3.0


def nothing_yet() -> None:
    """How feedback arrives, and the page where that begins."""
    st.info(
        t(
            "No feedback yet. It arrives here by itself: share a run as a demo, send the link to people who know your texts, and "
            "what they say of its answers appears here within seconds, with the class that they hold for right."
        ),
        icon=":material/inbox:",
    )
    if any(entry.name == "share" for entry in PAGES) and st.button(
        t("Go to share"), key="inbox_to_share", type="primary", icon=":material/share:"
    ):
        goto("share")


def nothing_here(view: InboxView, counts: Mapping[str, int]) -> None:
    """An empty queue: under filters, at the end of the work, or because nothing was put there."""
    if view.filters != Filters():
        st.info(t("No feedback of this queue matches the filters."), icon=":material/filter_alt_off:")
        st.button(
            t("Clear the filters"),
            key="inbox_clear",
            icon=":material/filter_alt_off:",
            on_click=clear_filters,
        )
        return
    if view.queue != "pending":
        st.caption(t("Nothing is in the queue “{queue}”.", queue=t(QUEUE_TITLES[view.queue])))
        return
    _all_decided(view, counts)


def _all_decided(view: InboxView, counts: Mapping[str, int]) -> None:
    ready = workspace().inbox.ready(view.project_id)
    if ready:
        said = n(
            "All decided. {n} accepted correction waits to become part of a dataset version: make one below, then train on it.",
            "All decided. {n} accepted corrections wait to become part of a dataset version: make one below, then train on it.",
            ready,
        )  # fmt: skip
    else:
        said = t(
            "All decided, and nothing accepted waits for a dataset version. New feedback appears here by itself."
        )
    st.success(said, icon=":material/done_all:")
    with st.container(horizontal=True):
        for queue in ("draft", "later"):
            if counts[queue]:
                st.button(
                    f"{t(QUEUE_TITLES[queue])} {counts[queue]:,}", key=f"inbox_go_{queue}", icon=":material/arrow_forward:",
                    on_click=choose_queue, args=(view, queue),
                )  # fmt: skip


def wait_for_feedback(project_id: str, pending: int) -> None:
    """Run the page again when feedback arrives while nothing is open."""

    @st.fragment(run_every=POLL_SECONDS, key="inbox_wait")
    def wait() -> None:
        inbox = workspace().inbox
        inbox.refresh()
        if inbox.counts(project_id)["pending"] != pending:
            st.rerun()

    wait()
