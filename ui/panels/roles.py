"""Which column is the text, which the label, and what the others are for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import streamlit as st

from engine.data.readers import Preview
from engine.data.schema import ROLE_TITLES, ROLES
from engine.data.types import TYPE_TITLES, ColumnType
from engine.errors import N_
from ui.format import listed, percent
from ui.state import ImportDraft, show, workspace
from ui.text import labelled, safe_text, t

ROLE_HELP = {
    "input": N_("what the model reads; several columns are joined"),
    "label": N_("the right answer, one class a row"),
    "slice": N_("a region, a domain, a language: results are shown for each value"),
    "group": N_("rows of one value stay in one part (a customer, a document)"),
    "time": N_("when the text was written"),
    "id": N_("a name for the row in your own system"),
    "split": N_("train, validation or test, if the file says so"),
    "ignore": N_("kept with the data and not used"),
}  # fmt: skip
TYPE_HELP = N_(
    "What the first cells look like. Nothing is converted: cells stay the text that the file holds."
)
ONCE = ("label", "group", "time", "id", "split")
COLUMNS_A_PAGE = 20
EXAMPLES, EXAMPLE_CHARACTERS = 3, 60


def roles_form(draft: ImportDraft, preview: Preview) -> None:
    """One line a column: name, examples and its role; the draft starts from names and values."""
    if draft.columns != preview.columns:
        draft.columns = preview.columns
        draft.roles = {str(c): str(r) for c, r in workspace().datasets.suggest_roles(preview).items()}
    with st.expander(t("What the roles mean"), icon=":material/help:"):
        lines = (t("**{role}**: {meaning}", role=t(ROLE_TITLES[r]), meaning=t(ROLE_HELP[r])) for r in ROLES)
        st.markdown("\n".join(f"- {line}" for line in lines))
    names = list(preview.columns)
    page = 1
    if len(names) > COLUMNS_A_PAGE:
        page = st.pagination(
            -(-len(names) // COLUMNS_A_PAGE), key=f"roles_page_{draft.key}", max_visible_pages=5
        )
    first = (page - 1) * COLUMNS_A_PAGE
    with st.container(border=True, gap="medium", key=f"roles_{draft.key}"):
        for place, name in enumerate(names[first : first + COLUMNS_A_PAGE], start=first):
            _column(draft, preview, place, name)


def _column(draft: ImportDraft, preview: Preview, place: int, name: str) -> None:
    title, examples, role = st.columns([2, 4, 2], vertical_alignment="center", gap="small")
    with title, st.container(gap=None):
        st.markdown(f"**{safe_text(name, 60)}**")
        if place < len(preview.types):
            st.caption(type_line(preview.types[place]), help=t(TYPE_HELP))
    with examples:
        cells = [
            safe_text(v, EXAMPLE_CHARACTERS)
            for v in dict.fromkeys(preview.rows.iloc[:, place])
            if str(v).strip()
        ]
        st.caption(" · ".join(cells[:EXAMPLES]) if cells else t("empty in the first rows"))
    key = f"role_{draft.key}_{place}"
    show(key, draft.roles.get(name, "ignore"))
    role.selectbox(
        t("Role of {column}", column=safe_text(name, 60)), ROLES, key=key, label_visibility="collapsed",
        format_func=labelled(ROLE_TITLES), on_change=lambda: draft.roles.update({name: st.session_state[key]}),
    )  # fmt: skip


def type_line(found: ColumnType) -> str:
    """The draft type, with the share of cells that fit where not all do."""
    title = t(TYPE_TITLES[found.kind])
    if found.share < 1:
        return t("{type} · {share} of the cells", type=title, share=percent(found.share))
    return title


def roles_state(roles: Mapping[str, str]) -> bool:
    """The line that says whether the roles fit together; returns whether they do."""
    count = Counter(roles.values())
    twice = [r for r in ONCE if count[r] > 1]
    if not count["input"]:
        _line(t("Needed: a column with the text"), ok=False)
    elif twice:
        several = listed(t(ROLE_TITLES[r]) for r in twice)
        _line(t("Only one column can have this role: {roles}", roles=several), ok=False)
    elif not count["label"]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(t("No label column"), icon=":material/warning:", color="orange")
            st.caption(t("You can look at the data, but a model needs labels to learn from."))
    else:
        inputs = listed(safe_text(c, 40) for c, r in roles.items() if r == "input")
        label = next(safe_text(c, 40) for c, r in roles.items() if r == "label")
        _line(t("Ready: text from {inputs}, label from {label}", inputs=inputs, label=label), ok=True)
    return bool(count["input"]) and not twice


def _line(text: str, *, ok: bool) -> None:
    icon = ":material/check_circle:" if ok else ":material/error:"
    st.markdown(f":{'green' if ok else 'red'}[{icon} {text}]")
