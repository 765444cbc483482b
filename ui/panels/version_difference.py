"""What is different between two versions: sentences first, then the rows as they were and as they are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.data.difference import CHANGES, ChangeKind
from engine.data.schema import ROLE_TITLES, ROW_ID
from engine.workspace import DatasetVersion, VersionDifference
from ui.errors import attempt
from ui.format import listed
from ui.panels.job import attach, watch
from ui.panels.rows import numbered, table
from ui.state import follow, unfollow, workspace
from ui.text import N_, labelled, n, safe_text, t

ROWS = 20
KINDS: dict[ChangeKind, str] = {
    "added": N_("added"), "removed": N_("removed"), "relabelled": N_("relabelled"), "changed": N_("other cells"),
}  # fmt: skip


def difference(first: DatasetVersion, second: DatasetVersion) -> None:
    """From `first` to `second`; worked out by a job on first sight."""
    with st.container(border=True, key=f"difference_{first.id}_{second.id}"):
        st.markdown(
            t(
                "From **{first}** to **{second}**",
                first=safe_text(first.label, 60),
                second=safe_text(second.label, 60),
            )
        )
        found = workspace().differences.get(first.id, second.id)
        if found is None:
            _work_out(first, second)
        else:
            _shown(found)


def _work_out(first: DatasetVersion, second: DatasetVersion) -> None:
    purpose = f"difference_{first.id}_{second.id}"
    job_id = attach(purpose, (), first.project_id)
    if job_id is None:
        job = attempt(workspace().differences.start, first.id, second.id)
        if job is None:
            return
        job_id = job.id
        follow(purpose, job_id)
    watch(job_id, t("Comparing the versions"))
    if not workspace().jobs.get(job_id).active:
        unfollow(purpose)


def _shown(found: VersionDifference) -> None:
    lines = [_sentence(kind, found) for kind in CHANGES if found.counts[kind]]
    lines += [_role_line(*change) for change in found.roles]
    if not lines:
        st.caption(t("The two are the same, cell for cell."))
        return
    st.markdown("\n".join(f"- {line}" for line in lines))
    present = [kind for kind in CHANGES if found.counts[kind]]
    if not present:
        return
    own = f"{found.first.id}_{found.second.id}"
    kind = present[0]
    if len(present) > 1:
        kind = st.segmented_control(
            t("Rows"), present, default=present[0], required=True, key=f"difference_kind_{own}", label_visibility="collapsed",
            format_func=labelled(KINDS),
        )  # fmt: skip
    pages = -(-found.counts[kind] // ROWS)
    slot, page = st.container(), 1
    if pages > 1:
        page = st.pagination(pages, key=f"difference_page_{own}_{kind}", max_visible_pages=5)
    before, after = workspace().differences.rows(found, kind, offset=(page - 1) * ROWS, limit=ROWS)
    with slot:
        table(
            numbered(_side_by_side(found, kind, before, after)), key=f"difference_rows_{own}_{kind}",
            alt=t("Rows that differ: {kind}.", kind=t(KINDS[kind])), wide=found.first.schema.names("input"),
        )  # fmt: skip


def _sentence(kind: ChangeKind, found: VersionDifference) -> str:
    count = found.counts[kind]
    said = {
        "added": n("{n} row added", "{n} rows added", count),
        "removed": n("{n} row dropped", "{n} rows dropped", count),
        "relabelled": n("{n} row relabelled", "{n} rows relabelled", count),
        "changed": n("{n} row with other cells", "{n} rows with other cells", count),
    }[kind]
    classes = sorted(found.classes.get(kind, {}).items(), key=lambda pair: -pair[1])
    shown = listed(
        t("{label}: {number}", label=safe_text(label, 30) or t("without a label"), number=f"{number:,}")
        for label, number in classes[:6]
    )
    return t("{said} ({classes})", said=said, classes=shown) if shown else said


def _role_line(name: str, before: str | None, after: str | None) -> str:
    return t(
        "Column “{name}”: {before} → {after}",
        name=safe_text(name, 60),
        before=_role(before),
        after=_role(after),
    )


def _role(role: str | None) -> str:
    return t(ROLE_TITLES[role]) if role else t("not there")


def _side_by_side(
    found: VersionDifference, kind: ChangeKind, before: pd.DataFrame, after: pd.DataFrame
) -> pd.DataFrame:
    """One table: for changed rows the label, or each other cell, before and after; else the rows themselves."""
    if kind in ("added", "removed"):
        return after if kind == "added" else before
    shown = after.copy()
    both = [name for name in after.columns if name in before.columns and name != ROW_ID]
    changing = [name for name in both if (before[name].to_numpy() != after[name].to_numpy()).any()]
    for name in changing:
        shown.insert(1, f"{name} · {t('before')}", before[name].to_numpy(), allow_duplicates=True)
    front = [ROW_ID, *[column for name in changing for column in (f"{name} · {t('before')}", name)]]
    return shown[list(dict.fromkeys([*front, *shown.columns]))]
