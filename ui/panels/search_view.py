"""A search as it goes on and what came of it: candidates, the recommended one, and what one does with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import pandas as pd
import streamlit as st

from engine.errors import error_from_json
from engine.i18n import render_error
from engine.workspace import Candidate, Search, SearchHead
from ui.errors import attempt, show_error
from ui.format import duration, listed, moment, percent, significant, size
from ui.forms import shown_value
from ui.panels.metrics import metric_title
from ui.panels.run_table import family_title
from ui.panels.search_charts import candidate_name, search_charts
from ui.panels.search_more import search_more
from ui.state import SEARCH_SHOWN, show, workspace
from ui.text import N_, language, n, sentences, t

STATES = {
    "running": N_("● running"), "done": N_("✓ done"), "pruned": N_("✂ given up early"), "failed": N_("✕ failed"),
    "lost": N_("– lost, its process ended"), "skipped": N_("○ not tried"), "over": N_("▲ over your limit"),
}  # fmt: skip
REASONS = {
    "budget": N_("would take about {time}, longer than the minutes left"),
    "cut": N_("was cut short by the end of the search; its score is that of what it had learnt by then"),
    "hopeless": N_("two networks trained from scratch before it were certainly worse than the best"),
}

WIDTHS = {N_("Interval"): 95, N_("Training"): 90, N_("Size"): 85}
"""Pixels of the columns that are empty at first."""


def search_view(project_id: str, version_id: str, family: str) -> None:
    """The search that one chose; else of those about the chosen family one that goes on, or the latest; else any that goes on.

    Args:
        project_id: whose searches.
        version_id: the data that are open.
        family: of the draft.
    """
    ws = workspace()
    known = ws.searches.list(project_id)
    if not known:
        return
    going = {job.group_id for job in ws.jobs.active(project_id)}
    key = f"{SEARCH_SHOWN}_{family}"
    chosen = _chosen(known, st.session_state.get(key), family, going)
    if len(known) > 1 or chosen is None:
        show(key, chosen.id if chosen else None)
        titles = {s.id: f"{_title(s)} · {moment(s.created)}" for s in known}
        st.selectbox(
            t("Search"), list(titles), index=0 if chosen else None, format_func=titles.__getitem__, key=key, placeholder=t("Choose an earlier search"),
        )  # fmt: skip
    else:
        st.markdown(f"**{_title(chosen)}** · {moment(chosen.created)}")
    if chosen is None:
        return
    if not _about(chosen, family):
        st.caption(
            t("It goes through the settings of “{other}”; chosen above is “{family}”.", other=family_title(chosen.family), family=family_title(family))
        )  # fmt: skip
    shown = ws.searches.get(chosen.id)
    if shown.version_id != version_id:
        st.caption(t("It was made on another version of the data than the one that is open now."))
    if shown.active:
        _live(shown)
    else:
        _ended(shown)


def _chosen(
    known: Sequence[SearchHead], asked: str | None, family: str, going: Collection[str | None]
) -> SearchHead | None:
    asked_for = (s for s in known if s.id == asked)
    about = [s for s in known if _about(s, family)]
    active = (s for s in known if s.id in going)
    return next(chain(asked_for, (s for s in about if s.id in going), about, active), None)


def _about(search: SearchHead, family: str) -> bool:
    """Whether the search says something of the family: it went through its settings, or compared all."""
    return search.kind == "ladder" or search.family == family


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
            st.progress(_spent(now), text=t("Waits for the trainings before it."))
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
                    "{n} candidate so far · {used} of {budget} · {doing}",
                    "{n} candidates so far · {used} of {budget} · {doing}",
                    len(tried),
                    used=duration(60 * now.used),
                    budget=duration(60 * now.plan.minutes),
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
    return min(search.used / search.plan.minutes, 1.0)


def _ended(search: Search) -> None:
    if search.problem is not None:
        show_error(search.problem)
    done = search.done
    if not done:
        st.info(t("No candidate got to its end."), icon=":material/info:")
    else:
        _verdict(search, done)
        search_charts(search, done)
    _table(search)
    search_more(search)
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
    said = [
        n("Chosen on the validation rows out of {n} candidate: on the sealed test, expect a little less.", "Chosen on the validation rows out of {n} candidates: on the sealed test, expect a little less.", len(done))
    ]  # fmt: skip
    if rows:
        said.append(t("n = {rows}.", rows=f"{rows.counts.get('validation', 0):,}"))
    st.caption(sentences(said))
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
        "name": candidate_name(search, one), "size": size(one.size or 0), "time": significant(1000 * (one.latency or 0)),
        "score": f"{percent(one.score or 0)} ({100 * (one.low or 0):.1f}–{100 * (one.high or 0):.1f})",
    }  # fmt: skip


def _open(search: Search, number: int) -> None:
    recipe = workspace().searches.recipe_of(search.id, number)
    workspace().recipes.replace(search.project_id, recipe)


def _table(search: Search) -> None:
    """All candidates, the best score first once it has ended; beneath, why some have none."""
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
    columns = (
        t("Candidate"), score, t("State"), t("Interval"), t("Training"), t("Size"), t("ms a text"),
        *(t(field.title) for field in varied),
    )  # fmt: skip
    rows = [
        (
            candidate_name(search, c), None if c.score is None else 100 * c.score, t(STATES[c.state]),
            "" if c.low is None or c.high is None else f"{100 * c.low:.1f}–{100 * c.high:.1f}",
            duration(c.seconds) if c.seconds else "", size(c.size) if c.size else "", None if c.latency is None else 1000 * c.latency,
            *(shown_value(field, c.params.get(field.name, field.default)) for field in varied),
        )
        for c in ordered
    ]  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows, columns=columns), key=f"search_table_{'live' if search.active else 'ended'}", hide_index=True, width="stretch", placeholder="",
        column_config={
            score: st.column_config.NumberColumn(format="%.1f %%"), t("ms a text"): st.column_config.NumberColumn(format="%.2f"),
            # a column is as wide as what stands in it at first, and while it goes on that is nothing
            **{t(name): st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
        },
    )  # fmt: skip
    noted: dict[str, list[str]] = {}
    for one in search.candidates:
        for note in _notes(search, one):
            noted.setdefault(note, []).append(candidate_name(search, one))
    for note, names in noted.items():
        st.caption(t("{names}: {note}", names=listed(names), note=note))


def _notes(search: Search, one: Candidate) -> Iterator[str]:
    note = one.note or {}
    if reason := note.get("reason"):
        yield t(REASONS[reason], time=duration(float(note.get("seconds") or 0)))
    if error := note.get("error"):
        yield " ".join(render_error(error_from_json(error), language()))
    if (number := note.get("alike")) is not None:
        name = candidate_name(search, search.candidate(number))
        yield t("built like {name}; size and time a text were measured there only", name=name)
