"""What a person should know about their data: findings by severity, the rows behind each, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from engine.data.findings import handle
from engine.data.schema import Finding
from engine.errors import N_
from engine.workspace import Aside, DatasetVersion
from ui.errors import attempt
from ui.format import moment
from ui.panels.contents import contents
from ui.panels.deep_checks import deep_checks, look_anew
from ui.panels.finding_fix import fix_buttons, just_made, making
from ui.panels.rail import Look
from ui.panels.rows import row_table
from ui.state import workspace
from ui.text import n, safe_text, say, t

SEVERITIES = {
    "error": Look(N_("Must be fixed"), ":material/error:", "red"),
    "warning": Look(N_("Look at this"), ":material/warning:", "orange"),
    "info": Look(N_("Good to know"), ":material/info:", "gray"),
}
NOTE_CHARS = 500
ANCHOR = "findings"
"""Where on the page the findings begin, for what leads to them."""


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """Errors first, then warnings, then notes; within a severity as the checks gave them."""
    order = list(SEVERITIES)
    return sorted(findings, key=lambda f: order.index(f.severity))


def findings_panel(version: DatasetVersion, *, complete: bool) -> None:
    """Everything that is known of a version's faults, with fixes, and what looks for more of them.

    Until the profile is `complete` that is the look inside, afterwards the deep checks; and before it is, nobody says that
    nothing was found.
    """
    st.subheader(t("Findings"), anchor=ANCHOR)
    just_made(version)
    busy = making(version)
    if not workspace().findings.known(version.id):
        look_anew(version)
    found = workspace().datasets.findings(version.id)
    aside = workspace().findings.aside(version.id)
    open_ones = [one for one in found if handle(one) not in aside]
    if complete and not open_ones:
        _nothing()
    for severity, look in SEVERITIES.items():
        mine = [one for one in open_ones if one.severity == severity]
        if mine:
            st.badge(f"{t(look.word)} · {len(mine)}", icon=look.icon, color=look.colour)
        for one in mine:
            _finding(one, version, busy=busy)
    if complete:
        deep_checks(version)
    else:
        contents(version)
    _set_aside([one for one in found if handle(one) in aside], aside, version)


def findings_list(findings: Sequence[Finding], version: DatasetVersion, *, key: str) -> None:
    """One line a finding; the rows that it quotes open beneath it. For findings that belong to a part of the page."""
    if not findings:
        _nothing()
        return
    for place, finding in enumerate(by_severity(findings)):
        look = SEVERITIES[finding.severity]
        own = f"{key}_{finding.code}_{place}"
        with st.container(border=True, key=own, gap="xsmall"):
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
            ):
                with st.container(horizontal=True, vertical_alignment="center", width="stretch"):
                    st.badge(t(look.word), icon=look.icon, color=look.colour)
                    st.markdown(say(finding.message, finding.params), width="stretch")
                shown = finding.rows and st.toggle(
                    n("Show {n} row", "Show {n} rows", len(finding.rows)), key=f"{own}_rows"
                )
            if shown:
                _quoted(finding, version, own)


def _nothing() -> None:
    with st.container(horizontal=True):
        st.badge(t("Nothing to complain about"), icon=":material/check_circle:", color="green")


def _finding(finding: Finding, version: DatasetVersion, *, busy: bool) -> None:
    name = handle(finding)
    own = f"finding_{version.id}_{name}"
    with st.container(border=True, key=f"box_{own}", gap="xsmall"):
        st.markdown(say(finding.message, finding.params))
        with st.container(horizontal=True, vertical_alignment="center"):
            shown = finding.rows and st.toggle(
                n("Show {n} row", "Show {n} rows", finding.count), key=f"{own}_rows"
            )
            fix_buttons(finding, version, key=own, busy=busy)
            with st.popover(
                t("Set aside"), icon=":material/visibility_off:", type="tertiary", key=f"{own}_aside"
            ):
                st.caption(
                    t("Seen, and fine as it is: the finding moves to the end of the list and counts no more.")
                )
                note = st.text_input(
                    t("Why (optional)"),
                    key=f"{own}_note",
                    max_chars=NOTE_CHARS,
                    placeholder=t("For whoever asks later"),
                )
                st.button(
                    t("Set it aside"), key=f"{own}_aside_go", on_click=attempt,
                    args=(workspace().findings.set_aside, version.id, name, note),
                )  # fmt: skip
        if shown:
            _rows(finding, version, own)


def _rows(finding: Finding, version: DatasetVersion, own: str) -> None:
    """All rows of a finding, a page at a time, with what the check suggests for each."""
    kept = workspace().findings.rows(version.id, handle(finding))
    if kept is None:
        _quoted(finding, version, own)
        return
    beside: dict[str, Sequence[object] | NDArray[Any]] = {}
    if kept.suggested is not None:
        beside[t("Suggested label")] = kept.suggested
    if kept.scores is not None:
        beside[t("Certainty")] = np.round(kept.scores, 3)
    if kept.groups is not None:
        beside[t("Belongs together")] = kept.groups + 1
    row_table(version, key=f"{own}_list", ids=kept.rows, beside=beside)


def _quoted(finding: Finding, version: DatasetVersion, own: str) -> None:
    if finding.count > len(finding.rows):
        shown, count = f"{len(finding.rows):,}", f"{finding.count:,}"
        st.caption(t("The first {shown} of {count} rows.", shown=shown, count=count))
    row_table(version, key=f"{own}_list", ids=finding.rows)


def _set_aside(findings: Sequence[Finding], aside: Mapping[str, Aside], version: DatasetVersion) -> None:
    """The findings that somebody saw and finds fine, with their notes and the way back."""
    if not findings:
        return
    with st.expander(
        n("{n} finding set aside", "{n} findings set aside", len(findings)), icon=":material/visibility_off:"
    ):
        for finding in findings:
            name = handle(finding)
            with st.container(
                horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"aside_{version.id}_{name}"
            ):  # fmt: skip
                with st.container(width="stretch", gap="xxsmall"):
                    st.markdown(say(finding.message, finding.params))
                    note = aside[name].note
                    said = t("“{note}”, {when}", note=safe_text(note), when=moment(aside[name].when))
                    st.caption(said if note else moment(aside[name].when))
                st.button(
                    t("Take back"), key=f"aside_back_{version.id}_{name}", icon=":material/undo:", type="tertiary",
                    on_click=attempt, args=(workspace().findings.take_back, version.id, name),
                )  # fmt: skip
