"""One dataset version: what it is, what is in it, what is wrong with it, and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from engine.feedback.corrections import CHANGING
from engine.workspace import DatasetVersion, VersionChanges
from ui.dialogs import show_dialog
from ui.errors import attempt
from ui.format import moment, size
from ui.panels.columns import column_cards
from ui.panels.downloads import downloads
from ui.panels.example_map import example_map
from ui.panels.findings import findings_list, findings_panel
from ui.panels.health import health_panel
from ui.panels.job import attach, watch
from ui.panels.profile import figures, profile_charts
from ui.panels.row_filters import row_filters
from ui.panels.rows import row_table
from ui.panels.test_seal import remembered
from ui.panels.version_changes import changes_view
from ui.panels.version_tree import version_tree, what_it_did
from ui.panels.wording import wording_cards
from ui.state import VERSION, chosen_in, follow, key_showing, workspace
from ui.text import n, safe_text, t

_PICK = "version_pick"


def pick_version(versions: Sequence[DatasetVersion], used: str | None) -> DatasetVersion:
    """The version to look at: the one chosen in this tab or named in its link, else the one in use, else the first."""
    by_id = {v.id: v for v in versions}
    linked = st.query_params.get(VERSION)
    wanted = (st.session_state.get(VERSION), linked, used, versions[0].id)
    chosen = next(str(one) for one in wanted if one in by_id)
    if chosen == used:
        st.query_params.pop(VERSION, None)
    else:
        st.session_state[VERSION] = chosen
        if chosen != linked:
            st.query_params[VERSION] = chosen
    titles = {v.id: f"{v.label} · {n('{n} row', '{n} rows', v.rows)}{_from(v, by_id)}" for v in versions}
    key = key_showing(_PICK, chosen)
    st.selectbox(
        t("Dataset version"), list(by_id), key=key, width=420, on_change=_picked, args=(key,),
        format_func=lambda i: titles.get(i, ""),
    )  # fmt: skip
    return by_id[chosen]


def _from(version: DatasetVersion, known: Mapping[str, DatasetVersion]) -> str:
    """Where a version stands in the tree: " · from v1" for a child."""
    parent = known.get(version.parent_id or "")
    return f" · {t('from v{number}', number=parent.number)}" if parent else ""


def _picked(key: str) -> None:
    if (chosen := chosen_in(_PICK, key)) is not None:
        st.session_state[VERSION] = chosen


def version_view(project_id: str, version: DatasetVersion, *, used: bool) -> None:
    """Figures, findings, charts and rows; a version without a profile gets one, and what is not looked into yet is.

    `used` says that the next steps work on this version.
    """
    _origin(version, used=used)
    lineage(version)
    profile = workspace().datasets.profile(version.id)
    if profile is None:
        purpose = f"profile_{version.id}"
        job_id = attach(purpose, (), project_id)
        if job_id is None:
            job_id = workspace().datasets.start_profile(version.id).id
            follow(purpose, job_id)
        watch(job_id, t("Looking at the data"))
        findings_list(version.findings, version, key="finding")
    else:
        figures(profile, version)
        health_panel(profile, version)
        findings_panel(version, complete=profile.complete)
        profile_charts(profile, version)
        if profile.wording is not None:
            wording_cards(profile.wording, version)
        column_cards(profile, version)
    example_map(version)
    version_tree(version)
    row_filters(version)
    st.subheader(t("All rows"), anchor=False)
    row_table(version, key=f"rows_{version.id}")
    downloads(version)


def _origin(version: DatasetVersion, *, used: bool) -> None:
    parts = []
    if version.source.get("counts"):
        known = {v.id: v for d in workspace().datasets.list(version.project_id) for v in d.versions}
        parts.append(f"{what_it_did(version)}{_from(version, known)}")
    if version.source.get("file"):
        parts.append(t("from {file}", file=safe_text(version.source["file"], 80)))
    if version.source.get("bytes"):
        parts.append(size(float(version.source["bytes"])))
    if version.source.get("encoding"):
        parts.append(str(version.source["encoding"]))
    parts.append(moment(version.created))
    with st.container(horizontal=True, vertical_alignment="center"):
        if used:
            st.badge(t("Used by the next steps"), icon=":material/check:", color="blue")
        elif (other := _used_instead(version)) is not None:
            st.badge(
                t("The next steps work on {version}", version=safe_text(other.label, 80)),
                icon=":material/info:", color="orange", help=t("“Continue: clean and divide” makes them work on the version shown here."),
            )  # fmt: skip
        if version.synthetic:
            st.badge(_synthetic(version), icon=":material/science:", color="violet")
        st.caption(" · ".join(parts), width="content")


def _used_instead(version: DatasetVersion) -> DatasetVersion | None:
    """The version that the next steps work on when it is another one: after a fix they stay on its parent."""
    recipe = workspace().recipes.draft(version.project_id)
    known = [v for d in workspace().datasets.list(version.project_id) for v in d.versions]
    return next((v for v in known if recipe is not None and v.id == recipe.data and v.id != version.id), None)


def _synthetic(version: DatasetVersion) -> str:
    """Who wrote the rows of a synthetic version: a program, and since then perhaps visitors."""
    corrections, made = 0, workspace().corrections.difference(version.id)
    while made is not None:
        corrections += sum(made.counts[outcome] for outcome in CHANGING)
        made = workspace().corrections.difference(made.parent.id)
    if not corrections:
        return t("Synthetic: written by a program, not by customers")
    return n(
        "Synthetic, plus {n} accepted correction of visitors", "Synthetic, plus {n} accepted corrections of visitors", corrections
    )  # fmt: skip


def lineage(version: DatasetVersion) -> None:
    """What a child version changed in its parent, and which versions were made from this one."""
    found = workspace().corrections.difference(version.id)
    if found is not None:
        with st.container(border=True, key=f"lineage_{version.id}"):
            st.markdown(_made_from(found))
            changes_view(found, key=f"changes_{version.id}")
            _show_button(found.parent)
    children = [
        v for d in workspace().datasets.list(version.project_id) for v in d.versions if v.parent_id == version.id
    ]  # fmt: skip
    if children:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("Versions made from it:"), width="content")
            for child in children:
                _show_button(child)


def _made_from(found: VersionChanges) -> str:
    every, changing = len(found.changes), sum(found.counts[outcome] for outcome in CHANGING)
    parent = safe_text(found.parent.label, 80)
    if changing < every:
        return t(
            "Made from **{parent}** and {all} accepted corrections, {changing} of which changed it:",
            parent=parent, all=f"{every:,}", changing=f"{changing:,}",
        )  # fmt: skip
    return n(
        "Made from **{parent}** and {n} accepted correction:", "Made from **{parent}** and {n} accepted corrections:",
        every, parent=parent,
    )  # fmt: skip


def _show_button(version: DatasetVersion) -> None:
    st.button(
        t("Show {version}", version=safe_text(version.label, 80)), key=f"show_{version.id}", type="tertiary",
        icon=":material/account_tree:", on_click=lambda: st.session_state.update({VERSION: version.id}),
    )  # fmt: skip


def delete_dataset_dialog(version: DatasetVersion) -> None:
    """Say what goes with the dataset of `version`, then delete it; refused while runs were trained on it."""
    dataset_id = version.dataset_id

    def body() -> None:
        st.text(version.dataset_name)
        gone = workspace().datasets.deletion(dataset_id)
        if gone.runs:
            st.warning(
                n(
                    "{n} run was trained on it, so it stays. Delete that run on the train page first.",
                    "{n} runs were trained on it, so it stays. Delete those runs on the train page first.",
                    gone.runs,
                ),
                icon=":material/lock:",
            )  # fmt: skip
        else:
            versions = n("{n} version", "{n} versions", gone.versions)
            st.markdown(
                t(
                    "This removes for good: {versions}, {size} on disk.",
                    versions=versions,
                    size=size(gone.bytes),
                )
            )
            remembered(gone.openings)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("Keep it"), key="dataset_delete_keep"):
                st.rerun()
            if st.button(
                t("Delete dataset"), key="dataset_delete_go", icon=":material/delete_forever:", type="primary",
                disabled=gone.runs > 0, on_click=_delete, args=(dataset_id,),
            ):  # fmt: skip
                st.rerun()

    show_dialog(t("Delete this dataset?"), body, icon=":material/warning:")


def _delete(dataset_id: str) -> None:
    if attempt(_deleted, dataset_id):
        st.session_state.pop(VERSION, None)
    st.rerun()  # the whole page: the dialog's body would ask for the dataset once more


def _deleted(dataset_id: str) -> bool:
    workspace().datasets.delete(dataset_id)
    return True
