"""What a run stands on: recipe, data, machine, packages, and the check of its packaged model."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.evaluation.provenance import environment_facts, package_facts
from engine.workspace import Run
from ui.format import percent
from ui.state import workspace
from ui.text import language, t


def record(run: Run) -> None:
    """Two folded boxes: what it ran on, and its recipe."""
    if run.environment:
        with st.expander(t("What it ran on"), icon=":material/memory:", key=f"environment_{run.id}"):
            st.dataframe(
                pd.DataFrame(
                    [*environment_facts(run.environment, language()), *package_facts(run.environment)],
                    columns=["name", "value"],
                ),
                hide_index=True,
                key=f"environment_table_{run.id}", alt=t("Packages, processor, memory and code revision of the run."),
                column_config={"name": t("What"), "value": t("Value")},
            )  # fmt: skip
    box = st.expander(t("Recipe"), icon=":material/receipt_long:", key=f"recipe_{run.id}", on_change="rerun")
    if not box.open:
        return
    with box:
        text = workspace().recipes.yaml(run.recipe)
        st.code(text, language="yaml", height=300)
        st.download_button(
            t("Download the recipe"), data=text, file_name="recipe.yaml", mime="application/yaml",
            key=f"recipe_file_{run.id}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def parity_line(run: Run) -> None:
    """One sentence on whether the packaged model says what the trained one said."""
    parity = run.parity or {}
    if "agreement" not in parity:
        return
    text = t(
        "Packaged model: same answer as the trained one on {share} of {rows} rows, checked in a clean process.",
        share=percent(float(parity["agreement"])), rows=f"{int(parity['n']):,}",
    )  # fmt: skip
    if parity["ok"]:
        st.caption(f":material/verified: {text}")
    else:
        st.warning(text, icon=":material/warning:")
