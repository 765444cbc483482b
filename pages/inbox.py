"""Inbox: what visitors of the demos said, decided one by one by keyboard; what is accepted becomes the next dataset version."""

from __future__ import annotations

import streamlit as st

from ui.errors import errors_shown
from ui.panels.inbox_decision import changed_meanwhile, decision, history, undo_button, way_through
from ui.panels.inbox_item import code_points, item_card
from ui.panels.inbox_list import item_list
from ui.panels.inbox_queues import filter_bar, queue_bar
from ui.panels.inbox_states import nothing_here, nothing_yet, wait_for_feedback
from ui.panels.inbox_view import inbox_view, opened, page_of, sources_of
from ui.panels.new_version import new_version
from ui.state import project, workspace
from ui.text import t

st.title(t("Inbox"))

inbox = workspace().inbox
here = project()
assert here is not None
with errors_shown():
    inbox.refresh()
counts = inbox.counts(here.id)
if not any(counts.values()):
    nothing_yet()
    wait_for_feedback(here.id, 0)
    st.stop()

view = inbox_view(here.id)
if view.said:
    st.toast(view.said, icon=":material/task_alt:")
    view.said = None
queue_bar(view, counts)
filter_bar(view, sources_of(view, sum(counts.values())))

decided = sum(counts.values()) > counts["pending"]
items, total = page_of(view)
item = opened(view, items)
if item is None:
    undo_button(view, decided=decided)
    nothing_here(view, counts)
    wait_for_feedback(here.id, counts["pending"])
else:
    beside, open_item = st.columns([2, 3], gap="medium")
    with beside:
        item_list(view, items, total)
    with open_item:
        way_through(view, total, decided=decided)
        changed_meanwhile(view, item)
        with st.container(border=True, key="inbox_item"):
            item_card(view, item)
            decision(view, item, inbox.classes(item.id))
        code_points(view, item)
        history(item)

new_version(here.id, main=item is None)
