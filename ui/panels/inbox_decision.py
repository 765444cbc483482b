"""What one decides about the open item: its class, its queue, and what happened to it in another tab."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.feedback.queues import DECIDED, UNDONE
from engine.workspace import Item
from ui.format import moment
from ui.panels.inbox_view import InboxView, choose_class, decide, move, save_anyway, undo, what_was_done
from ui.state import workspace
from ui.text import N_, n, safe_text, t

DIGITS = 9
"""Up to so many classes have a button and a digit each."""

ACTIONS = (
    ("accepted", ":material/check:", "A"), ("rejected", ":material/close:", "X"), ("later", ":material/schedule:", "L"),
    ("draft", ":material/edit_note:", "D"),
)  # fmt: skip
"""Queue, icon and key of each decision; R and C belong to Streamlit."""


def way_through(view: InboxView, total: int, *, decided: bool) -> None:
    """Where one is in the queue, the next and the former item, and the undo."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="inbox_way"):
        st.button(
            t("Previous"), key="inbox_previous", shortcut="K", on_click=move, args=(view, -1), disabled=total < 2,
            icon=":material/chevron_left:", type="tertiary",
        )  # fmt: skip
        place = (
            t("{place} of {total}", place=f"{view.place + 1:,}", total=f"{total:,}") if view.listed else "–"
        )
        st.markdown(f"**{place}**", width="content")
        st.button(
            t("Next"), key="inbox_next", shortcut="J", on_click=move, args=(view, 1), disabled=total < 2,
            icon=":material/chevron_right:", icon_position="right", type="tertiary",
        )  # fmt: skip
        undo_button(view, decided=decided)


def undo_button(view: InboxView, *, decided: bool) -> None:
    """Take back the last decision, if anything was `decided`."""
    st.button(
        t("Undo"),
        key="inbox_undo",
        shortcut="U",
        on_click=undo,
        args=(view,),
        disabled=not decided,
        icon=":material/undo:",
        type="tertiary",
    )


def changed_meanwhile(view: InboxView, item: Item) -> None:
    """What another tab did to the item since this one opened it, and what this tab wanted instead."""
    if item.revision == view.revision:
        return
    st.warning(
        t("Changed in the meantime: at {at} it was {what}.", at=moment(item.updated), what=what_was_done(item.state, item.label, DECIDED)),
        icon=":material/sync_problem:",
    )  # fmt: skip
    if view.late is None:
        return
    with st.container(border=True, key="inbox_late"):
        mine = what_was_done(*view.late, DECIDED)
        st.markdown(
            t("Your decision was: {what}. It is kept in the history, but it does not count.", what=mine)
        )
        with st.container(horizontal=True):
            st.button(
                t("Save mine anyway"), key="inbox_save_anyway", type="primary", icon=":material/save:",
                on_click=save_anyway, args=(view, item.id, item.revision),
            )  # fmt: skip
            st.button(
                t("Leave it as it is"),
                key="inbox_leave",
                icon=":material/arrow_forward:",
                on_click=move,
                args=(view, 1),
            )


def decision(view: InboxView, item: Item, classes: Sequence[str]) -> None:
    """The class and the four decisions; for an item of a dataset version only the word that it stays."""
    if item.dataset_version is not None:
        st.info(
            t("Accepted as {label}, and part of the dataset version {version}. Versions never change, so this stays as it is.",
              label=f"**{safe_text(item.label or '–', 60)}**", version=f"**{safe_text(item.dataset_version, 60)}**"),
            icon=":material/lock:",
        )  # fmt: skip
        return
    with st.container(gap="xxsmall"):
        _class_choice(view, item, classes)
    late = view.late is not None
    with st.container(horizontal=True, gap="xsmall", key="inbox_actions"):
        for state, icon, key in ACTIONS:
            # Keys carry the item: of a key that is pressed twice the second press still means the item that was on the screen.
            st.button(
                _verb(state), key=f"inbox_{state}_{item.id}", icon=icon, shortcut=key,
                type="primary" if state == "accepted" and not late else "secondary",
                disabled=state == "accepted" and view.label is None,
                help=t("Choose the right class first.") if state == "accepted" and view.label is None else None,
                on_click=decide, args=(view, item.id, item.revision, state),
            )  # fmt: skip


def _verb(state: str) -> str:
    return {"accepted": t("Accept"), "rejected": t("Reject"), "later": t("For later"), "draft": t("Draft")}[
        state
    ]


def _class_choice(view: InboxView, item: Item, classes: Sequence[str]) -> None:
    st.caption(t("Right class"))
    if len(classes) > DIGITS:
        key = f"inbox_class_{item.id}"
        st.session_state[key] = view.label
        st.selectbox(
            t("Right class"), list(classes), index=None, key=key, format_func=str, placeholder=t("Choose a class"),
            label_visibility="collapsed", on_change=lambda: choose_class(view, item.id, st.session_state[key]),
        )  # fmt: skip
        return
    with st.container(horizontal=True, gap="xsmall", key="inbox_classes"):
        for place, (label, digit) in enumerate(zip(classes, digits(classes), strict=True), start=1):
            chosen = label == view.label
            st.button(
                f"**{safe_text(label, 40)}**" if chosen else safe_text(label, 40), key=f"inbox_class_{place}_{item.id}",
                icon=":material/radio_button_checked:" if chosen else ":material/radio_button_unchecked:", shortcut=digit,
                on_click=choose_class, args=(view, item.id, label),
            )  # fmt: skip


def digits(classes: Sequence[str]) -> list[str]:
    """The key of each class: its place, or its own name where all classes are digits, or “1” would choose the class “0”."""
    if all(len(label) == 1 and label in "0123456789" for label in classes):
        return list(classes)
    return [str(place) for place in range(1, len(classes) + 1)]


def history(item: Item) -> None:
    """Everything that was decided on the item, also what came too late."""
    if item.revision == 0:
        return
    panel = st.expander(
        t("History"), icon=":material/history:", key=f"inbox_history_{item.id}", on_change="rerun"
    )
    if not panel.open:
        return
    changes = workspace().inbox.history(item.id)
    words = {**DECIDED, UNDONE: N_("taken back")}
    counts = {True: t("yes"), False: t("no, it came too late")}
    panel.dataframe(
        pd.DataFrame(
            {"at": moment(c.at), "what": t(words[c.state]), "label": c.label, "counts": counts[c.applied]} for c in changes
        ),
        hide_index=True, key=f"inbox_changes_{item.id}", placeholder="–", height=min(36 * (len(changes) + 1) + 3, 220),
        alt=n("{n} change of this feedback.", "{n} changes of this feedback.", len(changes)),
        column_config={"at": t("When"), "what": t("Decision"), "label": t("Class"), "counts": t("Counts")},
    )  # fmt: skip
