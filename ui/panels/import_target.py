"""Where the rows of a file go: a dataset of their own, or a new version of one that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import streamlit as st

from engine.data.readers import SOURCE_COLUMN, Preview, ReadOptions
from engine.workspace import Dataset, DatasetVersion, Job
from ui.format import listed
from ui.state import ImportDraft, show, workspace
from ui.text import safe_text, t, told_apart

NEW = "new"


def choose_target(draft: ImportDraft, datasets: Sequence[Dataset]) -> DatasetVersion | None:
    """The version that gets these rows, None for a dataset of their own; asked only where there is one to add to."""
    versions = {v.id: v for d in datasets for v in d.versions}
    if not versions:
        draft.into = None
        return None
    key = f"import_into_{draft.key}"
    show(key, draft.into if draft.into in versions else NEW)
    newest = [max(d.versions, key=lambda v: v.number).id for d in datasets if d.versions]

    def decide() -> None:
        draft.into = None if st.session_state[key] == NEW else st.session_state[key]

    titles = {
        NEW: t("a new dataset"),
        **{v: t("new rows of {name}", name=found.label) for v, found in versions.items()},
    }
    st.selectbox(
        t("Save as"), [NEW, *newest, *(v for v in versions if v not in newest)], key=key, on_change=decide,
        format_func=told_apart(titles),
    )  # fmt: skip
    return versions.get(draft.into or NEW)


def fitting(version: DatasetVersion, preview: Preview) -> bool:
    """Which columns of the file go where; returns whether at least one text column is there."""
    names = [c.name for c in version.schema.columns]
    shared = [c for c in preview.columns if c in names]
    lacking = [c for c in names if c not in shared and c != SOURCE_COLUMN]
    extra = [c for c in preview.columns if c not in names and c != SOURCE_COLUMN]
    inputs = [c for c in version.schema.names("input") if c in shared]
    if not inputs:
        wanted = listed(safe_text(c, 40) for c in version.schema.names("input"))
        st.markdown(
            f":red[:material/error: {t('The file has none of the text columns of this dataset: {columns}', columns=wanted)}]"
        )
        return False
    st.markdown(
        t(
            "The columns have the roles that they have in {name}. The file brings {columns}.",
            name=safe_text(version.label, 60), columns=listed(safe_text(c, 40) for c in shared),
        )
    )  # fmt: skip
    if lacking:
        st.caption(t("Not in the file, so empty in the new rows: {columns}", columns=_names(lacking)))
    if extra:
        st.caption(t("Not in the dataset, so left out: {columns}", columns=_names(extra)))
    st.caption(
        t(
            "Rows that are there keep their part. New rows go to training and validation, never to the sealed test part; "
            "copies of its rows are kept out of training."
        )
    )
    return True


def start_append(
    draft: ImportDraft, version: DatasetVersion, options: Sequence[ReadOptions], key: str
) -> Job:
    """Put the making of the child version in line."""
    from engine.data.edits import Append

    edits = [
        Append(upload=file.upload_id, options=asdict(how))
        for file, how in zip(draft.files, options, strict=True)
    ]
    names = (workspace().datasets.upload(one).name for one in dict.fromkeys(f.upload_id for f in draft.files))
    return workspace().datasets.start_edit(version.id, edits, note=listed(names), idempotency=key)


def _names(columns: Sequence[str]) -> str:
    return listed(safe_text(c, 40) for c in columns[:8])
