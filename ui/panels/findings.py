"""What a person should know about their data: findings by severity, each with the rows it is about."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.data.schema import Finding
from engine.errors import N_
from engine.workspace import DatasetVersion
from ui.panels.rail import Look
from ui.panels.rows import row_table
from ui.text import n, say, t

SEVERITIES = {
    "error": Look(N_("Must be fixed"), ":material/error:", "red"),
    "warning": Look(N_("Look at this"), ":material/warning:", "orange"),
    "info": Look(N_("Good to know"), ":material/info:", "gray"),
}


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """Errors first, then warnings, then notes; within a severity as the checks gave them."""
    order = list(SEVERITIES)
    return sorted(findings, key=lambda f: order.index(f.severity))


def findings_list(findings: Sequence[Finding], version: DatasetVersion, *, key: str) -> None:
    """One line a finding; its rows open beneath it."""
    if not findings:
        with st.container(horizontal=True):
            st.badge(t("Nothing to complain about"), icon=":material/check_circle:", color="green")
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
                if finding.count > len(finding.rows):
                    st.caption(
                        t(
                            "The first {shown} of {count} rows.",
                            shown=f"{len(finding.rows):,}",
                            count=f"{finding.count:,}",
                        )
                    )
                row_table(version, key=f"{own}_list", ids=finding.rows)
