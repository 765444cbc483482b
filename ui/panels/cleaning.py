"""The cleaning steps of the draft recipe as an ordered list, each with what it does to these rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from engine.params import fields_of, read_params
from engine.prepare.preview import CleaningPreview, CleaningSample
from engine.prepare.steps import CleaningStep
from engine.recipe import Step
from engine.workspace import DatasetVersion
from ui.difference import marked
from ui.errors import attempt
from ui.forms import form
from ui.panels.job import watch
from ui.state import CLEAN_UNDO, follow, followed, unfollow, workspace
from ui.text import labelled, n, safe_text, t

Steps = tuple[Step, ...]
UNDO_DEPTH = 20


def cleaning(project_id: str, version: DatasetVersion, parts: Steps) -> None:
    """The list, the way to add to it, and what all steps do together."""
    ws = workspace()
    known = {s.name: s for s in ws.recipes.steps(version.schema.task)}
    preview = ws.datasets.cleaning_preview(version.id, parts) if parts else None
    for place, part in enumerate(parts):
        _step(project_id, parts, place, known[part.name], preview)
    with st.container(horizontal=True, vertical_alignment="center"):
        added = st.menu_button(
            t("Add a step"),
            list(known),
            key="clean_add",
            icon=":material/add:",
            format_func=labelled({name: s.title for name, s in known.items()}),
        )
        former = st.session_state.get(CLEAN_UNDO, {}).get(project_id)
        if former:
            st.button(
                t("Undo"), key="clean_back", icon=":material/undo:", type="tertiary", on_click=attempt, args=(_undo, project_id),
            )  # fmt: skip
    if added:
        attempt(_change, project_id, parts, (*parts, Step(name=added, version=known[added].version)))
        st.rerun()
    if not parts:
        st.caption(t("No step yet. Many texts need none; the preview of a step shows whether yours do."))
    elif preview is None:
        _compute(version, parts)
    else:
        _together(preview)


def _step(
    project_id: str, parts: Steps, place: int, step: CleaningStep, preview: CleaningPreview | None
) -> None:
    part, key = parts[place], f"clean_{place}_{step.name}"
    found = preview.steps[place] if preview else None
    with st.container(border=True, gap="xsmall", key=key):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{place + 1} · {t(step.title)}**", width="content")
            _effect(part, found.changed if found else None)
            st.space("stretch")
            _controls(project_id, parts, place, key)
        st.caption(safe_text(t(step.help)))
        fields = fields_of(step.Params)
        if fields and part.enabled:
            defaults = {f.name: f.default for f in fields}
            form(
                fields, {**defaults, **part.params}, defaults, prefix=key,
                on_set=lambda name, value: _set_params(project_id, parts, place, step, {**defaults, **part.params, name: value}),
                on_reset=lambda name: _set_params(project_id, parts, place, step, {**part.params, name: defaults[name]}),
            )  # fmt: skip
        if found and found.changed:
            shown = st.expander(
                t("Before and after"),
                icon=":material/compare_arrows:",
                key=f"{key}_samples",
                on_change="rerun",
            )
            if shown.open:
                with shown:
                    samples_table(found.samples)


def _controls(project_id: str, parts: Steps, place: int, key: str) -> None:
    st.session_state[f"{key}_on"] = parts[place].enabled
    moves = (
        ("up", ":material/arrow_upward:", t("Up"), place == 0, _moved(parts, place, -1)),
        ("down", ":material/arrow_downward:", t("Down"), place == len(parts) - 1, _moved(parts, place, 1)),
        ("remove", ":material/delete:", t("Remove"), False, parts[:place] + parts[place + 1 :]),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        st.toggle(
            t("Use"), key=f"{key}_on", on_change=attempt,
            args=(_replace, project_id, parts, place, {"enabled": not parts[place].enabled}),
        )  # fmt: skip
        for name, icon, label, off, new in moves:
            st.button(
                label, key=f"{key}_{name}", icon=icon, disabled=off, type="tertiary",
                on_click=attempt, args=(_change, project_id, parts, new),
            )  # fmt: skip


def _effect(part: Step, changed: int | None) -> None:
    if not part.enabled:
        st.badge(t("Off"), icon=":material/toggle_off:", color="gray")
    elif changed is None:
        st.badge(t("Counting"), icon=":material/pending:", color="gray")
    elif changed:
        st.badge(n("changes {n} row", "changes {n} rows", changed), icon=":material/edit:", color="blue")
    else:
        st.badge(t("changes nothing"), icon=":material/check:", color="gray")


def samples_table(samples: tuple[CleaningSample, ...]) -> None:
    """Rows before and after, differences on coloured ground."""
    pairs = [marked(s.before, s.after) for s in samples]
    st.table(
        pd.DataFrame(
            {t("Row"): [f"{s.row_id + 1:,}" for s in samples], t("Before"): [b for b, _ in pairs], t("After"): [a for _, a in pairs]}
        ),
        hide_index=True, border="horizontal", alt=t("Some changed rows before and after the step."),
    )  # fmt: skip


def _together(preview: CleaningPreview) -> None:
    st.markdown(
        t(
            "Together the steps change **{changed}** of {rows} {rows:row|rows}.",
            changed=f"{preview.changed:,}", rows=f"{preview.rows:,}",
        )
    )  # fmt: skip
    if preview.emptied:
        st.warning(
            n(
                "{n} text becomes empty. A model can say nothing about it.",
                "{n} texts become empty. A model can say nothing about them.",
                preview.emptied,
            ),
            icon=":material/warning:",
        )  # fmt: skip


def _compute(version: DatasetVersion, parts: Steps) -> None:
    """Follow the preview of exactly these steps; a preview of former ones is given up."""
    ws = workspace()
    division = ws.splits.current(version.id)
    purpose = f"cleaning_{version.id}_{division.id if division else 'undivided'}"
    asked = [s.model_dump(mode="json") for s in parts]
    job_id = followed(purpose)
    job = ws.jobs.get(job_id) if job_id else None
    if job is None or job.spec.get("steps") != asked:
        if job is not None and job.active:
            ws.jobs.cancel(job.id)
        job = ws.datasets.start_cleaning_preview(version.id, parts)
        follow(purpose, job.id)
    watch(job.id, t("Counting what the steps change"))
    if not ws.jobs.get(job.id).active:
        st.button(
            t("Count again"), key="clean_again", icon=":material/refresh:", on_click=unfollow, args=(purpose,)
        )


def _moved(parts: Steps, place: int, by: int) -> Steps:
    order = list(parts)
    if 0 <= place + by < len(order):
        order[place], order[place + by] = order[place + by], order[place]
    return tuple(order)


def _replace(project_id: str, parts: Steps, place: int, values: Mapping[str, Any]) -> None:
    changed = Step.model_validate({**parts[place].model_dump(), **values})
    _change(project_id, parts, (*parts[:place], changed, *parts[place + 1 :]))


def _set_params(
    project_id: str, parts: Steps, place: int, step: CleaningStep, params: Mapping[str, Any]
) -> None:
    _replace(project_id, parts, place, {"params": read_params(step.Params, params, step.name).model_dump()})


def _change(project_id: str, former: Steps, steps: Steps) -> None:
    """Save another list in the draft at once, and remember the former one."""
    workspace().recipes.update(project_id, clean=steps)
    history = st.session_state.setdefault(CLEAN_UNDO, {}).setdefault(project_id, [])
    history.append(former)
    del history[:-UNDO_DEPTH]


def _undo(project_id: str) -> None:
    history = st.session_state.get(CLEAN_UNDO, {}).get(project_id)
    if history:
        workspace().recipes.update(project_id, clean=history.pop())
