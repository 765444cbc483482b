"""The charts of a search that has ended, one tab each: scores, what mattered, ways to the score, and score against size."""

from __future__ import annotations

import streamlit as st

from engine.params import FieldSpec
from engine.workspace import Candidate, Search
from ui.charts.layout import draw
from ui.charts.search import importance_figure, ladder_figure, merits_figure, paths_figure, way_figure
from ui.format import percent
from ui.panels.metrics import metric_title
from ui.panels.run_table import family_title
from ui.state import workspace
from ui.text import t

SHOWN_FIELDS = 5
"""Settings in the chart of parallel lines; more cannot be told apart on a phone."""


def search_charts(search: Search, done: list[Candidate]) -> None:
    """Tabs with the charts; only the open one is drawn."""
    tuned = search.kind == "settings"
    shown = {t("Scores"): _scores}
    if tuned:
        shown |= {t("What mattered"): _importances, t("Ways to the score"): _ways}
    shown |= {t("Score, size and time"): _merits}
    for tab, panel in zip(
        st.tabs(list(shown), key="search_tabs", on_change="rerun"), shown.values(), strict=True
    ):
        if tab.open:
            with tab:
                panel(search, done)


def candidate_name(search: Search, one: Candidate) -> str:
    """By its family among families, by its number among the settings of one."""
    if search.kind == "ladder":
        return family_title(one.family)
    return t("Candidate {number}", number=one.number + 1)


def _scores(search: Search, done: list[Candidate]) -> None:
    metric = metric_title(search.metric)
    if search.kind == "ladder":
        alt = t("Scores of {count} families on validation with their intervals.", count=len(done))
        titles = [candidate_name(search, c) for c in done]
        draw(ladder_figure(done, titles, metric, search.insight.recommended), key="search_ladder", alt=alt)
        return
    best = max(c.score or 0 for c in done)
    alt = t("Scores of {count} candidates in the order of trying; the best has {score}.", count=len(done), score=percent(best))  # fmt: skip
    draw(way_figure(done, metric), key="search_way", alt=alt)


def _importances(search: Search, done: list[Candidate]) -> None:
    shares = search.insight.importances or {}
    if not shares:
        st.caption(t("Shown from ten finished candidates on."))
        return
    st.caption(
        t("How differently the best quarter of the candidates chose each setting (PED-ANOVA); it says nothing of settings that were not varied.")
    )  # fmt: skip
    titles = {field.name: t(field.title) for field in _fields(done)}
    top = max(shares, key=lambda name: shares[name])
    draw(
        importance_figure(shares, titles),
        key="search_importance",
        alt=t("{name} mattered most.", name=titles[top]),
    )


def _ways(search: Search, done: list[Candidate]) -> None:
    shares = search.insight.importances or {}
    varied = [
        field
        for field in _fields(done)
        if field.name in search.plan.fields and len({str(c.params.get(field.name)) for c in done}) > 1
    ]
    if len(varied) < 2 or len(done) < 3:
        st.caption(t("Shown where several settings were varied."))
        return
    varied.sort(key=lambda field: -shares.get(field.name, 0.0))
    said = t(
        "Each line is a candidate: its settings from left to right, its score at the end. The better half is in colour."
    )
    st.caption(said)
    draw(paths_figure(done, varied[:SHOWN_FIELDS], metric_title(search.metric)), key="search_paths", alt=said)


def _merits(search: Search, done: list[Candidate]) -> None:
    alt = t(
        "{count} candidates are beaten by none in score, size and speed at once.",
        count=len(search.insight.front),
    )
    st.caption(
        t("A larger dot takes longer for a text. Dots in colour are beaten by none in score, size and speed at once.")
    )  # fmt: skip
    titles = [candidate_name(search, c) for c in done]
    draw(
        merits_figure(done, search.insight.front, titles, metric_title(search.metric)),
        key="search_merits",
        alt=alt,
    )


def _fields(done: list[Candidate]) -> tuple[FieldSpec, ...]:
    return workspace().recipes.fields(done[0].family)
