"""The versions of a dataset as a tree: what each step did and why, and the ways to look at, compare, use and delete one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from engine.workspace import Dataset, DatasetVersion
from ui.dialogs import show_dialog
from ui.errors import attempt
from ui.format import listed, moment
from ui.panels.version_difference import difference
from ui.state import VERSION, workspace
from ui.text import n, safe_text, t

_COMPARED = "compared_version"


def version_tree(version: DatasetVersion) -> None:
    """The tree that a version belongs to, behind a fold; nothing where it is alone."""
    found = next(
        (d for d in workspace().datasets.list(version.project_id) if d.id == version.dataset_id), None
    )
    if found is None or len(found.versions) < 2:
        return
    fold = st.expander(
        n("{n} version", "{n} versions", len(found.versions)), icon=":material/account_tree:", key=f"tree_{version.dataset_id}",
        on_change="rerun",
    )  # fmt: skip
    if not fold.open:
        return
    with fold:
        for one, depth in in_order(found):
            _line(one, depth, shown=one.id == version.id, of=version)
        other = st.session_state.get(_COMPARED)
        if other in {v.id for v in found.versions} and other != version.id:
            difference(workspace().datasets.version(other), version)


def in_order(dataset: Dataset) -> list[tuple[DatasetVersion, int]]:
    """Every version after its parent, with its depth; children in the order in which they were made."""
    children: dict[str | None, list[DatasetVersion]] = {}
    known = {v.id for v in dataset.versions}
    for one in sorted(dataset.versions, key=lambda v: v.number):
        children.setdefault(one.parent_id if one.parent_id in known else None, []).append(one)
    found: list[tuple[DatasetVersion, int]] = []

    def walk(parent: str | None, depth: int) -> None:
        for one in children.get(parent, []):
            found.append((one, depth))
            walk(one.id, depth + 1)

    walk(None, 0)
    return found


def _line(one: DatasetVersion, depth: int, *, shown: bool, of: DatasetVersion) -> None:
    indent = [0.04 * min(depth, 6), 1] if depth else [1]
    place = st.columns(indent)[-1] if depth else st.container()
    with place, st.container(border=shown, key=f"tree_line_{one.id}", gap="xxsmall"):
        head = (
            f"**{safe_text(one.label, 60)}** · {n('{n} row', '{n} rows', one.rows)} · {moment(one.created)}"
        )
        st.markdown(f":material/subdirectory_arrow_right: {head}" if depth else head)
        st.caption(what_it_did(one))
        if one.source.get("note"):
            st.caption(f"“{safe_text(one.source['note'], 200)}”")
        if shown:
            return
        with st.container(horizontal=True):
            st.button(
                t("Show"),
                key=f"tree_show_{one.id}",
                type="tertiary",
                icon=":material/visibility:",
                on_click=_show,
                args=(one.id,),
            )
            st.button(
                t("Compare"), key=f"tree_compare_{one.id}", type="tertiary", icon=":material/difference:",
                help=t("What is different in {version}.", version=safe_text(of.label, 60)), on_click=_compare, args=(one.id,),
            )  # fmt: skip
            if workspace().differences.standing_on(one.id) is None:
                st.button(
                    t("Delete"),
                    key=f"tree_delete_{one.id}",
                    type="tertiary",
                    icon=":material/delete:",
                    on_click=_ask,
                    args=(one,),
                )


def what_it_did(version: DatasetVersion) -> str:
    """How a version came about, in one sentence of safe Markdown."""
    source: Mapping[str, Any] = version.source
    if "file" in source:
        return t("from {file}", file=safe_text(source["file"], 80))
    counts = source.get("counts")
    if counts is None:
        return t("from corrections of visitors") if version.parent_id else t("from a file")
    parts = [
        n("{n} row dropped", "{n} rows dropped", counts["rows_removed"]) if counts["rows_removed"] else "",
        n("{n} row relabelled", "{n} rows relabelled", counts["relabelled"]) if counts["relabelled"] else "",
        n("{n} row added", "{n} rows added", counts["rows_added"]) if counts["rows_added"] else "",
        t("other column roles") if any(edit["kind"] == "roles" for edit in source.get("edits", ())) else "",
        n("{n} test row changed", "{n} test rows changed", counts["test_rows_changed"]) if counts.get("test_rows_changed") else "",
    ]  # fmt: skip
    return listed([part for part in parts if part]) or t("nothing changed")


def _show(version_id: str) -> None:
    st.session_state[VERSION] = version_id
    st.session_state.pop(_COMPARED, None)


def _compare(version_id: str) -> None:
    st.session_state[_COMPARED] = version_id


def _ask(one: DatasetVersion) -> None:
    def body() -> None:
        st.markdown(
            t(
                "{version} goes for good, with its division. No other version changes.",
                version=f"**{safe_text(one.label, 80)}**",
            )
        )
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("Keep it"), key="tree_delete_keep"):
                st.rerun()
            if st.button(
                t("Delete version"), key="tree_delete_go", type="primary", icon=":material/delete_forever:",
                on_click=attempt, args=(workspace().differences.delete_version, one.id),
            ):  # fmt: skip
                st.rerun()

    show_dialog(t("Delete this version?"), body, icon=":material/warning:")
