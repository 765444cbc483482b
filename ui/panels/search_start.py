"""Let the machine search: what it compares or varies, how long, and the start."""

from __future__ import annotations

import secrets

import streamlit as st

from engine.recipe import Recipe
from engine.workspace import Plan
from ui.errors import attempt
from ui.panels.readiness import Obstacle
from ui.panels.run_table import family_title
from ui.state import SEARCH_CLICK, SEARCH_SHOWN, workspace
from ui.text import N_, n, t

KIND, MINUTES, FIELDS, MOST = "search_kind", "search_minutes", "search_fields", "search_most"
PRUNING, WORKERS, LARGEST, SLOWEST = "search_pruning", "search_workers", "search_largest", "search_slowest"
KINDS = {"ladder": N_("Compare families"), "settings": N_("Tune this family")}
PRUNINGS = {
    "median": N_("worse than half of the others"), "halving": N_("successive halving"), "none": N_("never"),
}  # fmt: skip
BUDGETS = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480)
FEW_ROWS = 300
"""Validation rows below which the best of many is mostly luck."""


def search_start(project_id: str, recipe: Recipe, blocked: Obstacle | None) -> None:
    """The form; the search that it starts is shown below it.

    Args:
        project_id: whose data it searches on.
        recipe: the draft: the data and what is tuned.
        blocked: what stands in the way of training the draft; families are compared whatever the draft's own lacks.
    """
    st.session_state.setdefault(KIND, "ladder")
    kind = st.segmented_control(
        t("What it does"), list(KINDS), format_func=lambda k: t(KINDS[k]), key=KIND, required=True, label_visibility="collapsed",
    )  # fmt: skip
    if kind == "ladder":
        st.caption(
            t("Trains one family after another with the values of the dial, from the majority class up to the largest that fits into the minutes, and recommends the smallest model that the best one is not certainly better than.")
        )  # fmt: skip
    else:
        st.caption(
            t("Tries settings of “{family}”, the present ones first, and learns from each what to try next. The division, the cleaning and the rows stay the same.", family=family_title(recipe.family.name))
        )  # fmt: skip
    st.session_state.setdefault(MINUTES, 10)
    st.select_slider(
        t("Minutes"), BUDGETS, key=MINUTES, help=t("Counted from the first candidate; one that still runs then is kept as far as it came."),
    )  # fmt: skip
    chosen: list[str] = []
    if kind == "settings":
        chosen = _settings(recipe)
    rows = workspace().splits.current(str(recipe.data))
    held = rows.counts.get("validation", 0) if rows else 0
    if rows and held < FEW_ROWS:
        st.caption(
            n("⚠ Only {n} validation row: the best of many candidates is then partly luck.", "⚠ Only {n} validation rows: the best of many candidates is then partly luck.", held)
        )  # fmt: skip
    empty = kind == "settings" and not chosen
    ready = blocked is None or (kind == "ladder" and blocked.page == "model")
    st.button(
        t("Start the search"), key="search_start", icon=":material/search:", disabled=not ready or empty,
        help=(t("Choose at least one setting.") if empty else None) if ready else t("First what stands under “not ready”."),
        on_click=attempt, args=(_start, project_id, recipe),
    )  # fmt: skip


def _settings(recipe: Recipe) -> list[str]:
    """Which settings are varied, and what else a search through them asks for; returns the chosen names."""
    ws = workspace()
    possible, usual = ws.searches.fields(recipe.family.name)
    if not possible:
        st.info(t("This family has nothing to adjust."))
        return []
    titles = {field.name: t(field.title) for field in ws.recipes.fields(recipe.family.name)}
    key = f"{FIELDS}_{recipe.family.name}"
    st.session_state.setdefault(key, usual)
    chosen = st.multiselect(t("Settings to vary"), possible, format_func=titles.__getitem__, key=key)
    box = st.expander(t("Advanced settings"), icon=":material/tune:", key="search_advanced")
    with box, st.grid(2, min_column_width=220):
        st.session_state.setdefault(MOST, 60)
        st.number_input(t("Candidates at most"), 1, 1000, step=10, key=MOST)
        st.session_state.setdefault(PRUNING, "median")
        st.selectbox(
            t("Give up candidates early"), list(PRUNINGS), format_func=lambda p: t(PRUNINGS[p]), key=PRUNING,
            help=t("Only families that learn in epochs can be given up before their end."),
        )  # fmt: skip
        st.session_state.setdefault(WORKERS, 1)
        st.number_input(
            t("Processes"), 1, 8, key=WORKERS, help=t("They share the processor cores; more than one pays on large machines, or for linear families."),
        )  # fmt: skip
        st.session_state.setdefault(LARGEST, None)
        st.number_input(
            t("Largest model (MB)"), 0.01, 10_000.0, value=None, key=LARGEST, placeholder=t("no limit")
        )
        st.session_state.setdefault(SLOWEST, None)
        st.number_input(
            t("Longest time a text (ms)"), 0.01, 10_000.0, value=None, key=SLOWEST, placeholder=t("no limit")
        )  # fmt: skip
    return list(chosen)


def _start(project_id: str, recipe: Recipe) -> None:
    asked = st.session_state
    click = asked.setdefault(SEARCH_CLICK, secrets.token_hex(8))
    kind = asked[KIND]
    plan = Plan(minutes=float(asked[MINUTES]))
    if kind == "settings":
        plan = Plan(
            minutes=float(asked[MINUTES]), fields=tuple(asked[f"{FIELDS}_{recipe.family.name}"]), most=int(asked[MOST]),
            pruning=asked[PRUNING], workers=int(asked[WORKERS]),
            largest=int(asked[LARGEST] * 1e6) if asked[LARGEST] else None,
            slowest=asked[SLOWEST] / 1000 if asked[SLOWEST] else None,
        )  # fmt: skip
    begun = workspace().searches.start(project_id, recipe, kind, plan, click)
    asked.pop(SEARCH_CLICK, None)
    asked[SEARCH_SHOWN] = begun.id
