"""The form that makes a demo: which run, what visitors read, and the button with the reason beside it while it is greyed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from engine.errors import BentuError
from engine.workspace import Project, Run
from ui.errors import attempt
from ui.format import listed, percent
from ui.panels.metrics import metric_title, score_of, score_text
from ui.panels.run_record import parity_line
from ui.panels.run_table import family_title
from ui.panels.share_link import keep_link
from ui.panels.share_terms import chosen, terms
from ui.state import SHARE_CLICK, SHARING, SHOWN_DEMO, workspace
from ui.text import safe_text, t, told_apart

KEY = "publish"
REASON = f"{KEY}_reason"


def publish_form(project: Project, runs: Sequence[Run], preset: str | None, *, more: bool) -> None:
    """Choose a run and say what visitors are shown.

    Args:
        project: whose runs they are.
        runs: those with a model, newest first.
        preset: id of the run that is chosen at first.
        more: whether there are demos already, so that one may turn back.
    """
    by_id = {r.id: r for r in runs}
    if st.session_state.get(f"{KEY}_run") not in by_id:
        st.session_state[f"{KEY}_run"] = preset if preset in by_id else runs[0].id
    st.selectbox(
        t("Model to share"), list(by_id), format_func=told_apart({i: _run_title(r) for i, r in by_id.items()}), key=f"{KEY}_run",
        help=t("Runs that have finished, newest first, with their score on validation."),
    )  # fmt: skip
    run = by_id[st.session_state[f"{KEY}_run"]]
    metric = run.recipe.evaluation.metric
    st.caption(
        " · ".join(
            (
                family_title(run.family),
                safe_text(run.version_label, 80),
                t("{metric} on validation: {score}", metric=metric_title(metric), score=score_text(run.metrics, metric)),
                t("test part opened") if run.test_opened else t("test part still sealed"),
            )
        )
    )  # fmt: skip
    parity_line(run)
    low = not (run.parity or {}).get("ok", False)
    reason = ""
    if low:
        reason = reason_field(REASON)
    schema = workspace().datasets.version(run.version_id).schema
    inputs = schema.names("input")
    if all(label.isdigit() for label in schema.classes):
        st.info(
            t("Visitors will see the classes as your data name them: {classes}. Say in the description what they mean.",
              classes=listed(safe_text(label, 20) for label in schema.classes[:10])),
            icon=":material/label:",
        )  # fmt: skip
    start = _start(project, run)
    terms(f"{KEY}_{run.id}", start, inputs)
    click = st.session_state.setdefault(SHARE_CLICK, secrets.token_hex(16))
    missing = _missing(run, low and not reason)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Make the link"), key="publish_go", type="primary", icon=":material/share:", disabled=missing is not None,
            on_click=_publish, args=(run.id, start, inputs, click),
        )  # fmt: skip
        if more:
            st.button(
                t("Not now"),
                key="publish_not",
                type="tertiary",
                on_click=lambda: st.session_state.pop(SHARING, None),
            )
        if missing:
            st.caption(missing, width="content")


def reason_field(key: str) -> str:
    """The owner's reason for sharing a model whose package disagrees, and who reads it."""
    st.text_area(
        t("Why share it all the same?"), key=key, max_chars=1000, height=80,
        help=t("Below 99.5 % agreement a model is not shared without a reason. Visitors of the demo read it above the answer."),
    )  # fmt: skip
    return str(st.session_state.get(key) or "").strip()


def _missing(run: Run, needs_reason: bool) -> str | None:
    if needs_reason:
        return t(
            "First write why it should be shared although the packaged model disagrees with the trained one."
        )
    untitled = not str(st.session_state.get(f"{KEY}_{run.id}_title") or "").strip()
    wordless = not st.session_state.get(f"{KEY}_{run.id}_languages")
    if untitled and wordless:
        return t("First give it a title, and choose at least one language.")
    if untitled:
        return t("First give it a title.")
    if wordless:
        return t("First choose at least one language.")
    return None


def _start(project: Project, run: Run) -> Mapping[str, Any]:
    try:
        examples = suggestions(run.id)
    except BentuError:  # a data file that is gone is no reason not to share the model
        examples = []
    return {
        "title": project.name, "description": "", "languages": ("en", "zh_CN"), "consent": "",
        "examples": examples, "expires": None,
    }  # fmt: skip


@st.cache_data(max_entries=64, show_spinner=False)
def _suggested(owner: str, run_id: str) -> list[dict[str, str]]:
    return [dict(e) for e in workspace().demos.suggest_examples(run_id)]


def suggestions(run_id: str) -> list[dict[str, str]]:
    """Texts from the train part that may serve as examples; read once a run."""
    return _suggested(workspace().scope.owner, run_id)


def _run_title(run: Run) -> str:
    f1 = score_of(run.metrics, run.recipe.evaluation.metric)
    return f"{run.name} · {percent(f1.value)}" if f1 else run.name


def _publish(run_id: str, start: Mapping[str, Any], inputs: Sequence[str], click: str) -> None:
    fields = chosen(f"{KEY}_{run_id}", start, inputs, datetime.now(UTC))
    made = attempt(
        workspace().demos.publish, run_id, **fields, idempotency=click,
        override_reason=str(st.session_state.get(REASON) or ""),
    )  # fmt: skip
    if made is None:
        return
    demo, token = made
    keep_link(demo.id, token)
    st.session_state[SHOWN_DEMO] = demo.id
    st.session_state.pop(SHARING, None)
    st.session_state.pop(SHARE_CLICK, None)
