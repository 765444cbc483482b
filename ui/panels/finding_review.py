"""Rows of a finding that a person looks through one by one: what they tick is changed, nothing else."""

from __future__ import annotations

import streamlit as st

from engine.data.findings import handle
from engine.data.schema import Finding, Fix
from engine.workspace import DatasetVersion
from ui.panels.rows import PAGE_ROWS, numbered, table
from ui.state import REVIEWED, workspace
from ui.text import n, t


def review(finding: Finding, fix: Fix, version: DatasetVersion) -> list[int]:
    """A page of the rows with what is suggested for each, to be ticked; the ids of all that were ticked so far.

    Ticks of other pages stay while the dialog is open; another finding or fix begins without any.
    """
    kept = workspace().findings.rows(version.id, handle(finding))
    if kept is None:
        return []
    own = f"{version.id}_{handle(finding)}_{fix.kind}"
    if st.session_state.get(REVIEWED, {}).get("of") != own:
        st.session_state[REVIEWED] = {"of": own, "pages": {}, "round": 0}
    ticked: dict[int, list[int]] = st.session_state[REVIEWED]["pages"]
    pages = max(1, -(-len(kept.rows) // PAGE_ROWS))
    slot, page = st.container(), 1
    if pages > 1:
        page = st.pagination(pages, key="review_page", max_visible_pages=5)
    start = (page - 1) * PAGE_ROWS
    ids = [int(row) for row in kept.rows[start : start + PAGE_ROWS]]
    frame, _ = workspace().datasets.rows(version.id, limit=PAGE_ROWS, ids=ids)
    if kept.suggested is not None:
        frame.insert(
            1, t("Suggested label"), list(kept.suggested[start : start + PAGE_ROWS]), allow_duplicates=True
        )
    if kept.scores is not None:
        frame.insert(
            1,
            t("Certainty"),
            [round(float(s), 3) for s in kept.scores[start : start + PAGE_ROWS]],
            allow_duplicates=True,
        )
    with slot:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(t("Tick the rows that are to change."), width="stretch")
            for name, title, icon, rows in (
                ("all", t("Tick this page"), ":material/check_box:", ids),
                ("none", t("Untick this page"), ":material/check_box_outline_blank:", []),
            ):
                st.button(
                    title, key=f"review_{name}", icon=icon, type="tertiary", on_click=_tick, args=(page, rows)
                )
        places = table(
            numbered(frame), key=f"review_{own}_{page}_{st.session_state[REVIEWED]['round']}", wide=version.schema.names("input"),
            alt=t("Rows of {name}, page {page} of {pages}.", name=version.label, page=page, pages=pages),
            ticked=[place for place, row in enumerate(ids) if row in set(ticked.get(page, []))],
        )  # fmt: skip
    ticked[page] = [ids[place] for place in places if place < len(ids)]
    chosen = [row for number in sorted(ticked) for row in ticked[number]]
    st.markdown(f"**{n('{n} row ticked', '{n} rows ticked', len(chosen))}**")
    return chosen


def _tick(page: int, rows: list[int]) -> None:
    """Tick exactly these rows of a page: the table's own box for all of them appears only under a pointer."""
    kept = st.session_state[REVIEWED]
    kept["pages"][page] = list(rows)
    kept["round"] += 1  # a new key, so that the table takes these ticks over


def forget_review() -> None:
    """Begin the next review without ticks."""
    st.session_state.pop(REVIEWED, None)
