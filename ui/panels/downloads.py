"""Taking the data away: raw or cleaned, as CSV, as a CSV that is safe in a spreadsheet, or as Parquet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from engine.errors import N_, NotFound
from engine.recipe import Step
from engine.workspace import DatasetVersion
from ui.format import size
from ui.panels.job import watch
from ui.state import follow, followed, workspace
from ui.text import labelled, safe_text, t

FORMS = {
    "csv": N_("CSV, exact"), "spreadsheet": N_("CSV for a spreadsheet"), "parquet": N_("Parquet, exact"),
}  # fmt: skip
HELP = {
    "csv": N_("UTF-8, every cell as it is: for programs, and to bring the data back."),
    "spreadsheet": N_("Cells that a spreadsheet would run as a formula begin with an apostrophe. To bring data back, take the exact file."),
    "parquet": N_("Small and quick to read, all columns as text."),
}  # fmt: skip


def downloads(version: DatasetVersion, *, steps: Sequence[Step] | None = None) -> None:
    """The choice of a form behind a fold, and the file once a job has written it.

    Args:
        version: whose rows.
        steps: the recipe's cleaning steps, for the cleaned rows; None for the rows as they are.
    """
    kind = "raw" if steps is None else "cleaned"
    fold = st.expander(
        t("Download these rows") if steps is None else t("Download the cleaned rows"), icon=":material/download:",
        key=f"downloads_{kind}_{version.id}", on_change="rerun",
    )  # fmt: skip
    if not fold.open:
        return
    with fold:
        _choose(version, steps, f"{kind}_{version.id}")


def _choose(version: DatasetVersion, steps: Sequence[Step] | None, own: str) -> None:
    if steps is not None:
        st.caption(
            t(
                "The steps above run on every row, those of the test part included, exactly as they do for every text that a model is asked about."
            )
        )
    form = st.segmented_control(
        t("Form"), list(FORMS), default="csv", required=True, key=f"download_form_{own}", format_func=labelled(FORMS)
    )  # fmt: skip
    st.caption(t(HELP[form]))
    parts = False
    if version.split_id is not None:
        parts = st.toggle(
            t("With the part of every row"), key=f"download_parts_{own}",
            help=t("One more column says train, validation, test or excluded."),
        )  # fmt: skip
    asked = repr((form, parts, None if steps is None else [s.model_dump() for s in steps]))
    purpose = f"export_{own}"
    job_id = followed(purpose)
    if job_id is not None and st.session_state.get(f"download_asked_{own}") == asked:
        watch(job_id, t("Writing the file"))
        job = workspace().jobs.get(job_id)
        if job.state == "succeeded":
            _offer(job_id)
        if job.active or job.state == "succeeded":
            return
    if st.button(t("Write the file"), key=f"download_go_{own}", icon=":material/save:"):
        started = workspace().exports.start(version.id, form, steps=steps, parts=parts)
        st.session_state[f"download_asked_{own}"] = asked
        follow(purpose, started.id)
        st.rerun()


def _offer(job_id: str) -> None:
    try:
        found = workspace().exports.file(job_id)
    except NotFound:
        st.info(t("The file is no longer here. Write it again."))
        return
    st.link_button(
        t("Download {file} ({size})", file=safe_text(found.name, 80), size=size(float(found.size))), f"/api/exports/{job_id}",
        icon=":material/download:", type="primary",
    )  # fmt: skip
