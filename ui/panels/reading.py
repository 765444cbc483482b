"""How a staged file is read: its first decoded rows, and encoding, separator, sheet where they are open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from engine.data.errors import (
    DuplicateColumns,
    EmptyColumnNames,
    InvalidBytes,
    ReservedColumn,
    TextAfterQuote,
    UnclosedQuote,
)  # fmt: skip
from engine.data.readers import Preview, ReadOptions
from engine.data.readers.options import TEXT_KINDS
from engine.data.schema import ROW_ID
from engine.errors import N_
from ui.errors import show_error
from ui.format import listed
from ui.panels.rows import table
from ui.state import FileDraft, show, workspace
from ui.text import labelled, safe_text, t

KIND_TITLES = {
    "csv": N_("table (CSV)"), "tsv": N_("table (TSV)"), "txt": N_("one text a line (TXT)"), "jsonl": N_("JSON lines"),
    "json": N_("JSON document"),    "xlsx": N_("Excel workbook"), "parquet": N_("Parquet"),
}  # fmt: skip
SEPARATORS = {
    ",": N_("comma ,"), ";": N_("semicolon ;"), "\t": N_("tab"), "|": N_("vertical bar |"),
}  # fmt: skip
NAME_PROBLEMS = (DuplicateColumns, EmptyColumnNames, ReservedColumn)


@st.cache_data(max_entries=128, show_spinner=False)
def look(upload_id: str, options: ReadOptions) -> Preview:
    """The preview of a staged file; the same file and options give the same one."""
    return workspace().datasets.preview(upload_id, options)


def reading(draft: FileDraft) -> Preview:
    """The preview of the staged file, with everything that a person can do about how it is read."""
    preview = look(draft.upload_id, draft.options)
    uncertain = not (preview.encoding_certain and preview.separator_certain) or preview.problem is not None
    draft.asked = draft.asked or uncertain
    if preview.problem is not None:
        _problem(draft, preview)
    if draft.asked:
        _prominent(draft, preview)
    if len(preview.rows):
        table(preview.rows, key=f"reading_rows_{draft.key}", alt=t("The first rows as they are read."))
    with st.expander(_summary(preview), icon=":material/tune:", key=f"reading_{draft.key}"):
        _folded(draft, preview, shown=draft.asked)
    return preview


def settled(draft: FileDraft, preview: Preview) -> ReadOptions:
    """The options by which the person saw the rows: a guess that they accepted is no longer one."""
    return replace(
        draft.options,
        kind=preview.kind or None,
        encoding=preview.encoding or None,
        separator=preview.separator or None,
    )


def _bound(draft: FileDraft, name: str, value: Any) -> dict[str, Any]:
    """Key and callback of the widget for the option `name`, which shows `value` until somebody decides."""
    key = f"read_{name}_{draft.key}"
    show(key, value)

    def decide() -> None:
        keep = {} if name == "replace_invalid" else {"rename": None}
        draft.options = replace(draft.options, **{**keep, name: st.session_state[key]})

    return {"key": key, "on_change": decide}


def _prominent(draft: FileDraft, preview: Preview) -> None:
    """What has to be decided by a person who looks at the rows."""
    if not (preview.encodings or preview.separators):
        return
    with st.container(border=True, key=f"reading_ask_{draft.key}"):
        if not preview.encoding_certain or not preview.separator_certain:
            st.markdown(
                t(
                    "How this file is written is a guess. Do the rows below read well, and are the columns right?"
                )
            )
        else:
            st.markdown(t("Read as you chose. Do the rows below read well, and are the columns right?"))
        grid = st.grid(2, min_column_width=240)
        if preview.encodings:
            _encoding(grid, draft, preview)
        if preview.separators:
            _separator(grid, draft, preview)


def _folded(draft: FileDraft, preview: Preview, *, shown: bool) -> None:
    grid = st.grid(2, min_column_width=240)
    if not shown and preview.encodings:
        _encoding(grid, draft, preview)
    if not shown and preview.separators:
        _separator(grid, draft, preview)
    options = draft.options
    if len(preview.sheets) > 1:
        sheet = options.sheet or preview.sheets[0]
        grid.selectbox(t("Sheet"), preview.sheets, **_bound(draft, "sheet", sheet))
    if preview.kind in ("", *TEXT_KINDS):
        grid.selectbox(
            t("Read as"), TEXT_KINDS, format_func=labelled(KIND_TITLES), placeholder=t("Choose"),
            **_bound(draft, "kind", preview.kind or None),
        )  # fmt: skip
    if preview.kind in ("csv", "tsv", "xlsx"):
        grid.toggle(t("The first row holds the column names"), **_bound(draft, "header", options.header))
        grid.toggle(
            t("Take off the apostrophe that protects a formula"),
            help=t("For files that were written for a spreadsheet: '=1+1 becomes =1+1 again. Other texts stay as they are."),
            **_bound(draft, "unguard", options.unguard),
        )  # fmt: skip
    if preview.kind in ("csv", "tsv"):
        grid.toggle(
            t("Quotation marks enclose fields"), help=t("Switch this off where quotation marks are ordinary characters."),
            **_bound(draft, "quotes", options.quotes),
        )  # fmt: skip


def _encoding(grid: Any, draft: FileDraft, preview: Preview) -> None:
    known = preview.encoding if preview.encoding in preview.encodings else None
    grid.selectbox(
        t("Encoding"), preview.encodings, placeholder=t("Choose"), **_bound(draft, "encoding", known)
    )


def _separator(grid: Any, draft: FileDraft, preview: Preview) -> None:
    known = preview.separator if preview.separator in preview.separators else None
    grid.selectbox(
        t("Separator"), preview.separators, placeholder=t("Choose"), **_bound(draft, "separator", known),
        format_func=labelled(SEPARATORS),
    )  # fmt: skip


def _problem(draft: FileDraft, preview: Preview) -> None:
    problem = preview.problem
    assert problem is not None
    show_error(problem)
    if isinstance(problem, NAME_PROBLEMS):
        _rename(draft, preview)
    elif isinstance(problem, InvalidBytes):
        st.toggle(
            t("Put the sign � in places that cannot be decoded"),
            **_bound(draft, "replace_invalid", draft.options.replace_invalid),
        )
    elif isinstance(problem, UnclosedQuote | TextAfterQuote):
        st.caption(t("The switch for quotation marks is in the reading options below."))


def _rename(draft: FileDraft, preview: Preview) -> None:
    key = f"read_names_{draft.key}"
    edited = st.data_editor(
        pd.DataFrame({"name": distinct(preview.columns)}, index=range(1, len(preview.columns) + 1)), key=key,
        column_config={"name": st.column_config.TextColumn(t("New name"), required=True, max_chars=100, width="large")},
        alt=t("Names of the columns in the order of the file."), width="content",
    )  # fmt: skip
    if st.button(t("Use these names"), key=f"{key}_go", type="primary"):
        draft.options = replace(draft.options, rename=tuple(str(name).strip() for name in edited["name"]))
        st.rerun()


def distinct(columns: tuple[str, ...]) -> list[str]:
    """A draft of names that are neither empty nor repeated nor Bentu's own."""
    names: list[str] = []
    for place, column in enumerate(columns, start=1):
        base = column.strip() or f"column_{place}"
        name, again = base, 2
        while name in names or name == ROW_ID or (name != column and name in columns):
            name, again = f"{base}_{again}", again + 1
        names.append(name)
    return names


def _summary(preview: Preview) -> str:
    parts = [t(KIND_TITLES[preview.kind])] if preview.kind in KIND_TITLES else []
    if preview.encoding:
        parts.append(preview.encoding)
    if preview.separator:
        known = preview.separator in SEPARATORS
        parts.append(t(SEPARATORS[preview.separator]) if known else safe_text(preview.separator))
    return t("Reading options: {options}", options=listed(parts)) if parts else t("Reading options")
