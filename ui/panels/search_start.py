"""Let the machine search: what it compares or varies, how long, and the start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import streamlit as st

from engine.recipe import Recipe
from engine.workspace import Plan, SearchDraft, SearchHead, Workspace
from ui.errors import attempt
from ui.format import size
from ui.panels.readiness import Obstacle
from ui.panels.run_table import family_title
from ui.state import SEARCH_SHOWN, show, workspace
from ui.text import N_, n, t

KIND, MINUTES, FIELDS, MOST = "search_kind", "search_minutes", "search_fields", "search_most"
PRUNING, WORKERS, LARGEST, SLOWEST = "search_pruning", "search_workers", "search_largest", "search_slowest"
KINDS = {"ladder": N_("Compare families"), "settings": N_("Tune this family")}
PRUNINGS = {
    "median": N_("worse than half of the others"), "halving": N_("successive halving"), "hyperband": "Hyperband",
    "none": N_("never"),
}  # fmt: skip
BUDGETS = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480)
OF_PLAN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    MINUTES: ("minutes", float), MOST: ("most", int), PRUNING: ("pruning", str), WORKERS: ("workers", int),
    LARGEST: ("largest", lambda megabytes: round(megabytes * 1e6) if megabytes else None),
    SLOWEST: ("slowest", lambda milliseconds: milliseconds / 1000 if milliseconds else None),
}  # fmt: skip
"""By the key of a field: its name in the plan, and how what it shows is said there."""
FEW_ROWS = 300
"""Validation rows below which the best of many is mostly luck."""


def search_start(project_id: str, recipe: Recipe, blocked: Obstacle | None) -> None:
    """The form, as it was left in whichever tab; the search that it starts is shown below it.

    Args:
        project_id: whose data it searches on.
        recipe: the draft: the data and what is tuned.
        blocked: what stands in the way of training the draft; families are compared whatever the draft's own lacks.
    """
    ws = workspace()
    left = ws.searches.draft(project_id)
    kept: dict[str, Any] = {"on_change": attempt, "args": (_keep, project_id, recipe.family.name)}
    show(KIND, left.kind)
    kind = st.segmented_control(
        t("What it does"), list(KINDS), format_func=lambda k: t(KINDS[k]), key=KIND, required=True, label_visibility="collapsed",
        **kept,
    )  # fmt: skip
    if kind == "ladder":
        st.caption(
            t("Trains one family after another with the values of the dial, from the majority class up to the largest that fits into the minutes, and recommends the smallest model that the best one is not certainly better than.")
        )  # fmt: skip
    else:
        st.caption(
            t("Tries settings of “{family}”, the present ones first, and learns from each what to try next. The division, the cleaning and the rows stay the same.", family=family_title(recipe.family.name))
        )  # fmt: skip
    _budget(left, kept)
    chosen: list[str] | None = None
    if kind == "settings":
        chosen = _settings(project_id, recipe, left, kept)
    rows = ws.splits.current(str(recipe.data))
    held = rows.counts.get("validation", 0) if rows else 0
    if rows and held < FEW_ROWS:
        st.caption(
            n("⚠ Only {n} validation row: the best of many candidates is then partly luck.", "⚠ Only {n} validation rows: the best of many candidates is then partly luck.", held)
        )  # fmt: skip
    empty = kind == "settings" and not chosen
    ready = blocked is None or (kind == "ladder" and blocked.page == "model")
    latest = next((one.id for one in ws.searches.list(project_id, limit=1)), "")
    rival = ws.searches.rival(project_id, recipe, kind)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Start the search"), key="search_start", icon=":material/search:", disabled=not ready or empty or rival is not None,
            on_click=attempt, args=(_start, project_id, recipe, latest),
        )  # fmt: skip
        if rival is not None:
            _instead(rival, recipe.family.name)
        elif not ready:
            st.caption(t("First what stands under “not ready”."))
        elif chosen == []:
            st.caption(t("Choose at least one setting."))


def _instead(rival: SearchHead, family: str) -> None:
    """What one does while a search of the same goes on: it is shown below, unless one chose another there."""
    if st.session_state.get(f"{SEARCH_SHOWN}_{family}", rival.id) != rival.id:
        st.button(
            t("Show it"), key="search_watch", icon=":material/visibility:", on_click=_show, args=(family, rival.id),
        )  # fmt: skip
    st.caption(
        t("Such a search goes on already on these data: stop it below, or let it go on for more minutes when it has ended. Another family, or another version, would wait in line.")
    )  # fmt: skip


def _show(family: str, search_id: str) -> None:
    st.session_state[f"{SEARCH_SHOWN}_{family}"] = search_id


def _budget(left: SearchDraft, kept: dict[str, Any]) -> None:
    """What the search may spend, and how large and slow the model may be in the end."""
    over = t("What is above it is tried and shown, but never recommended.")
    with st.grid(3, min_column_width=180):
        show(MINUTES, min(BUDGETS, key=lambda minutes: abs(minutes - left.plan.minutes)))
        st.select_slider(
            t("Minutes"), BUDGETS, key=MINUTES, help=t("Counted from the first candidate; one that still runs then is kept as far as it came."),
            **kept,
        )  # fmt: skip
        show(LARGEST, left.plan.largest / 1e6 if left.plan.largest else None)
        st.number_input(
            t("Largest model (MB)"), 0.01, 10_000.0, value=None, key=LARGEST, placeholder=t("no limit"), help=over, **kept,
        )  # fmt: skip
        show(SLOWEST, round(left.plan.slowest * 1000, 6) if left.plan.slowest else None)
        st.number_input(
            t("Longest time a text (ms)"), 0.01, 10_000.0, value=None, key=SLOWEST, placeholder=t("no limit"), help=over, **kept,
        )  # fmt: skip


def _settings(project_id: str, recipe: Recipe, left: SearchDraft, kept: dict[str, Any]) -> list[str] | None:
    """Which settings are varied, and what else a search through them asks for; returns the chosen names, None where there are none to choose."""
    ws = workspace()
    possible, usual = ws.searches.fields(recipe.family.name)
    if not possible:
        st.info(t("This family has nothing to adjust."))
        return None
    titles = {field.name: t(field.title) for field in ws.recipes.fields(recipe.family.name)}
    key = _fields_key(recipe.family.name)
    show(key, [name for name in left.varied.get(recipe.family.name, usual) if name in possible])
    chosen = st.multiselect(
        t("Settings to vary"), possible, format_func=titles.__getitem__, key=key, wrap=True, select_all=False,
        placeholder=t("Choose settings"), **kept,
    )  # fmt: skip
    box = st.expander(t("Advanced settings"), icon=":material/tune:", key="search_advanced")
    with box, st.grid(2, min_column_width=220):
        show(MOST, left.plan.most)
        st.number_input(t("Candidates at most"), 1, 1000, step=10, key=MOST, **kept)
        show(PRUNING, left.plan.pruning)
        st.selectbox(
            t("Give up candidates early"), list(PRUNINGS), format_func=lambda p: t(PRUNINGS[p]), key=PRUNING,
            help=t("Only families that learn in epochs can be given up before their end. Successive halving lets the best third go on after epoch 1, 3, 9 and so on; Hyperband looks at some candidates later, for those that start slowly."),
            **kept,
        )  # fmt: skip
        show(WORKERS, left.plan.workers)
        st.number_input(
            t("Processes"), 1, 8, key=WORKERS, help=t("They share the processor cores; more than one pays on large machines, or for linear families."),
            **kept,
        )  # fmt: skip
    _together(ws, project_id, recipe, left.plan.workers)
    return list(chosen)


def _together(ws: Workspace, project_id: str, recipe: Recipe, workers: int) -> None:
    """Say so where as many processes as are asked for need more memory at the same time than there is."""
    problem = ws.recipes.too_large(recipe, workers) if workers > 1 else None
    if problem is not None:
        needed = workers * ws.recipes.estimate(project_id, recipe).memory_bytes
        st.caption(
            ":orange[:material/warning:] "
            + t("{n} processes at once take about {needed} of memory; this machine has {memory}. Take fewer, or one of them will be ended by it.", n=workers, needed=size(needed), memory=size(workers * problem.available))
        )  # fmt: skip


def _fields_key(family: str) -> str:
    return f"{FIELDS}_{family}"


def _keep(project_id: str, family: str) -> SearchDraft:
    """Keep what the form shows now; what it does not show stays as it was."""
    asked, ws = st.session_state, workspace()
    left = ws.searches.draft(project_id)
    shown = {name: read(asked[key]) for key, (name, read) in OF_PLAN.items() if key in asked}
    varied = dict(left.varied)
    if (key := _fields_key(family)) in asked:
        varied[family] = tuple(asked[key])
    now = SearchDraft(kind=asked[KIND], plan=Plan(**{**left.plan.model_dump(), **shown}), varied=varied)
    if now != left:
        ws.searches.keep_draft(project_id, now)
    return now


def _start(project_id: str, recipe: Recipe, latest: str) -> None:
    """Start what the form shows. Two tabs or a double click start one search; after its end, the next click another."""
    now = _keep(project_id, recipe.family.name)
    plan = now.plan.model_copy(update={"fields": now.varied.get(recipe.family.name, ())})
    if now.kind == "ladder":
        plan = Plan(minutes=plan.minutes, largest=plan.largest, slowest=plan.slowest)
    said = f"{project_id} {latest} {now.kind} {plan.model_dump_json()} {recipe.model_dump_json()}"
    click = hashlib.sha256(said.encode()).hexdigest()
    _show(recipe.family.name, workspace().searches.start(project_id, recipe, now.kind, plan, click).id)
