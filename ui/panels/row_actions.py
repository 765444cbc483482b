"""What can be done with rows that a person chose: drop them or give them a label. Each makes a new version."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import streamlit as st

from engine.data.edits import Drop, Edit, Relabel
from engine.workspace import DatasetVersion
from ui.dialogs import show_dialog
from ui.panels.finding_fix import begin, making_now, sealed_rows
from ui.state import workspace
from ui.text import n, safe_text, t

_CLICK = "rows_click"


def row_actions(version: DatasetVersion, ids: Sequence[int], *, key: str) -> None:
    """The buttons under a list of chosen rows.

    Args:
        version: whose rows.
        ids: of the chosen rows, at least one.
        key: prefix of the widget keys.
    """
    busy = making_now(version)
    with st.container(horizontal=True):
        if st.button(
            n("Drop {n} row …", "Drop {n} rows …", len(ids)), key=f"{key}_drop", icon=":material/delete_sweep:", disabled=busy
        ):  # fmt: skip
            _ask(version, ids, relabel=False)
        if version.schema.first("label") and st.button(
            t("Give them a label …"), key=f"{key}_label", icon=":material/label:", disabled=busy
        ):
            _ask(version, ids, relabel=True)
    if busy:
        st.caption(t("A new version is being made from this one; it is shown above as soon as it is there."))


def _ask(version: DatasetVersion, ids: Sequence[int], *, relabel: bool) -> None:
    st.session_state[_CLICK] = uuid4().hex

    def body() -> None:
        st.markdown(f"**{n('{n} row', '{n} rows', len(ids))}**")
        label = None
        if relabel:
            label = st.selectbox(
                t("Label"), version.schema.classes, index=None, key="rows_label", placeholder=t("Choose"),
                format_func=lambda name: safe_text(name, 80),
            )  # fmt: skip
        test = workspace().splits.parts_of(version.id, ids).get("test", 0)
        view = workspace().splits.current(version.id) if test else None
        include = sealed_rows(test, view.openings if view else 0)
        note = st.text_input(t("Why (kept with the version)"), key="rows_note", max_chars=200)
        st.caption(
            t("This makes a new version; {version} stays as it is, and you can go back to it.", version=safe_text(version.label, 80))
        )  # fmt: skip
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("Cancel"), key="rows_keep"):
                st.rerun()
            edits: list[Edit] = (
                [Relabel(labels=dict.fromkeys(ids, label or ""))] if relabel else [Drop(rows=tuple(ids))]
            )
            if st.button(
                t("Make the new version"), key="rows_go", type="primary", icon=":material/save:",
                disabled=(relabel and label is None) or (test == len(ids) and not include),
                on_click=begin, args=(version, edits, include, note.strip(), st.session_state[_CLICK]),
            ):  # fmt: skip
                st.rerun()

    title = t("Give these rows a label") if relabel else t("Drop these rows")
    show_dialog(title, body, icon=":material/label:" if relabel else ":material/delete_sweep:")
