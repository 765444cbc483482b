"""Dividing the rows into train, validation and test: the form, and what came out of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.errors import N_
from engine.evaluation.provenance import split_words
from engine.recipe import FIRST_TEST, Split
from engine.workspace import DatasetVersion, SplitView
from ui.charts.layout import draw, kept
from ui.charts.parts import PART_TITLES, part_bars
from ui.format import listed, percent
from ui.panels.findings import findings_list
from ui.panels.leak_guard import leak_guard
from ui.panels.new_test import new_test
from ui.panels.split_kinds import KINDS, given_fields, possible_kinds, same_split, share_fields, slice_fields
from ui.panels.test_seal import elsewhere_line
from ui.state import workspace
from ui.text import labelled, language, n, safe_text, t

__all__ = [
    "counts_table",
    "frozen_split",
    "inherited",
    "possible_kinds",
    "same_split",
    "split_form",
    "split_result",
]

LEAK_TITLES = {
    "test_in_train": N_("test rows also in train"),
    "validation_in_train": N_("validation rows also in train"),
    "near_test_in_train": N_("test rows nearly in train"),
    "near_validation_in_train": N_("validation rows nearly in train"),
}


def frozen_split(spec: Split) -> None:
    """A division that cannot be changed any more, as words: switched-off controls would hardly be readable."""
    with st.container(border=True, key="split_frozen"):
        st.markdown(f"**{t('How the rows are divided')}**")
        st.text(split_words(spec.model_dump(mode="json"), language()))


def inherited(version: DatasetVersion, view: SplitView) -> bool:
    """Whether a version is divided as the one that it was made from."""
    parent = workspace().splits.current(version.parent_id) if version.parent_id else None
    return parent is not None and same_split(parent.spec, view.spec)


def split_form(version: DatasetVersion, spec: Split) -> Split | None:
    """The form of a split, filled from `spec`; returns what it says now, None while something is missing."""
    kinds, reasons = possible_kinds(version.schema)
    if not kinds:
        kinds = ["random"]
    kind = st.radio(
        t("How to divide"), kinds, index=kinds.index(spec.kind) if spec.kind in kinds else 0,
        format_func=labelled({k: title for k, (title, _) in KINDS.items()}), captions=[t(KINDS[k][1]) for k in kinds], key=f"split_kind_{version.id}",
    )  # fmt: skip
    for other, reason in reasons.items():
        st.caption(":material/block: " + t("{kind}: {reason}", kind=t(KINDS[other][0]), reason=t(reason)))
    if kind == "given":
        return given_fields(version, spec)
    if kind == "slice":
        return slice_fields(version, spec)
    return share_fields(version, spec, kind)


def split_result(view: SplitView, version: DatasetVersion) -> None:
    """Parts and classes, leaks in plain words, and the seal of the test part."""
    with st.grid("auto", min_column_width=100, gap="xsmall", key="split_counts"):
        for part in (*PART_TITLES, "excluded"):
            if part != "excluded" or view.counts.get(part):
                title = t(PART_TITLES[part]) if part in PART_TITLES else t("left out")
                st.metric(title, view.counts.get(part, 0), format="localized", border=True)
    # Their titles are longer than those of the parts: in columns of that width they would be cut.
    with st.grid("auto", min_column_width=200, gap="xsmall", key="split_leaks"):
        for kind, title in LEAK_TITLES.items():
            if view.leaks.get(kind):
                st.metric(t(title), view.leaks[kind], format="localized", border=True)
    classes = version.schema.classes
    if classes:
        made = kept(
            "parts",
            view.id,
            language(),
            str(st.context.theme.type),
            lambda: part_bars(view.class_counts, classes),
        )
        draw(made, key="split_chart", alt=_takeaway(view))
        with st.expander(t("The same as a table"), icon=":material/table:"):
            st.dataframe(counts_table(view, classes), key="split_table", alt=t("Rows by part and class."))
    if view.spec.folds:
        st.caption(
            t(
                "Shown is the first of {n} folds; in the others another part of the rows is validation. Test is the same in all.",
                n=view.spec.folds,
            )
        )
    leak_guard(view, version)
    findings_list(view.findings, version, key="split_finding")
    _seal(view)
    elsewhere_line(view.elsewhere)
    new_test(view, version)


def counts_table(view: SplitView, classes: tuple[str, ...]) -> pd.DataFrame:
    """Rows by part (rows) and class (columns)."""
    parts = [p for p in PART_TITLES if p in view.class_counts]
    return pd.DataFrame(
        [[view.class_counts[p].get(c, 0) for c in classes] for p in parts],
        index=[t(PART_TITLES[p]) for p in parts], columns=list(classes),
    )  # fmt: skip


def _takeaway(view: SplitView) -> str:
    sizes = {p: view.counts.get(p, 0) for p in PART_TITLES}
    total = sum(sizes.values()) or 1
    shares = listed(f"{t(PART_TITLES[p])} {percent(count / total)}" for p, count in sizes.items())
    return t("Share of each class in each part. Sizes: {shares}.", shares=shares)


def _seal(view: SplitView) -> None:
    if view.spec.test_name != FIRST_TEST or view.opened_in_lineage > view.openings - view.elsewhere:
        st.caption(":material/label: " + t("Test set: “{name}”.", name=safe_text(view.spec.test_name, 80)))
    openings = view.openings
    if openings:
        st.caption(
            ":material/lock_open: "
            + n(
                "The test part was opened {n} time. Each opening makes its score a little less of a surprise.",
                "The test part was opened {n} times. Each opening makes its score a little less of a surprise.",
                openings,
            )
        )
    else:
        st.caption(":material/lock: " + t("The test part is sealed and was never opened."))
