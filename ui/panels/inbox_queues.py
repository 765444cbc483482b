"""The head of the inbox: the queues with their counts, the filters, and the way to take everything along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from engine.feedback.queues import QUEUE_TITLES, QUEUES
from engine.workspace import Source
from ui.panels.inbox_view import Filters, InboxView, choose_queue, show
from ui.state import workspace
from ui.text import t

_QUEUE = "inbox_queue"
_DEMO, _MODEL, _WRONG, _SEARCH = "inbox_demo", "inbox_model", "inbox_wrong", "inbox_search"


def queue_bar(view: InboxView, counts: Mapping[str, int]) -> None:
    """One segment a queue."""
    # Labels change with the counts, and a click names a label: the choice is ours, and the click is read in the callback.
    st.session_state[_QUEUE] = view.queue
    st.segmented_control(
        t("Queue"), QUEUES, key=_QUEUE, required=True, label_visibility="collapsed", width="stretch",
        format_func=lambda q: f"{t(QUEUE_TITLES[q])} {counts[q]:,}",
        on_change=lambda: choose_queue(view, st.session_state[_QUEUE]),
    )  # fmt: skip


def filter_bar(view: InboxView, sources: Sequence[Source]) -> None:
    """A search, the filters behind one button, and the way to take everything along."""
    set_now = sum(bool(v) for v in (view.filters.demo_id, view.filters.model, view.filters.only_wrong))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="inbox_filters"):
        search = st.text_input(
            t("Search"), key=_SEARCH, placeholder=t("Search in text and comment"), type="search",
            label_visibility="collapsed", icon=":material/search:",
        )  # fmt: skip
        label = f"{t('Filters')} ({set_now})" if set_now else t("Filters")
        with st.popover(label, icon=":material/filter_alt:", key="inbox_narrow"):
            demo, model = _source(sources)
            wrong = st.toggle(t("Only answers that visitors called wrong"), key=_WRONG)
        _take_along(view.project_id)
    chosen = Filters(demo, model, wrong, search or "")
    if chosen != view.filters:
        view.filters, view.page = chosen, 1
        show(view, None)


def _source(sources: Sequence[Source]) -> tuple[str | None, int | None]:
    demos = {s.demo_id: s.demo_title for s in sources}
    demo = st.selectbox(
        t("Demo"), list(demos), index=None, key=_DEMO, placeholder=t("All demos"), format_func=lambda d: demos.get(d, "")
    )  # fmt: skip
    models = sorted({s.model for s in sources if demo is None or s.demo_id == demo}, reverse=True)
    if st.session_state.get(_MODEL) not in models:
        st.session_state[_MODEL] = None
    model = st.selectbox(
        t("Model version"), models, index=None, key=_MODEL, placeholder=t("All versions"),
        format_func=lambda m: t("Version {number}", number=m),
    )  # fmt: skip
    return demo, model


def clear_filters() -> None:
    """Button: look at the whole queue again."""
    st.session_state.update({_DEMO: None, _MODEL: None, _WRONG: False, _SEARCH: ""})


def _take_along(project_id: str) -> None:
    inbox = workspace().inbox
    menu = st.popover(t("Export"), icon=":material/download:", key="inbox_export")
    with menu:
        st.caption(
            t("All feedback of this project, one line each. For a spreadsheet take the safe file: cells that would run as formulas are guarded in it.")
        )  # fmt: skip
        for spreadsheet, label, icon in (
            (True, t("For a spreadsheet (CSV)"), ":material/table_view:"),
            (False, t("As it came (CSV)"), ":material/data_object:"),
        ):
            st.download_button(
                label, data=lambda guarded=spreadsheet: inbox.export(project_id, guarded), mime="text/csv",
                file_name=f"feedback-{project_id}{'-spreadsheet' if spreadsheet else ''}.csv",
                key=f"inbox_export_{'safe' if spreadsheet else 'raw'}", icon=icon, on_click="ignore", width="stretch",
            )  # fmt: skip
