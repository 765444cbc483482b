"""What a run stands on: recipe, data, machine, packages, and the check of its packaged model."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.evaluation.provenance import environment_facts, package_facts
from engine.workspace import Run
from ui.format import duration, percent, significant, size
from ui.panels.version_tree import what_it_did
from ui.state import workspace
from ui.text import language, n, safe_text, t


def record(run: Run) -> None:
    """Three folded boxes: the data, what it ran on, and its recipe."""
    _data(run)
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


def _data(run: Run) -> None:
    """The way from the run to the bytes of its data: the version, what it was made from, and the file at the beginning."""
    box = st.expander(t("Data"), icon=":material/dataset:", key=f"data_{run.id}", on_change="rerun")
    if not box.open:
        return
    with box:
        found = workspace().differences.trace(run.version_id)
        for one in reversed(found.versions):
            note = one.source.get("note")
            said = f"{what_it_did(one)} · “{safe_text(note, 120)}”" if note else what_it_did(one)
            st.markdown(f"**{safe_text(one.label, 80)}** · {n('{n} row', '{n} rows', one.rows)} · {said}")
        first = found.versions[0].source
        facts = [
            (t("SHA-256 of the table"), found.artifact), (t("Size of the table"), size(float(found.size))),
            (t("Content of rows and roles"), found.versions[-1].digest), (t("File"), str(first.get("file", "–"))),
            (t("Size of the file"), size(float(first["bytes"])) if first.get("bytes") else "–"),
        ]  # fmt: skip
        st.dataframe(
            pd.DataFrame(facts, columns=["name", "value"]), hide_index=True, key=f"data_table_{run.id}",
            alt=t("Digest, size and file of the data that the run learned from."),
            column_config={"name": t("What"), "value": st.column_config.TextColumn(t("Value"), width="large")},
        )  # fmt: skip


def cost_line(run: Run) -> None:
    """What the training cost; nothing for a run of an earlier version of Bentu."""
    cost = run.environment or {}
    if "energy_wh" not in cost:
        return
    st.caption(
        ":material/bolt: "
        + t(
            "Training took {time}, {processor} of processor time and at most {memory} of memory; about {energy} Wh, estimated ({method}: busy cores and held memory, no cooling, no accelerator).",
            time=duration(float(cost["training_seconds"])), processor=duration(float(cost["processor_seconds"])),
            memory=size(float(cost["peak_memory_bytes"])), energy=significant(float(cost["energy_wh"])), method=cost["energy_method"],
        )
    )  # fmt: skip
    if {"card_seconds", "card_peak_bytes", "card_energy_wh"} <= cost.keys():
        st.caption(
            ":material/developer_board: "
            + t(
                "The graphics cards worked for {time}, held up to {memory} more than before on one of them, and drew {energy} Wh by their own meters, whatever else ran on them counted in.",
                time=duration(float(cost["card_seconds"])), memory=size(float(cost["card_peak_bytes"])),
                energy=significant(float(cost["card_energy_wh"])),
            )
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
