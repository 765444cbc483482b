"""Dividing the rows into train, validation and test: the form, and what came out of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from engine.data.schema import Schema
from engine.errors import N_
from engine.evaluation.provenance import split_words
from engine.recipe import Split
from engine.workspace import DatasetVersion, SplitView
from ui.charts.layout import draw, kept
from ui.charts.parts import PART_TITLES, part_bars
from ui.format import listed, percent
from ui.panels.findings import findings_list
from ui.panels.test_seal import elsewhere_line
from ui.text import labelled, language, n, safe_text, t

KINDS = {
    "stratified": (N_("Balanced by class"), N_("Every part gets the same mix of classes.")),
    "random": (N_("At random"), N_("Rows are drawn without looking at anything.")),
    "group": (N_("By group"), N_("Rows of one group (a customer, a document) stay in one part.")),
    "given": (N_("As the data say"), N_("A column of the file names the part of each row.")),
}  # fmt: skip

LEAK_TITLES = {
    "test_in_train": N_("test rows also in train"),
    "validation_in_train": N_("validation rows also in train"),
}

SMALLEST, LARGEST = 5, 40
"""Bounds of the validation and the test part in percent: the train part keeps at least a fifth."""


def possible_kinds(schema: Schema) -> tuple[list[str], dict[str, str]]:
    """The kinds of split that these columns allow, and for the others the reason (a message id)."""
    reasons = {}
    if not schema.first("label"):
        reasons["stratified"] = N_("needs a column with the role “label”")
    if not schema.first("group"):
        reasons["group"] = N_("needs a column with the role “group”")
    if not schema.first("split"):
        reasons["given"] = N_("needs a column with the role “split”")
    return [k for k in KINDS if k not in reasons], reasons


def frozen_split(spec: Split) -> None:
    """A division that cannot be changed any more, as words: switched-off controls would hardly be readable."""
    with st.container(border=True, key="split_frozen"):
        st.markdown(f"**{t('How the rows are divided')}**")
        st.text(split_words(spec.model_dump(mode="json"), language()))


def split_form(version: DatasetVersion, spec: Split) -> Split:
    """The form of a split, filled from `spec`; returns what it says now."""
    kinds, reasons = possible_kinds(version.schema)
    kind = st.radio(
        t("How to divide"), kinds, index=kinds.index(spec.kind) if spec.kind in kinds else 0,
        format_func=labelled({k: title for k, (title, _) in KINDS.items()}), captions=[t(KINDS[k][1]) for k in kinds], key=f"split_kind_{version.id}",
    )  # fmt: skip
    if reasons:
        why = (t("{kind} {reason}", kind=t(KINDS[k][0]), reason=t(reason)) for k, reason in reasons.items())
        st.caption(t("Not possible with these columns: {reasons}.", reasons=listed(why, N_("; "))))
    if kind == "given":
        column = version.schema.first("split")
        st.caption(
            t(
                "Column “{column}”: train; dev, val or validation; test. Rows with another value are left out and counted.",
                column=safe_text(column, 80),
            )
        )
        return Split(kind="given", column=column)
    validation = st.slider(
        t("Validation part"), SMALLEST, LARGEST, round(spec.validation * 100), key=f"split_validation_{version.id}",
        format="%d %%", help=t("On these rows models are compared and settings chosen."),
    )  # fmt: skip
    test = st.slider(
        t("Test part"), SMALLEST, LARGEST, min(max(round(spec.test * 100), SMALLEST), LARGEST),
        key=f"split_test_{version.id}", format="%d %%",
        help=t("These rows stay sealed until you open them for a run, so that the last figure is an honest one."),
    )  # fmt: skip
    rest = 100 - validation - test
    st.caption(
        t(
            "Train gets the rest: {share} % (about {rows} rows). Rows with the same text, and rows of one group, stay in one part.",
            share=rest, rows=f"{round(version.rows * rest / 100):,}",
        )
    )  # fmt: skip
    with st.expander(t("Advanced settings"), icon=":material/tune:"):
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, spec.seed, key=f"split_seed_{version.id}",
            help=t("The same seed on the same rows gives the same parts."),
        )  # fmt: skip
    return Split(kind=kind, train=rest / 100, validation=validation / 100, test=test / 100, seed=int(seed))


def same_split(a: Split, b: Split) -> bool:
    """Whether two specifications ask for the same division."""
    if a.kind == b.kind == "given":
        return a.column == b.column
    return a.kind == b.kind and a.seed == b.seed and all(
        abs(getattr(a, part) - getattr(b, part)) < 1e-9 for part in ("train", "validation", "test")
    )  # fmt: skip


def split_result(view: SplitView, version: DatasetVersion) -> None:
    """Parts and classes, leaks in plain words, and the seal of the test part."""
    with st.grid("auto", min_column_width=100, gap="xsmall", key="split_counts"):
        for part in (*PART_TITLES, "excluded"):
            if part != "excluded" or view.counts.get(part):
                title = t(PART_TITLES[part]) if part in PART_TITLES else t("left out")
                st.metric(title, view.counts.get(part, 0), format="localized", border=True)
    # Their titles are longer than those of the parts: in columns of that width they would be cut.
    with st.grid("auto", min_column_width=240, gap="xsmall", key="split_leaks"):
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
    _leaks(view)
    findings_list(view.findings, version, key="split_finding")
    _seal(view.openings)
    elsewhere_line(view.elsewhere)


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


def _leaks(view: SplitView) -> None:
    """One sentence; the findings below it say how many rows of which part, and show them."""
    if any(view.leaks.values()):
        st.warning(
            t(
                "Some rows stand in more than one part, so scores on the later part are flattered. The file brings this "
                "division; it is kept as it is, and the findings below count what leaks."
            ),
            icon=":material/warning:",
        )
    else:
        st.success(t("No text stands in two parts."), icon=":material/verified:")


def _seal(openings: int) -> None:
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
