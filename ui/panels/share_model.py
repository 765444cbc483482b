"""The model behind a demo: which version answers, the way back, and another run beside it, judged on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.errors import BentuError
from engine.evaluation.result import Difference
from engine.workspace import Demo, GateView, ModelVersion, Run
from ui.errors import attempt, error_text, show_error
from ui.format import moment, points
from ui.panels.comparison import SIGNS, VERDICTS
from ui.panels.job import watch
from ui.panels.metrics import METRICS, metric_head, metric_title, part_title, score_of
from ui.panels.run_record import parity_line
from ui.panels.share_publish import reason_field
from ui.panels.share_terms import TITLE_OF_KIND
from ui.state import follow, followed, unfollow, workspace
from ui.text import safe_text, t, told_apart


def model_section(demo: Demo, runs: Sequence[Run], preset: str | None) -> None:
    """What answers now, and the two ways to change it: back, or another run, at first the one with the id `preset`."""
    assert demo.current is not None
    st.write(_answers(demo.current, demo))
    if demo.former is not None and demo.state != "revoked":
        st.button(
            t("Back to version {number}", number=demo.former.number), key=f"back_{demo.id}", icon=":material/undo:",
            help=t("At once for every visitor, and also when the present model is damaged."),
            on_click=attempt, args=(workspace().demos.back, demo.id, demo.serial),
        )  # fmt: skip
    if demo.state != "revoked":
        _candidates(demo, runs, preset)
    history(demo)


def _answers(model: ModelVersion, demo: Demo) -> str:
    named = {"number": model.number, "run": safe_text(model.run_name, 80)}
    if demo.state == "revoked":
        return t("Until the demo was revoked, visitors were answered by **version {number}**, the run “{run}”.", **named)  # fmt: skip
    if demo.expired:
        return t("The demo has ended. Visitors would be answered by **version {number}**, the run “{run}”.", **named)  # fmt: skip
    if demo.state == "off":
        return t("The demo is paused. Visitors would be answered by **version {number}**, the run “{run}”.", **named)  # fmt: skip
    return t("Visitors are answered by **version {number}**, the run “{run}”. Every answer names its version.", **named)  # fmt: skip


def _candidates(demo: Demo, runs: Sequence[Run], preset: str | None) -> None:
    assert demo.current is not None
    others = {r.id: r for r in runs if r.id != demo.current.run_id}
    st.markdown(f"**{t('Another run in its place')}**")
    if not others:
        st.caption(
            t("There is no other finished run yet. Train one, then compare it with the demo's model here.")
        )
        return
    key = f"candidate_{demo.id}"
    if st.session_state.get(key) not in others:
        st.session_state[key] = preset if preset in others else next(iter(others))
    names = told_apart({i: f"{r.name} · {r.version_label}" for i, r in others.items()})
    st.selectbox(t("Run to compare"), list(others), format_func=names, key=key)
    run = others[st.session_state[key]]
    try:
        view = workspace().demos.gate(demo.id, run.id)
        if view.difference is None:
            part = view.part
            _compute(demo, view)
            view = workspace().demos.gate(demo.id, run.id)
            if view.difference is None and view.part != part:
                _compute(demo, view)
    except BentuError as error:
        show_error(error)
        _promote_button(demo, run, reason=t("Only runs that were tried on the same rows can take its place."))
        return
    _side_by_side(view)
    if view.difference is not None:
        st.markdown(verdict(view.difference, view))
    low = not (run.parity or {}).get("ok", False)
    override = ""
    if low:
        parity_line(run)
        override = reason_field(f"promote_reason_{demo.id}_{run.id}")
    blocked = None
    if view.difference is None:
        blocked = t("The two must be compared first.")
    elif view.too_few:
        blocked = t(
            "Only {rows} rows can be compared since the data were edited, so it cannot take the place: at least {least} are needed. Open the test part for both runs if they share it, or train on a version with fewer edits.",
            rows=f"{view.difference.n:,}", least=view.least,
        )  # fmt: skip
    elif view.difference.verdict == "worse":
        blocked = t("It is worse on the same rows, so it cannot take the place.")
    elif low and not override:
        blocked = t(
            "First write why it should be shared although the packaged model disagrees with the trained one."
        )
    better = blocked is None and view.difference is not None and view.difference.verdict == "better"
    _promote_button(demo, run, reason=blocked, override=override, better=better)


def _promote_button(
    demo: Demo, run: Run, *, reason: str | None, override: str = "", better: bool = False
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Make it the demo's model"), key=f"promote_{demo.id}", type="primary" if better else "secondary", icon=":material/swap_horiz:",
            disabled=reason is not None, on_click=attempt,
            args=(workspace().demos.promote, demo.id, run.id, demo.serial, override),
        )  # fmt: skip
        if reason:
            st.caption(reason, width="content")


def _compute(demo: Demo, view: GateView) -> None:
    # named with the part: while one looks, a test part that was opened may be scored, and then that one decides
    name = f"gate_{view.current.id}_{view.candidate.id}_{view.part}"
    job_id = followed(name)
    if job_id is None:
        job_id = workspace().demos.start_gate(demo.id, view.candidate.id).id
        follow(name, job_id)
    watch(job_id, t("Comparing on the same rows"))
    job = workspace().jobs.get(job_id)
    if not job.active and job.state != "succeeded":
        st.button(t("Try again"), key=f"gate_again_{demo.id}", on_click=unfollow, args=(name,))


def _side_by_side(view: GateView) -> None:
    st.caption(
        t("Both on test, the sealed rows of their split.") if view.part == "test"
        else t("Both on the validation rows that they share: their test sets are different (“{current}” and “{candidate}”), so no sealed rows can decide.", current=safe_text(view.current.test_name, 80), candidate=safe_text(view.candidate.test_name, 80)) if not view.same_test
        else t("Both on validation. Open the test part for both runs on the evaluate page to compare on sealed rows.")
    )  # fmt: skip
    rows = []
    for run, words in (
        (view.current, t("{run} (answers now)", run=view.current.name)),
        (view.candidate, view.candidate.name),
    ):
        if view.part == "validation":
            scores = {m: s for m in METRICS if (s := score_of(run.metrics, m)) is not None}
        else:
            found = workspace().evaluations.get(run.id, view.part)
            scores = dict(found.result.overall) if found else {}
        shown = {m: scores[m].value * 100 for m in (view.metric, "accuracy") if m in scores}
        rows.append(
            {
                "run": words,
                "data": run.version_label,
                **shown,
                "rows": next((s.n for s in scores.values()), None),
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, key=f"gate_table_{view.candidate.id}", placeholder="–",
        alt=t("Scores of the compared runs on {part}.", part=part_title(view.part)),
        column_config={
            "run": st.column_config.TextColumn(t("Run"), pinned=True), "data": t("Data"), "rows": number(t("Rows"), format="localized"),
            **{m: number(metric_head(m), format="%.1f") for m in METRICS},
        },
    )  # fmt: skip


def verdict(found: Difference, view: GateView) -> str:
    """The comparison in one sentence, with its interval and what it counts for."""
    numbers = {
        "sign": SIGNS[found.verdict], "run": safe_text(view.candidate.name, 80), "current": safe_text(view.current.name, 80),
        "difference": points(found.difference), "low": points(found.low), "high": points(found.high),
        "rows": f"{found.n:,}", "metric": metric_title(found.metric), "wins": f"{found.wins:,}", "losses": f"{found.losses:,}",
    }  # fmt: skip
    if found.verdict == "better":
        return t("{sign} **{run}** is **better** than “{current}”: {difference} points of {metric} ({low} to {high}) on the same {rows} rows; it alone is right on {wins}, wrong on {losses}.", **numbers)  # fmt: skip
    if found.verdict == "worse":
        return t("{sign} **{run}** is **worse** than “{current}”: {difference} points of {metric} ({low} to {high}) on the same {rows} rows; it alone is right on {wins}, wrong on {losses}.", **numbers)  # fmt: skip
    return t("{sign} **No difference shown** between **{run}** and “{current}”: {difference} points of {metric} ({low} to {high}) on the same {rows} rows; it alone is right on {wins}, wrong on {losses}.", **numbers)  # fmt: skip


def history(demo: Demo) -> None:
    """What became the demo's model, when, and on which comparison."""
    runs = {v.number: v.run_name for v in workspace().demos.versions(demo.id)}
    steps = workspace().demos.history(demo.id)
    text = st.column_config.TextColumn
    with st.expander(t("History of the model"), icon=":material/history:", key=f"history_{demo.id}"):
        st.dataframe(
            pd.DataFrame(
                {
                    "when": moment(step.at), "what": t(TITLE_OF_KIND.get(step.kind, step.kind)), "version": step.version_number,
                    "run": runs.get(step.version_number, ""), "why": _why(step.comparison, step.part),
                }
                for step in steps
            ),
            hide_index=True, key=f"history_table_{demo.id}", placeholder="–", alt=t("What became the demo's model and when."),
            column_config={
                "when": text(t("When"), width=130), "what": text(t("What"), width=150),
                "version": st.column_config.NumberColumn(t("Version"), format="%d", width=70),
                "run": text(t("Run"), width=170), "why": text(t("Compared with the model before"), width="large"),
            },
        )  # fmt: skip


def _why(found: Difference | None, part: str | None) -> str | None:
    if found is None or part is None:
        return None
    return t(
        "{sign} {verdict}: {difference} points ({low} to {high}), {part}, n = {rows}",
        sign=SIGNS[found.verdict], verdict=t(VERDICTS[found.verdict]), difference=points(found.difference),
        low=points(found.low), high=points(found.high), part=part_title(part), rows=f"{found.n:,}",
    )  # fmt: skip


def reports(demo: Demo) -> None:
    """What the page for visitors complained of, newest first, with what to do."""
    alerts = workspace().demos.alerts(demo.id)
    if not alerts:
        st.caption(t("The page for visitors has reported nothing: every model that it was given was sound."))
    elif demo.state != "revoked":
        st.button(
            t("Hand the model over again"), key=f"again_{demo.id}", icon=":material/refresh:",
            help=t("Lays the model out anew from the studio's own copy, signs it and replaces what was damaged."),
            on_click=attempt, args=(workspace().demos.edit, demo.id, demo.serial),
        )  # fmt: skip
    for alert in alerts:
        what, remedy = error_text(alert.error)
        st.warning(f"{moment(alert.at)} · {what}\n\n{remedy}", icon=":material/warning:")
