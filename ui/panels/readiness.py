"""What a start would cost and whether it can start: the card beside the form."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from engine.data.findings import handle
from engine.errors import N_
from engine.recipe import Recipe
from engine.workspace import DatasetVersion, SplitView, TooLarge, Workspace
from ui.errors import attempt
from ui.format import duration, significant, size
from ui.navigation import goto
from ui.state import workspace
from ui.text import n, safe_text, say, t


@dataclass(frozen=True)
class Obstacle:
    """Why training cannot start, in the reader's language, and the page that mends it."""

    reason: str
    page: str
    label: str


def obstacle(ws: Workspace, project_id: str, recipe: Recipe, version: DatasetVersion) -> Obstacle | None:
    """The first thing that stands in the way of a start, or None."""
    if version.schema.first("label") is None:
        return Obstacle(t("no column holds the label."), "data", N_("Go to data"))
    classes = len(version.schema.classes)
    if classes < 2:
        return Obstacle(
            n("the label column holds {n} class; a classifier needs two.", "the label column holds {n} classes; a classifier needs two.", classes),
            "data", N_("Go to data"),
        )  # fmt: skip
    blocking = next((f for f in version.findings if f.severity == "error"), None)
    if blocking is not None:
        return Obstacle(say(blocking.message, blocking.params), "data", N_("Go to data"))
    reason = ws.recipes.unsuitable(project_id, recipe)
    if reason is not None:
        return Obstacle(say(reason.message, reason.params), "model", N_("Choose another model above"))
    return None


@dataclass(frozen=True)
class Standing:
    """Whether a start makes sense: what stands in its way, and by how much the memory is too small for it."""

    blocked: Obstacle | None
    heavy: TooLarge | None

    @property
    def words(self) -> str:
        """The same for the line beside the start button, in the reader's language."""
        if self.blocked is not None:
            return t("not ready: {reason}", reason=self.blocked.reason)
        return t("ready") if self.heavy is None else t("needs more memory than there is")


def readiness(
    ws: Workspace, project_id: str, recipe: Recipe, version: DatasetVersion, split: SplitView | None, off: int
) -> Standing:
    """The side card; returns how a start stands.

    Args:
        recipe: the draft.
        version: its data.
        split: how they are divided, or None until the first run divides them.
        off: how many settings differ from the dial's.
    """
    blocked = obstacle(ws, project_id, recipe, version)
    heavy = None if blocked else ws.recipes.too_large(recipe)
    with st.container(border=True, key="readiness"):
        if blocked is not None:
            st.markdown(f":orange-badge[:material/block: **{t('Not ready')}**] {blocked.reason}")
            if blocked.page != "model" and st.button(
                t(blocked.label), key="readiness_fix", icon=":material/arrow_forward:"
            ):
                goto(blocked.page)
        elif heavy is not None:
            st.markdown(f":orange-badge[:material/warning: **{t('Too large for the memory')}**]")
            _too_large(ws, project_id, heavy)
        else:
            st.markdown(f":green-badge[:material/check_circle: **{t('Ready')}**]")
        if blocked is None:
            _costs(ws, project_id, recipe)
        st.markdown(
            f":material/table_view: {safe_text(version.label)} · "
            + n("{n} row", "{n} rows", version.rows)
            + f"  \n:material/call_split: {_split(recipe, split)}  \n"
            + _settings(off)
        )
        _warnings(version, recipe, split)
    return Standing(blocked, heavy)


def _costs(ws: Workspace, project_id: str, recipe: Recipe) -> None:
    cost = ws.recipes.estimate(project_id, recipe)
    lines = [
        (":material/timer:", t("**{time}** of training, estimated", time=duration(cost.seconds))),
        (":material/memory:", t("**{memory}** of memory, estimated", memory=size(cost.memory_bytes))),
        (":material/bolt:", t("**{energy} Wh** of energy, estimated ({method})", energy=significant(float(f"{cost.energy_wh:.2g}")), method=cost.energy_method)),
        (":material/numbers:", t("**{count}** numbers to learn", count=f"{cost.parameters:,}")),
    ]  # fmt: skip
    st.markdown(
        "  \n".join(f"{icon} {text}" for icon, text in lines),
        help=t("Rough, from rates measured on two cores. The energy is that of busy cores and of the memory held, without cooling and without graphics cards."),
    )  # fmt: skip


def _too_large(ws: Workspace, project_id: str, problem: TooLarge) -> None:
    """The memory is too small for the settings: said before the start, with batches that fit where those help."""
    st.caption(
        t("By the estimate it needs more than the {memory} of this machine, which would then end the training.", memory=size(problem.available))
    )  # fmt: skip
    smaller = problem.smaller
    if smaller is None:
        st.caption(t("Choose a smaller model, shorter texts or fewer features."))
        return
    st.button(
        t("Take batches of {size}", size=smaller["batch_size"]), key="readiness_batch", icon=":material/compress:",
        help=t("{n} of them are gathered for each update, so that it learns the same way.", n=smaller["accumulate"]),
        on_click=attempt, args=(ws.recipes.set_params, project_id, smaller),
    )  # fmt: skip


def _split(recipe: Recipe, split: SplitView | None) -> str:
    if split is not None and split.spec == recipe.split.whole:
        counts = split.counts
        return t(
            "{train} train, {validation} validation, {test} test",
            train=f"{counts.get('train', 0):,}", validation=f"{counts.get('validation', 0):,}", test=f"{counts.get('test', 0):,}",
        )  # fmt: skip
    if recipe.split.kind == "given":
        return t(
            "divided by the column “{column}” when the run starts", column=safe_text(recipe.split.column)
        )
    if recipe.split.kind == "slice":
        return t(
            "divided by the values of “{column}” when the run starts", column=safe_text(recipe.split.column)
        )
    return t(
        "divided {train} / {validation} / {test} % when the run starts",
        train=round(recipe.split.train * 100), validation=round(recipe.split.validation * 100), test=round(recipe.split.test * 100),
    )  # fmt: skip


def _settings(off: int) -> str:
    if not off:
        return f":material/tune: {t('all settings as the dial sets them')}"
    return ":material/edit: " + n(
        "{n} setting differs from the dial", "{n} settings differ from the dial", off
    )


def _warnings(version: DatasetVersion, recipe: Recipe, split: SplitView | None) -> None:
    ws = workspace()
    aside = ws.findings.aside(version.id)
    found = [
        f for f in ws.datasets.findings(version.id) if f.severity == "warning" and handle(f) not in aside
    ]
    found += [
        f
        for f in (split.findings if split and split.spec == recipe.split.whole else ())
        if f.severity != "info"
    ]
    idle = [f for f in found if f.code in ("unlabelled_rows", "split_unlabelled")]
    learnt_from = recipe.pseudo_labels.enabled or recipe.family.params.get("pretraining")
    for finding in idle if learnt_from else idle[1:]:  # what it says is not so then, or said already
        found.remove(finding)
    for finding in found[:4]:
        st.caption(f":orange[:material/warning:] {say(finding.message, finding.params)}")
    if len(found) > 4:
        st.caption(t("and {count} more on the data page", count=len(found) - 4))
    if split is not None and split.frozen:
        st.caption(
            ":material/lock_open: "
            + n(
                "The test part was opened {n} time, so its split is frozen.",
                "The test part was opened {n} times, so its split is frozen.",
                split.opened_in_lineage,
            )
        )
