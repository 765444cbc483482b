"""A search as it goes on and what came of it: candidates, the recommended one, charts, and what one does with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from engine.errors import error_from_json
from engine.i18n import render_error
from engine.workspace import Candidate, Search, SearchHead
from ui.charts.layout import draw
from ui.charts.search import importance_figure, ladder_figure, merits_figure, paths_figure, way_figure
from ui.errors import attempt, show_error
from ui.format import duration, moment, percent, significant, size
from ui.forms import shown_value
from ui.panels.metrics import metric_title
from ui.panels.run_table import family_title
from ui.state import SEARCH_SHOWN, workspace
from ui.text import N_, language, n, t

STATES = {
    "running": N_("● running"), "done": N_("✓ done"), "pruned": N_("✂ given up early"), "failed": N_("✕ failed"),
    "lost": N_("– lost, its process ended"), "skipped": N_("○ not tried"), "over": N_("▲ over your limit"),
}  # fmt: skip
REASONS = {
    "budget": N_("would take about {time}, longer than the minutes left"),
    "hopeless": N_("two networks trained from scratch before it were certainly worse than the best"),
}
SHOWN_FIELDS = 5
"""Settings in the chart of parallel lines; more cannot be told apart."""


def search_view(project_id: str, version_id: str) -> None:
    """The search that one chose, else the project's latest; nothing where there was none."""
    ws = workspace()
    known = ws.searches.list(project_id)
    if not known:
        return
    chosen = next((s for s in known if s.id == st.session_state.get(SEARCH_SHOWN)), known[0])
    if len(known) > 1:
        st.session_state[SEARCH_SHOWN] = chosen.id
        titles = {s.id: f"{_title(s)} · {moment(s.created)}" for s in known}
        st.selectbox(t("Search"), list(titles), format_func=titles.__getitem__, key=SEARCH_SHOWN)
    else:
        st.markdown(f"**{_title(chosen)}** · {moment(chosen.created)}")
    shown = ws.searches.get(chosen.id)
    if shown.version_id != version_id:
        st.caption(t("It was made on another version of the data than the one that is open now."))
    if shown.active:
        _live(shown)
    else:
        _ended(shown)


def _title(search: SearchHead) -> str:
    if search.kind == "ladder":
        return t("Families compared")
    return t("“{family}” tuned", family=family_title(search.family))


def _live(search: Search) -> None:
    """Progress and table, twice a second at most; when it ends the page runs once more."""

    @st.fragment(run_every=2.0, key=f"search_live_{search.id}")
    def live() -> None:
        now = workspace().searches.get(search.id)
        if not now.active:
            st.rerun()
        tried = [c for c in now.candidates if c.state != "skipped"]
        if now.state == "queued":
            st.progress(0.0, text=t("Waits for the trainings before it."))
        else:
            running = next((c for c in reversed(tried) if c.state == "running"), None)
            doing = (
                t("trying {family}", family=family_title(running.family))
                if running
                else t("preparing the data")
            )
            st.progress(
                _spent(now),
                text=n(
                    "{n} candidate so far · {doing}",
                    "{n} candidates so far · {doing}",
                    len(tried),
                    doing=doing,
                ),
            )
        _table(now)

    live()
    st.button(
        t("Stop and keep what there is"), key="search_stop", icon=":material/stop_circle:",
        on_click=attempt, args=(workspace().searches.stop, search.id),
    )  # fmt: skip


def _spent(search: Search) -> float:
    if search.deadline is None:
        return 0.0
    left = (search.deadline - datetime.now(UTC)).total_seconds() / (search.plan.minutes * 60)
    return min(max(1 - left, 0.0), 1.0)


def _ended(search: Search) -> None:
    problem = next((job.problem for job in search.jobs if job.problem), None)
    if problem is not None:
        show_error(problem)
    done = [c for c in search.candidates if c.state == "done"]
    if not done:
        st.info(t("No candidate got to its end."), icon=":material/info:")
    else:
        _verdict(search, done)
        _charts(search, done)
    _table(search)
    st.button(
        t("Delete this search"), key="search_delete", icon=":material/delete:",
        on_click=attempt, args=(workspace().searches.delete, search.id),
    )  # fmt: skip


def _verdict(search: Search, done: list[Candidate]) -> None:
    """The best, the recommended, how honest that is, and the ways on."""
    found = search.insight
    if found.best is None:
        return
    best = search.candidate(found.best)
    chosen = search.candidate(found.recommended if found.recommended is not None else found.best)
    metric = metric_title(search.metric)
    if chosen.number == best.number:
        st.markdown(
            t(
                "**{name}** is the best and the smallest as good: {metric} {score} on validation, {size}, {time} ms a text.",
                **_facts(search, chosen),
                metric=metric,
            )
        )
    else:
        st.markdown(
            t(
                "**{name}** is recommended: {metric} {score} on validation, {size}, {time} ms a text. The best one is not certainly better.",
                **_facts(search, chosen),
                metric=metric,
            )
        )
        st.markdown(
            t("**{name}** has the highest score: {score}, {size}, {time} ms a text.", **_facts(search, best))
        )
    rows = workspace().splits.current(search.version_id)
    st.caption(
        n("Chosen on the validation rows out of {n} candidate: on the sealed test, expect a little less.", "Chosen on the validation rows out of {n} candidates: on the sealed test, expect a little less.", len(done))
        + (" " + t("n = {rows}.", rows=f"{rows.counts.get('validation', 0):,}") if rows else "")
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            t("Open the recommended one in the form"), key="search_open", icon=":material/tune:",
            on_click=attempt, args=(_open, search, chosen.number),
        )  # fmt: skip
        if chosen.number != best.number:
            st.button(
                t("Open the best one"), key="search_open_best", icon=":material/tune:",
                on_click=attempt, args=(_open, search, best.number),
            )  # fmt: skip


def _facts(search: Search, one: Candidate) -> dict[str, str]:
    return {
        "name": _name(search, one), "size": size(one.size or 0), "time": significant(1000 * (one.latency or 0)),
        "score": f"{percent(one.score or 0)} ({100 * (one.low or 0):.1f}–{100 * (one.high or 0):.1f})",
    }  # fmt: skip


def _name(search: Search, one: Candidate) -> str:
    if search.kind == "ladder":
        return family_title(one.family)
    return t("Candidate {number}", number=one.number + 1)


def _open(search: Search, number: int) -> None:
    recipe = workspace().searches.recipe_of(search.id, number)
    workspace().recipes.replace(search.project_id, recipe)


def _charts(search: Search, done: list[Candidate]) -> None:
    metric = metric_title(search.metric)
    titles = [_name(search, c) for c in done]
    fields = {field.name: field for field in workspace().recipes.fields(done[0].family)}
    varied = [
        fields[name]
        for name in search.plan.fields
        if name in fields and len({str(c.params.get(name)) for c in done}) > 1
    ]
    shares = search.insight.importances or {}
    varied.sort(key=lambda field: -shares.get(field.name, 0.0))
    names = [
        t("Scores"),
        *([t("What mattered"), t("Ways to the score")] if search.kind == "settings" else []),
        t("Score, size and time"),
    ]
    tabs = dict(zip(names, st.tabs(names, key="search_tabs"), strict=True))
    with tabs[names[0]]:
        if search.kind == "ladder":
            alt = t("Scores of {count} families on validation with their intervals.", count=len(done))
            draw(
                ladder_figure(done, titles, metric, search.insight.recommended), key="search_ladder", alt=alt
            )
        else:
            best = max(c.score or 0 for c in done)
            alt = t(
                "Scores of {count} candidates in the order of trying; the best has {score}.",
                count=len(done),
                score=percent(best),
            )
            draw(way_figure(done, metric), key="search_way", alt=alt)
    if search.kind == "settings":
        with tabs[names[1]]:
            if shares:
                st.caption(
                    t(
                        "How differently the best quarter of the candidates chose each setting (PED-ANOVA); it says nothing of settings that were not varied."
                    )
                )
                top = max(shares, key=lambda name: shares[name])
                alt = t("{name} mattered most.", name=t(fields[top].title))
                draw(
                    importance_figure(shares, {name: t(field.title) for name, field in fields.items()}),
                    key="search_importance",
                    alt=alt,
                )
            else:
                st.caption(t("Shown from ten finished candidates on."))
        with tabs[names[2]]:
            if len(varied) > 1 and len(done) > 2:
                alt = t("Each line is a candidate: its settings from left to right, its score at the end.")
                draw(paths_figure(done, varied[:SHOWN_FIELDS], metric), key="search_paths", alt=alt)
            else:
                st.caption(t("Shown where several settings were varied."))
    with tabs[names[-1]]:
        alt = t(
            "{count} candidates are beaten by none in score, size and speed at once.",
            count=len(search.insight.front),
        )
        st.caption(
            t(
                "A larger dot takes longer for a text. Dots in colour are beaten by none in score, size and speed at once."
            )
        )
        draw(merits_figure(done, search.insight.front, titles, metric), key="search_merits", alt=alt)


def _table(search: Search) -> None:
    """All candidates; the best score first once it has ended."""
    ordered = (
        list(search.candidates)
        if search.active
        else sorted(search.candidates, key=lambda c: (c.score is None, -(c.score or 0)))
    )
    if not ordered:
        return
    score = t("{metric} (validation)", metric=metric_title(search.metric))
    fields = workspace().recipes.fields(search.recipe.family.name)
    varied = [field for field in fields if search.kind == "settings" and field.name in search.plan.fields]
    rows: list[Mapping[str, Any]] = [
        {
            t("Candidate"): _name(search, c), t("State"): t(STATES[c.state]),
            score: None if c.score is None else 100 * c.score,
            t("Interval"): "" if c.low is None or c.high is None else f"{100 * c.low:.1f}–{100 * c.high:.1f}",
            t("Training"): duration(c.seconds) if c.seconds else "", t("Size"): size(c.size) if c.size else "",
            t("ms a text"): None if c.latency is None else 1000 * c.latency, t("Note"): _note(c),
            **{t(field.title): shown_value(field, c.params.get(field.name, field.default)) for field in varied},
        }
        for c in ordered
    ]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), key=f"search_table_{'live' if search.active else 'ended'}", hide_index=True, width="stretch", placeholder="",
        column_config={
            score: st.column_config.NumberColumn(format="%.1f %%"), t("ms a text"): st.column_config.NumberColumn(format="%.2f"),
        },
    )  # fmt: skip


def _note(one: Candidate) -> str:
    note = one.note or {}
    if reason := note.get("reason"):
        return t(REASONS[reason], time=duration(float(note.get("seconds") or 0)))
    if error := note.get("error"):
        return " ".join(render_error(error_from_json(error), language()))
    return ""
