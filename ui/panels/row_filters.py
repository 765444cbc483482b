"""Dropping rows by a rule: choose it, see what would go, then make a version without them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

import streamlit as st

from engine.data.edits import Filter
from engine.params import fields_of
from engine.workspace import DatasetVersion
from ui.forms import form
from ui.panels.finding_fix import begin, making_now
from ui.panels.job import attach, watch
from ui.panels.rows import row_table
from ui.state import follow, unfollow, workspace
from ui.text import n, t

PARTS = ("train", "validation", "test", "excluded")


def row_filters(version: DatasetVersion) -> None:
    """The rules behind a fold."""
    fold = st.expander(
        t("Drop rows by a rule"), icon=":material/filter_alt:", key=f"filters_{version.id}", on_change="rerun"
    )
    if not fold.open:
        return
    with fold:
        _choose(version)


def _choose(version: DatasetVersion) -> None:
    st.caption(
        t(
            "A new version without these rows; nothing is dropped when a model answers. Rows of the sealed test part stay."
        )
    )
    rules = {rule.name: rule for rule in workspace().datasets.row_filters(version.schema.task)}
    name = st.selectbox(
        t("Rule"), list(rules), key=f"filter_rule_{version.id}", format_func=lambda i: t(rules[i].title)
    )
    rule = rules[name]
    st.caption(t(rule.help))
    defaults = rule.Params().model_dump()
    given: dict[str, Any] = st.session_state.setdefault(f"filter_values_{version.id}_{name}", dict(defaults))
    form(
        fields_of(rule.Params), given, defaults, prefix=f"filter_{version.id}_{name}",
        on_set=given.__setitem__, on_reset=lambda field: given.__setitem__(field, defaults[field]),
    )  # fmt: skip
    edit = Filter(name=name, params=dict(given))
    preview = workspace().datasets.edit_preview(version.id, [edit])
    purpose = f"filter_{version.id}"
    if preview is None:
        job_id = attach(purpose, (), version.project_id)
        if job_id is not None:
            watch(job_id, t("Looking for rows"))
            if not workspace().jobs.get(job_id).active:
                unfollow(purpose)
        if st.button(t("See what would go"), key=f"filter_look_{version.id}", icon=":material/search:"):
            follow(purpose, workspace().datasets.start_edit_preview(version.id, [edit]).id)
            st.rerun()
        return
    _preview(version, edit, preview, t(rule.title))


def _preview(version: DatasetVersion, edit: Filter, found: Mapping[str, Any], title: str) -> None:
    removed, kept = found["rows_removed"], found["test_rows_kept"]
    words = {
        "train": t("train"),
        "validation": t("validation"),
        "test": t("test"),
        "excluded": t("left out"),
    }
    parts = [f"{words[part]} {found['parts'][part]:,}" for part in PARTS if found["parts"].get(part)]
    said = n("**{n} row would go.**", "**{n} rows would go.**", removed)
    st.markdown(f"{said} {' · '.join(parts)}" if parts else said)
    if kept:
        st.caption(
            n(
                "{n} row of the sealed test part falls under the rule and stays.",
                "{n} rows of the sealed test part fall under the rule and stay.",
                kept,
            )
        )
    if not removed:
        return
    if st.toggle(t("Show them"), key=f"filter_show_{version.id}"):
        row_table(version, key=f"filter_rows_{version.id}", ids=found["sample"])
        if removed > len(found["sample"]):
            st.caption(
                t(
                    "The first {shown} of {count} rows.",
                    shown=f"{len(found['sample']):,}",
                    count=f"{removed:,}",
                )
            )
    click = st.session_state.setdefault(f"filter_click_{version.id}", uuid4().hex)
    st.button(
        n("Make a version without this row", "Make a version without these {n} rows", removed), key=f"filter_go_{version.id}",
        type="primary", icon=":material/save:", disabled=making_now(version), on_click=begin,
        args=(version, [edit], False, title, f"{click}:{sha256(edit.model_dump_json().encode()).hexdigest()[:16]}"),
    )  # fmt: skip
