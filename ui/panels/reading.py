"""How a staged file is read: its first decoded rows, and encoding, separator, sheet where they are open."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from engine.data.errors import (
    DuplicateColumns,
    EmptyColumnNames,
    EncodingUncertain,
    InvalidBytes,
    ReservedColumn,
    TextAfterQuote,
    UnclosedQuote,
)  # fmt: skip
from engine.data.readers import Preview, ReadOptions
from engine.data.readers.options import TEXT_KINDS
from engine.errors import N_
from ui.errors import show_error
from ui.panels.rows import table
from ui.state import ImportDraft, workspace
from ui.text import safe_text, t

KIND_TITLES = {
    "csv": N_("table (CSV)"), "tsv": N_("table (TSV)"), "txt": N_("one text a line (TXT)"), "jsonl": N_("JSON lines"),
    "xlsx": N_("Excel workbook"), "parquet": N_("Parquet"),
}  # fmt: skip
SEPARATORS = {
    ",": N_("comma ,"), ";": N_("semicolon ;"), "\t": N_("tab"), "|": N_("vertical bar |"),
}  # fmt: skip
NAME_PROBLEMS = (DuplicateColumns, EmptyColumnNames, ReservedColumn)


@st.cache_data(max_entries=16, show_spinner=False)
def look(upload_id: str, options: ReadOptions) -> Preview:
    """The preview of a staged file; the same file and options give the same one."""
    return workspace().datasets.preview(upload_id, options)


def reading(draft: ImportDraft) -> tuple[ReadOptions, Preview]:
    """Options and preview of the staged file, with everything that a person can do about them."""
    options = _options(draft)
    preview = look(draft.upload_id, options)
    uncertain = not (preview.encoding_certain and preview.separator_certain) or preview.problem is not None
    if uncertain:
        _prominent(draft, preview)
    if preview.problem is not None:
        _problem(draft, preview)
    if len(preview.rows):
        table(preview.rows, key=f"reading_rows_{draft.upload_id}", alt=t("The first rows as they are read."))
    with st.expander(_summary(preview, options), icon=":material/tune:", key=f"reading_{draft.upload_id}"):
        _folded(draft, preview, shown=uncertain)
    return options, preview


def _key(draft: ImportDraft, name: str) -> str:
    return f"read_{name}_{draft.upload_id}"


def _chosen(draft: ImportDraft, name: str, default: Any = None) -> Any:
    return st.session_state.get(_key(draft, name), default)


def _options(draft: ImportDraft) -> ReadOptions:
    return ReadOptions(
        kind=_chosen(draft, "kind"), encoding=_chosen(draft, "encoding"), separator=_chosen(draft, "separator"),
        sheet=_chosen(draft, "sheet"), replace_invalid=bool(_chosen(draft, "replace", False)), rename=draft.rename,
        quotes=bool(_chosen(draft, "quotes", True)), header=bool(_chosen(draft, "header", True)),
    )  # fmt: skip


def _prominent(draft: ImportDraft, preview: Preview) -> None:
    """What has to be decided by a person who looks at the rows."""
    with st.container(
        border=True, horizontal=True, vertical_alignment="bottom", key=f"reading_ask_{draft.upload_id}"
    ):
        if preview.encodings:
            _encoding(draft, preview)
        if preview.separators:
            _separator(draft, preview)
    if not preview.encoding_certain and preview.problem is None:
        st.caption(t("The encoding is a guess. Do the rows below read well? If not, choose another one."))
    if not preview.separator_certain and preview.problem is None:
        st.caption(
            t("The separator is a guess. Are the columns below divided well? If not, choose another one.")
        )


def _folded(draft: ImportDraft, preview: Preview, *, shown: bool) -> None:
    grid = st.grid(2, min_column_width=240)
    if not shown and preview.encodings:
        with grid.cell():
            _encoding(draft, preview)
    if not shown and preview.separators:
        with grid.cell():
            _separator(draft, preview)
    if len(preview.sheets) > 1:
        grid.selectbox(t("Sheet"), preview.sheets, key=_key(draft, "sheet"), persist_state="page")
    if preview.kind in TEXT_KINDS or preview.kind == "":
        grid.selectbox(
            t("Read as"), TEXT_KINDS, key=_key(draft, "kind"), persist_state="page",
            index=TEXT_KINDS.index(preview.kind) if preview.kind in TEXT_KINDS else None,  # type: ignore[arg-type]
            format_func=lambda k: t(KIND_TITLES[k]), placeholder=t("Choose"),
        )  # fmt: skip
    if preview.kind in ("csv", "tsv", "xlsx"):
        grid.toggle(
            t("The first row holds the column names"),
            value=True,
            key=_key(draft, "header"),
            persist_state="page",
        )
    if preview.kind in ("csv", "tsv"):
        grid.toggle(
            t("Quotation marks enclose fields"), value=True, key=_key(draft, "quotes"), persist_state="page",
            help=t("Switch this off where quotation marks are ordinary characters."),
        )  # fmt: skip


def _encoding(draft: ImportDraft, preview: Preview) -> None:
    st.selectbox(
        t("Encoding"), preview.encodings, key=_key(draft, "encoding"), persist_state="page",
        index=preview.encodings.index(preview.encoding) if preview.encoding in preview.encodings else None,
        placeholder=t("Choose"),
    )  # fmt: skip


def _separator(draft: ImportDraft, preview: Preview) -> None:
    st.selectbox(
        t("Separator"), preview.separators, key=_key(draft, "separator"), persist_state="page",
        index=preview.separators.index(preview.separator) if preview.separator in preview.separators else None,
        format_func=lambda s: t(SEPARATORS[s]) if s in SEPARATORS else s, placeholder=t("Choose"),
    )  # fmt: skip


def _problem(draft: ImportDraft, preview: Preview) -> None:
    problem = preview.problem
    assert problem is not None
    show_error(problem)
    if isinstance(problem, NAME_PROBLEMS):
        _rename(draft, preview)
    elif isinstance(problem, InvalidBytes):
        st.toggle(
            t("Put the sign � in places that cannot be decoded"), key=_key(draft, "replace"), persist_state="page",
        )  # fmt: skip
    elif isinstance(problem, EncodingUncertain):
        st.caption(t("The rows below are decoded with the likeliest encoding."))
    elif isinstance(problem, UnclosedQuote | TextAfterQuote):
        st.caption(t("You find the switch for quotation marks in the reading options."))


def _rename(draft: ImportDraft, preview: Preview) -> None:
    edited = st.data_editor(
        pd.DataFrame({"name": distinct(preview.columns)}), key=_key(draft, "names"), hide_index=False, width="content",
        column_config={"name": st.column_config.TextColumn(t("New name"), required=True, max_chars=100)},
        alt=t("Names of the columns in the order of the file."),
    )  # fmt: skip
    if st.button(t("Use these names"), key=_key(draft, "names_go"), type="primary"):
        draft.rename = tuple(str(name).strip() for name in edited["name"])
        st.rerun()


def distinct(columns: tuple[str, ...]) -> list[str]:
    """A draft of names that are neither empty nor repeated nor Bentu's own."""
    names: list[str] = []
    for place, column in enumerate(columns, start=1):
        base = column.strip() or f"column_{place}"
        name, again = base, 2
        while name in names or name == "row_id" or (name != column and name in columns):
            name, again = f"{base}_{again}", again + 1
        names.append(name)
    return names


def _summary(preview: Preview, options: ReadOptions) -> str:
    parts = [t(KIND_TITLES[preview.kind])] if preview.kind in KIND_TITLES else []
    if preview.encoding:
        parts.append(preview.encoding)
    if preview.separator:
        parts.append(
            t(SEPARATORS[preview.separator])
            if preview.separator in SEPARATORS
            else safe_text(preview.separator)
        )
    if options.sheet or preview.sheets:
        parts.append(safe_text(options.sheet or preview.sheets[0], 40))
    return t("Reading options: {options}", options=", ".join(parts)) if parts else t("Reading options")
