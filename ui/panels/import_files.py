"""Several files that become one dataset: which ones, how each stands, and what their columns are together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from engine.data.limits import MAX_FILES
from engine.data.readers import Preview, ReadOptions, source_column, source_names, united
from engine.data.types import draft_types
from ui.format import listed
from ui.panels.reading import KIND_TITLES, look
from ui.panels.rows import table
from ui.panels.upload import drop_file
from ui.state import FileDraft, ImportDraft, show, workspace
from ui.text import n, safe_text, t, told_apart


def names_of(draft: ImportDraft) -> list[str]:
    """What each file is called in the column that says the file; raises `NotFound` where one is gone."""
    ws = workspace()
    return source_names([(ws.datasets.upload(f.upload_id).name, f.options.member) for f in draft.files])


def archive_members(draft: ImportDraft) -> None:
    """For each archive with several files, the choice of those that are read."""
    for upload_id in dict.fromkeys(file.upload_id for file in draft.files):
        mine = [file for file in draft.files if file.upload_id == upload_id]
        members = look(upload_id, mine[0].options).members
        if len(members) < 2:
            continue
        key = f"members_{upload_id}"
        show(key, [file.options.member or members[0] for file in mine])
        with st.container(border=True, key=f"archive_{upload_id}"):
            _archive_state(draft, upload_id, members, len(mine))
            st.multiselect(
                t("Files of the archive {name}", name=safe_text(workspace().datasets.upload(upload_id).name, 60)), members, key=key,
                on_change=lambda upload_id=upload_id, key=key: _choose_members(draft, upload_id, st.session_state[key]),
                format_func=told_apart({m: m for m in members}), select_all=False, placeholder=t("Choose files"),
            )  # fmt: skip


def _archive_state(draft: ImportDraft, upload_id: str, members: Sequence[str], read: int) -> None:
    """How many files of the archive are read, and the one click that reads all."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if read == len(members):
            st.markdown(t("All {count} files of the archive are read.", count=f"{read:,}"), width="stretch")
            return
        st.markdown(
            ":material/folder_zip: "
            + n(
                "**{n} of {count} files of the archive is read.** The others are left out unless you choose them.",
                "**{n} of {count} files of the archive are read.** The others are left out unless you choose them.",
                read, count=f"{len(members):,}",
            ),
            width="stretch",
        )  # fmt: skip
        if len(members) <= MAX_FILES:
            st.button(
                t("Read all {count}", count=f"{len(members):,}"), key=f"members_all_{upload_id}", icon=":material/select_all:",
                on_click=_choose_members, args=(draft, upload_id, list(members)),
            )  # fmt: skip


def _choose_members(draft: ImportDraft, upload_id: str, chosen: Sequence[str]) -> None:
    """One file of the draft for each member; those that were there keep how they are read."""
    if not chosen:
        return
    known = {file.options.member: file for file in draft.files if file.upload_id == upload_id}
    if None in known:
        first = look(upload_id, known[None].options).members[0]
        known[first] = known.pop(None)
        known[first].options = replace(known[first].options, member=first)
    wanted = [known.get(name) or FileDraft(upload_id, ReadOptions(member=name)) for name in chosen]
    if draft.upload_id == upload_id and draft not in wanted:  # the first file of the draft is another one now
        draft.options, draft.key = wanted[0].options, wanted[0].key
        wanted[0] = draft
    wanted.sort(key=lambda file: file is not draft)
    others = [file for file in draft.more if file.upload_id != upload_id]
    draft.more = [*(file for file in wanted if file is not draft), *others]


def choose_file(draft: ImportDraft, names: list[str], previews: list[Preview]) -> FileDraft:
    """The list of the files with how each stands, and the one whose reading is shown below it."""
    table(
        pd.DataFrame({
            t("File"): names,
            t("Read as"): [t(KIND_TITLES[p.kind]) if p.kind in KIND_TITLES else "" for p in previews],
            t("Encoding"): [p.encoding for p in previews],
            t("Columns"): [len(p.columns) for p in previews],
            t("State"): [_state(p) for p in previews],
        }),
        key=f"files_{draft.key}", alt=t("The files that become one dataset."),
    )  # fmt: skip
    worst = next((i for i, p in enumerate(previews) if p.problem is not None or _guessed(p)), 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            t("File to look at"), range(len(names)), index=worst, key=f"file_{draft.key}_{len(names)}",
            format_func=told_apart(dict(enumerate(names))),
        )  # fmt: skip
        st.button(
            t("Leave this file out"), key=f"file_out_{draft.key}", icon=":material/remove:", on_click=drop_file,
            args=(draft, draft.files[place]),
        )  # fmt: skip
    return draft.files[place]


def _guessed(preview: Preview) -> bool:
    return not (preview.encoding_certain and preview.separator_certain)


def _state(preview: Preview) -> str:
    if preview.problem is not None or not preview.columns:
        return t("cannot be read like this")
    return t("how it is written is a guess") if _guessed(preview) else t("ready")


def differences(draft: ImportDraft, names: list[str], previews: list[Preview]) -> bool:
    """What columns the files do not share, with the consent to empty cells; returns whether it may go on."""
    columns = united([p.columns for p in previews])
    lacking = {
        name: [c for c in columns if c not in p.columns] for name, p in zip(names, previews, strict=True)
    }
    if not any(lacking.values()):
        return True
    lines = [
        t(
            "{file} has no {columns}",
            file=safe_text(name, 60),
            columns=listed(safe_text(c, 40) for c in missing[:8]),
        )
        for name, missing in lacking.items()
        if missing
    ]
    with st.container(border=True, key=f"differ_{draft.key}"):
        st.markdown(f":material/warning: {t('The files do not have the same columns.')}")
        st.markdown("\n".join(f"- {line}" for line in lines[:10]))
        st.toggle(
            t("Leave these cells empty"), value=draft.differing, key=f"differ_go_{draft.key}",
            on_change=lambda: setattr(draft, "differing", st.session_state[f"differ_go_{draft.key}"]),
        )  # fmt: skip
    return draft.differing


def together(previews: list[Preview], names: list[str]) -> Preview:
    """The files as one: all columns, the first rows of each, and the column that says the file."""
    columns = united([p.columns for p in previews])
    origin = source_column(columns)
    rows = pd.concat(
        [
            p.rows.set_axis(list(p.columns), axis=1).reindex(columns=columns, fill_value="").assign(**{origin: name})
            for p, name in zip(previews, names, strict=True)
        ],
        ignore_index=True,
    ).astype("str")  # fmt: skip
    drafted = {c: found for p in reversed(previews) for c, found in zip(p.columns, p.types, strict=True)}
    types = tuple(drafted[c] for c in columns) + draft_types(rows[[origin]])
    return replace(previews[0], columns=(*columns, origin), rows=rows, types=types)


def previews_of(draft: ImportDraft) -> list[Preview]:
    """How each file would be read."""
    return [look(file.upload_id, file.options) for file in draft.files]


def file_count(draft: ImportDraft) -> str:
    """ "3 files"."""
    return n("{n} file", "{n} files", len(draft.files))
