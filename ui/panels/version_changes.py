"""What corrections make of a dataset version, in words and row by row: a preview, or the record of a child version."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from engine.feedback.corrections import OUTCOMES, Outcome
from engine.workspace import VersionChanges
from ui.state import workspace
from ui.text import N_, n, t

ROWS = 20

WORDS = {
    "added": N_("new row"), "relabelled": N_("other label"), "already": N_("already so"), "test": N_("left out: stands in test"),
    "validation": N_("left out: stands in validation"), "overruled": N_("overruled by a later one"),
}  # fmt: skip
"""What happens to a correction, short (message ids)."""

_SENTENCES: dict[Outcome, tuple[str, Callable[[int], str]]] = {
    "added": (":material/add:", lambda c: n("**{n} row** is new in the train part.", "**{n} rows** are new in the train part.", c)),
    "relabelled": (":material/edit:", lambda c: n("**{n} train row** gets another label.", "**{n} train rows** get another label.", c)),
    "already": (":material/check:", lambda c: n("{n} correction says what train says already.", "{n} corrections say what train says already.", c)),
    "test": (":material/lock:", lambda c: n("{n} correction is left out: its text stands in the sealed test part, which stays as it is.", "{n} corrections are left out: their texts stand in the sealed test part, which stays as it is.", c)),
    "validation": (":material/lock:", lambda c: n("{n} correction is left out: its text stands in validation, on which runs are compared.", "{n} corrections are left out: their texts stand in validation, on which runs are compared.", c)),
    "overruled": (":material/history:", lambda c: n("{n} correction was overruled by a later one about the same text.", "{n} corrections were overruled by later ones about the same texts.", c)),
}  # fmt: skip


def changes_view(found: VersionChanges, *, key: str) -> None:
    """The difference as sentences; its rows open beneath them.

    Args:
        found: a preview or a record.
        key: prefix of the widget keys.
    """
    counts = dict(found.counts)
    counts["relabelled"] = sum(len(c.rows) for c in found.changes if c.outcome == "relabelled")
    lines = [f"{_SENTENCES[o][0]} {_SENTENCES[o][1](counts[o])}" for o in OUTCOMES if counts[o]]
    st.markdown("  \n".join(lines))
    st.caption(
        t(
            "{before} rows before, {after} after. Validation and test are the parent's, row for row.",
            before=f"{found.parent.rows:,}", after=f"{found.rows:,}",
        )
    )  # fmt: skip
    if st.toggle(
        n("Show {n} correction", "Show {n} corrections", len(found.changes)), key=f"{key}_rows", disabled=not found.changes
    ):  # fmt: skip
        _rows(found, key)


def _rows(found: VersionChanges, key: str) -> None:
    present = [outcome for outcome in OUTCOMES if found.counts[outcome]]
    chosen = present
    if len(present) > 1:
        chosen = st.pills(
            t("What happens"), present, selection_mode="multi", key=f"{key}_outcomes", label_visibility="collapsed",
            format_func=lambda o: f"{t(WORDS[o])} {found.counts[o]:,}",
        ) or present  # fmt: skip
    total = sum(found.counts[outcome] for outcome in chosen)
    slot, page = st.container(), 1
    if total > ROWS:
        page = st.pagination(-(-total // ROWS), key=f"{key}_page_{'_'.join(chosen)}", max_visible_pages=5)
    frame, _ = workspace().corrections.table(found, chosen, offset=(page - 1) * ROWS, limit=ROWS)
    # what was left out or overruled labels nothing
    frame["after"] = frame["after"].where(~frame["outcome"].isin(("test", "validation", "overruled")), "–")
    text = st.column_config.TextColumn
    slot.dataframe(
        frame.assign(outcome=[t(WORDS[o]) for o in frame["outcome"]]), hide_index=True, key=f"{key}_table", placeholder="",
        alt=n("{n} correction with the label before and after.", "{n} corrections with the label before and after.", total),
        column_config={
            "input": text(t("Text"), width="medium"), "before": text(t("Label before")), "after": text(t("Label after")),
            "outcome": text(t("What happens"), width="medium"),
        },
    )  # fmt: skip
