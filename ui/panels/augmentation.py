"""The augmentations of the draft recipe as an ordered list, what copies look like, how many there are, and whether they help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from engine.models.family import Unsuitable
from engine.params import fields_of, read_params
from engine.prepare.augment_preview import AugmentationEffect, AugmentationPreview, AugmentedSample
from engine.prepare.augmentations import AugmentationStep, lacking, unavailable
from engine.recipe import Augmentation, Recipe, Step
from engine.workspace import DatasetVersion
from ui.difference import marked
from ui.errors import attempt
from ui.forms import form
from ui.panels.augmentation_amount import amount
from ui.panels.augmentation_lexicon import lexicon_choice
from ui.panels.augmentation_trial import trial
from ui.panels.job import watch
from ui.state import AUGMENT_UNDO, follow, followed, workspace
from ui.text import labelled, n, safe_text, say, t

UNDO_DEPTH = 20


def augmentation(project_id: str, version: DatasetVersion, recipe: Recipe) -> None:
    """The list and the way to add to it; with a step in it, samples, the amount and the trial."""
    ws, spec = workspace(), recipe.augment
    known = {s.name: s for s in ws.augmentations.steps(version.schema.task)}
    if not known:
        st.caption(t("There is no augmentation for this kind of data yet."))
        return
    divided = ws.splits.current(version.id) is not None
    preview = ws.augmentations.preview(recipe) if spec.steps and divided else None
    for place, part in enumerate(spec.steps):
        _step(project_id, spec, place, known[part.name], preview)
    with st.container(horizontal=True, vertical_alignment="center"):
        possible = {name: s.title for name, s in known.items() if lacking(s) is None}
        added = st.menu_button(
            t("Add an augmentation"), list(possible), key="augment_add", icon=":material/add:", format_func=labelled(possible),
        )  # fmt: skip
        if st.session_state.get(AUGMENT_UNDO, {}).get(project_id):
            st.button(
                t("Undo"), key="augment_back", icon=":material/undo:", type="tertiary", on_click=attempt, args=(_undo, project_id),
            )  # fmt: skip
    if added:
        only = {
            f.name: next(iter(f.offers))
            for f in fields_of(known[added].Params)
            if f.offers and len(f.offers) == 1
        }
        steps = (*spec.steps, Step(name=added, version=known[added].version, params=only))
        attempt(_change, project_id, spec, {"steps": steps})
        st.rerun()
    _impossible({s: reason for s in known.values() if (reason := lacking(s))})
    if not spec.steps:
        st.caption(
            t(
                "None yet. Varied copies can help where there are few rows; whether they do here, a trial on validation shows."
            )
        )
        return
    if not divided:
        st.info(t("Divide the data first: only train rows get copies."), icon=":material/call_split:")
    elif preview is None:
        _compute(version, recipe)
    else:
        _together(preview)
    amount(version, spec, lambda values: _change(project_id, spec, values))
    trial(project_id, recipe)


def _impossible(reasons: Mapping[AugmentationStep, Unsuitable]) -> None:
    """What could be added if something more were on this machine, greyed, with what to do for it."""
    if not reasons:
        return
    label = n(
        "{n} augmentation needs something that is not on this machine",
        "{n} augmentations need something that is not on this machine",
        len(reasons),
    )
    with st.expander(label, icon=":material/block:", key="augment_impossible"):
        for step, reason in reasons.items():
            with st.container(border=True, gap="xsmall", key=f"augment_impossible_{step.name}"):
                with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                    st.markdown(f":gray[**{t(step.title)}**]", width="content")
                    st.badge(t("not on this machine"), icon=":material/block:", color="gray")
                st.caption(safe_text(t(step.help)))
                st.markdown(f":small[{say(reason.message, reason.params)}]")


def _step(
    project_id: str, spec: Augmentation, place: int, step: AugmentationStep, preview: AugmentationPreview | None
) -> None:  # fmt: skip
    part, key = spec.steps[place], f"augment_{place}_{step.name}"
    effect = preview.steps[place] if preview else None
    fields = fields_of(step.Params)
    defaults = {f.name: f.default for f in fields}
    values = {**defaults, **part.params}

    def put(params: Mapping[str, Any]) -> None:
        checked = read_params(step.Params, params, step.name).model_dump(mode="json")
        _replace(project_id, spec, place, {"params": checked})

    with st.container(border=True, gap="xsmall", key=key):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{place + 1} · {t(step.title)}**", width="content")
            reason = unavailable(step, read_params(step.Params, part.params, step.name))
            _badge(part, reason, "lexicon" in defaults, effect, preview.rows if preview else 0)
            st.space("stretch")
            _controls(project_id, spec, place, key)
        st.caption(safe_text(t(step.help)))
        if part.enabled:
            if reason and "lexicon" not in defaults:
                why = say(reason.message, reason.params)
                st.markdown(f":small[:orange[:material/block: {t('Not usable here: {reason}', reason=why)}]]")
            if "lexicon" in defaults:
                lexicon_choice(
                    project_id, str(values["lexicon"]), key, lambda digest: put({**values, "lexicon": digest})
                )
            form(
                [f for f in fields if f.name != "lexicon"], values, defaults, prefix=key,
                on_set=lambda name, value: put({**values, name: value}),
                on_reset=lambda name: put({**values, name: defaults[name]}),
            )  # fmt: skip
        if effect and effect.samples:
            shown = st.expander(
                t("Row and copy"), icon=":material/compare_arrows:", key=f"{key}_samples", on_change="rerun"
            )
            if shown.open:
                with shown:
                    samples_table(effect.samples)


def _controls(project_id: str, spec: Augmentation, place: int, key: str) -> None:
    steps = spec.steps
    st.session_state[f"{key}_on"] = steps[place].enabled
    moves = (
        ("up", ":material/arrow_upward:", t("Up"), place == 0, _moved(steps, place, -1)),
        ("down", ":material/arrow_downward:", t("Down"), place == len(steps) - 1, _moved(steps, place, 1)),
        ("remove", ":material/delete:", t("Remove"), False, steps[:place] + steps[place + 1 :]),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content"):
        st.toggle(
            t("Use"), key=f"{key}_on", on_change=attempt,
            args=(_replace, project_id, spec, place, {"enabled": not steps[place].enabled}),
        )  # fmt: skip
        for name, icon, label, off, new in moves:
            st.button(
                label, key=f"{key}_{name}", icon=icon, disabled=off, type="tertiary",
                on_click=attempt, args=(_change, project_id, spec, {"steps": new}),
            )  # fmt: skip


def _badge(
    part: Step, reason: Unsuitable | None, of_lexicon: bool, effect: AugmentationEffect | None, rows: int
) -> None:  # fmt: skip
    if not part.enabled:
        st.badge(t("Off"), icon=":material/toggle_off:", color="gray")
    elif reason and of_lexicon:
        st.badge(t("needs a lexicon"), icon=":material/menu_book:", color="orange")
    elif reason:
        st.badge(t("needs a model"), icon=":material/block:", color="orange")
    elif effect is None:
        st.badge(t("Counting"), icon=":material/pending:", color="gray")
    elif effect.varied:
        st.badge(
            t("varies {varied} of {rows} rows", varied=f"{effect.varied:,}", rows=f"{rows:,}"),
            icon=":material/edit:",
            color="blue",
        )
    else:
        st.badge(t("varies nothing"), icon=":material/check:", color="gray")


def samples_table(samples: tuple[AugmentedSample, ...]) -> None:
    """Train rows and their copies: what is gone struck out, what is new in bold, both on coloured ground."""
    pairs = [marked(s.before, s.after, signs=True) for s in samples]
    st.table(
        pd.DataFrame(
            {
                t("Row"): [f"{s.row_id + 1:,}" for s in samples], t("Class"): [safe_text(s.label, 60) for s in samples],
                t("Train row"): [before for before, _ in pairs], t("Copy"): [after for _, after in pairs],
            }
        ),
        hide_index=True, border="horizontal", alt=t("Some train rows and copies of them."),
    )  # fmt: skip


def _together(preview: AugmentationPreview) -> None:
    """Copies as training makes them."""
    with st.container(border=True, gap="xsmall", key="augment_together"):
        st.markdown(
            n(
                "Copies of {n} train row that was looked at",
                "Copies of {n} train rows that were looked at",
                preview.rows,
            )
        )
        st.caption(
            t(
                "As in training: each step is used by its chance, from top to bottom. What is gone is struck out, what is new is bold."
            )
        )
        if preview.together.samples:
            samples_table(preview.together.samples)
        else:
            st.warning(t("None of these steps can vary any of these rows."), icon=":material/warning:")


def _compute(version: DatasetVersion, recipe: Recipe) -> None:
    """Follow the preview of exactly these steps; a preview of former ones is given up."""
    ws, purpose = workspace(), f"augmentation_{version.id}"
    job_id = followed(purpose)
    job = ws.jobs.get(job_id) if job_id else None
    asked = recipe.model_dump(mode="json")
    if job is None or any(job.spec["recipe"][name] != asked[name] for name in ("augment", "clean", "seed")):
        if job is not None and job.active:
            ws.jobs.cancel(job.id)
        job = ws.augmentations.start_preview(recipe)
        follow(purpose, job.id)
    watch(job.id, t("Varying some train rows"))


def _moved(steps: tuple[Step, ...], place: int, by: int) -> tuple[Step, ...]:
    order = list(steps)
    if 0 <= place + by < len(order):
        order[place], order[place + by] = order[place + by], order[place]
    return tuple(order)


def _replace(project_id: str, spec: Augmentation, place: int, values: Mapping[str, Any]) -> None:
    changed = Step.model_validate({**spec.steps[place].model_dump(), **values})
    _change(project_id, spec, {"steps": (*spec.steps[:place], changed, *spec.steps[place + 1 :])})


def _change(project_id: str, former: Augmentation, values: Mapping[str, Any]) -> None:
    """Save another augmentation in the draft at once, and remember the former one."""
    workspace().recipes.update(project_id, augment=former.model_copy(update=dict(values)))
    history = st.session_state.setdefault(AUGMENT_UNDO, {}).setdefault(project_id, [])
    history.append(former)
    del history[:-UNDO_DEPTH]


def _undo(project_id: str) -> None:
    history = st.session_state.get(AUGMENT_UNDO, {}).get(project_id)
    if history:
        workspace().recipes.update(project_id, augment=history.pop())
