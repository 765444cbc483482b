"""What an owner writes about a demo, as a form's fields: title, description, languages, consent line, examples, end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from engine.i18n import LOCALES
from ui.format import moment
from ui.panels.demo_notice import STANDARD_CONSENT
from ui.text import N_, t

DAYS = (0, 1, 7, 30, 90)
KEPT = -1
"""In place of a number of days: the end that was chosen before."""


def terms(key: str, start: Mapping[str, Any], inputs: Sequence[str]) -> None:
    """Draw the fields.

    Args:
        key: beginning of the widgets' keys.
        start: title, description, languages, consent, examples, expires as they are now.
        inputs: names of the input columns.
    """
    st.text_input(t("Title"), value=start["title"], key=f"{key}_title", max_chars=200)
    st.text_area(
        t("Description"), value=start["description"], key=f"{key}_description", max_chars=2000, height=80,
        placeholder=t("What it does, for whom it is meant, where it is weak"),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="top"):
        st.pills(
            t("Languages of the page"), list(LOCALES), format_func=LOCALES.__getitem__, selection_mode="multi",
            default=list(start["languages"]), key=f"{key}_languages",
        )  # fmt: skip
        _ends(key, start["expires"])
    st.text_area(
        t("What visitors are told before they send feedback"), value=start["consent"], key=f"{key}_consent", max_chars=2000,
        height=100, placeholder=t(STANDARD_CONSENT),
        help=t("A promise that you give: write what is true for you. Left empty, visitors read the standard line, each in their language. The page adds what Bentu itself does with a text."),
    )  # fmt: skip
    st.markdown(t("Examples"))
    st.caption(t("**Visitors will see these texts.** Suggestions come from your training rows, never from the sealed test rows: take out what should not leave your house, or write your own."))  # fmt: skip
    st.data_editor(
        pd.DataFrame(list(start["examples"]), columns=list(inputs), dtype="str"), key=f"{key}_examples", num_rows="dynamic",
        hide_index=True, width="stretch",
        column_config={name: st.column_config.TextColumn(name, max_chars=2000) for name in inputs},
    )  # fmt: skip


def _ends(key: str, expires: datetime | None) -> None:
    options = [*([KEPT] if expires else []), *DAYS]
    words = {
        KEPT: t("as it is: {when}", when=moment(expires)) if expires else "", 0: t("when I end it"), 1: t("in 1 day"),
        7: t("in 7 days"), 30: t("in 30 days"), 90: t("in 90 days"),
    }  # fmt: skip
    st.selectbox(t("The link ends"), options, format_func=lambda o: words[o], key=f"{key}_ends", width=240)


def chosen(key: str, start: Mapping[str, Any], inputs: Sequence[str], now: datetime) -> dict[str, Any]:
    """What the fields say, for `Demos.publish` and `Demos.edit`."""
    state = st.session_state
    days = state.get(f"{key}_ends", 0)
    return {
        "title": str(state.get(f"{key}_title") or ""),
        "description": str(state.get(f"{key}_description") or ""),
        "languages": tuple(state.get(f"{key}_languages") or ()),
        "consent": str(state.get(f"{key}_consent") or ""),
        "examples": _edited(state.get(f"{key}_examples") or {}, start["examples"], inputs),
        "expires": start["expires"] if days == KEPT else now + timedelta(days=days) if days else None,
    }


def _edited(
    changes: Mapping[str, Any], start: Sequence[Mapping[str, str]], inputs: Sequence[str]
) -> list[dict[str, str]]:
    """The examples after what the editor changed, without empty rows."""
    rows = [dict(e) for e in start]
    for place, edit in dict(changes.get("edited_rows") or {}).items():
        rows[int(place)].update(edit)
    gone = set(changes.get("deleted_rows") or ())
    rows = [row for place, row in enumerate(rows) if place not in gone]
    rows += [dict(row) for row in changes.get("added_rows") or ()]
    texts = [{name: str(row.get(name) or "") for name in inputs} for row in rows]
    return [row for row in texts if any(text.strip() for text in row.values())]


TITLE_OF_KIND = {
    "publish": N_("Shared"), "promote": N_("Promoted"), "back": N_("Back to an earlier version"),
}  # fmt: skip
"""What happened to a demo's model, in words."""
