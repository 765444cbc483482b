"""What one can take away: predictions as a table, the report as a page or as data."""

from __future__ import annotations

import streamlit as st

from engine.workspace import Run
from ui.panels.metrics import part_title
from ui.state import workspace
from ui.text import language, t


def exports(run: Run, part: str) -> None:
    """Download buttons; each file is made when it is asked for."""
    evaluations, locale = workspace().evaluations, language()
    stem = f"{run.id}-{part}"
    st.caption(t("Everything below is about the run shown above, on {part}.", part=part_title(part)))
    with st.grid(2, min_column_width=280):
        with st.container(border=True, height="stretch"):
            st.markdown(f"**{t('Report')}**")
            st.caption(
                t(
                    "All scores with intervals, classes, slices, the recipe and what it ran on: a page to read and print, or JSON for programs."
                )
            )
            with st.container(horizontal=True):
                st.download_button(
                    t("Report (HTML)"), data=lambda: evaluations.report(run.id, part, "html", locale), file_name=f"{stem}.html", mime="text/html",
                    key=f"export_html_{part}", icon=":material/download:", on_click="ignore",
                )  # fmt: skip
                st.download_button(
                    t("Report (JSON)"), data=lambda: evaluations.report(run.id, part, "json", locale), file_name=f"{stem}.json",
                    mime="application/json", key=f"export_json_{part}", icon=":material/data_object:", on_click="ignore",
                )  # fmt: skip
        with st.container(border=True, height="stretch"):
            st.markdown(f"**{t('Predictions')}**")
            st.caption(
                t(
                    "One line a row with its classes and probabilities. For a spreadsheet take the safe file: cells that would run as formulas are guarded in it."
                )
            )
            with st.container(horizontal=True):
                st.download_button(
                    t("Predictions (CSV)"), data=lambda: evaluations.export_predictions(run.id, part, False), file_name=f"{stem}-predictions.csv",
                    mime="text/csv", key=f"export_csv_{part}", icon=":material/download:", on_click="ignore",
                )  # fmt: skip
                st.download_button(
                    t("For a spreadsheet (CSV)"), data=lambda: evaluations.export_predictions(run.id, part, True),
                    file_name=f"{stem}-predictions-spreadsheet.csv", mime="text/csv", key=f"export_safe_csv_{part}", icon=":material/table_view:",
                    on_click="ignore",
                )  # fmt: skip
