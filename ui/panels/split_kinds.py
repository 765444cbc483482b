"""The kinds of division: what each is, which of them the columns allow, and the fields that one of them needs."""

from __future__ import annotations

import streamlit as st

from engine.data.schema import Schema
from engine.errors import N_
from engine.prepare.split import GIVEN, PARTS
from engine.recipe import DRAWN, PartName, Split
from engine.workspace import DatasetVersion
from ui.charts.parts import PART_TITLES
from ui.state import workspace
from ui.text import labelled, n, safe_text, t, told_apart

KINDS = {
    "stratified": (N_("Balanced by class"), N_("Every part gets the same mix of classes.")),
    "random": (N_("At random"), N_("Rows are drawn without looking at anything.")),
    "group": (N_("By group"), N_("Rows of one group (a customer, a document) stay in one part.")),
    "time": (N_("By time"), N_("The oldest rows train, the newest test: as it will be in use.")),
    "slice": (N_("Leave one out"), N_("A region, domain or language is only tested: how does the model do where it has not been?")),
    "given": (N_("As the data say"), N_("A column of the file names the part of each row.")),
}  # fmt: skip

NEEDS = {
    "stratified": ("label", N_("needs a column with the role “label”")),
    "group": ("group", N_("needs a column with the role “group”")),
    "time": ("time", N_("needs a column with the role “time”")),
    "slice": ("slice", N_("needs a column with the role “slice”")),
    "given": ("split", N_("needs a column with the role “split”")),
}

SMALLEST, LARGEST = 5, 40
"""Bounds of the validation and the test part in percent: the train part keeps at least a fifth."""
FOLDS = (0, 3, 5, 10)
MOST_NAMED = 12
"""Values of a split column whose meaning is asked one by one."""
LEFT_OUT = "excluded"


def possible_kinds(schema: Schema) -> tuple[list[str], dict[str, str]]:
    """The kinds of split that these columns allow, and for the others the reason (a message id)."""
    reasons = {kind: reason for kind, (role, reason) in NEEDS.items() if not schema.first(role)}  # type: ignore[arg-type]
    return [kind for kind in KINDS if kind not in reasons], reasons


def given_fields(version: DatasetVersion, spec: Split) -> Split:
    """The column that the data bring, what its values mean, and whether linked rows are moved together."""
    column = str(version.schema.first("split"))
    st.caption(
        t(
            "Column “{column}”: train; dev, val or validation; test. Rows with another value are left out and counted.",
            column=safe_text(column, 80),
        )
    )
    values = workspace().splits.column_values(version.id, column)
    key = f"split_regroup_{version.id}"
    st.session_state.setdefault(key, spec.regroup)  # no `value`: the browser keeps its own once it was shown
    regroup = st.toggle(
        t("Move linked rows into one part"), key=key,
        help=t("Where equal texts or rows of one group stand in several parts, they go into one of them. All other rows stay where the data put them."),
    )  # fmt: skip
    return Split(
        kind="given", column=column, mapping=_mapping(version, values, spec), regroup=regroup,
        near_duplicates=near_field(version, spec) if regroup else False, test_name=spec.test_name,
    )  # fmt: skip


def _mapping(version: DatasetVersion, values: list[tuple[str, int]], spec: Split) -> dict[str, PartName]:
    """The part of each value, empty where the values say it by themselves."""
    usual: dict[str, PartName] = {
        v: PARTS[GIVEN[v.lower()]] if v.lower() in GIVEN else LEFT_OUT for v, _ in values
    }  # type: ignore[misc]
    if len(values) > MOST_NAMED:
        st.caption(n("The column has {n} value, too many to ask for the meaning of each.", "The column has {n} values, too many to ask for the meaning of each.", len(values)))  # fmt: skip
        return dict(spec.mapping)
    strange = LEFT_OUT in usual.values()
    options = [*PARTS, LEFT_OUT]
    meant: dict[str, PartName] = {}
    with st.expander(
        t("What the values mean"), icon=":material/sell:", expanded=strange and not spec.mapping and "train" not in usual.values(),
    ):  # fmt: skip
        for at, (value, count) in enumerate(values):
            start = spec.mapping.get(value, LEFT_OUT) if spec.mapping else usual[value]
            meant[value] = st.selectbox(
                f"{safe_text(value, 40) or t('(nothing)')} · {n('{n} row', '{n} rows', count)}", options, index=options.index(start),
                format_func=labelled({**PART_TITLES, LEFT_OUT: N_("left out")}), key=f"split_means_{version.id}_{at}",
            )  # type: ignore[assignment]  # fmt: skip
    return {} if meant == usual else meant


def slice_fields(version: DatasetVersion, spec: Split) -> Split | None:
    """The column and the values that are tested; None until one is chosen."""
    columns = list(version.schema.names("slice"))
    column = st.selectbox(
        t("Column"), columns, index=columns.index(spec.column) if spec.column in columns else 0,
        format_func=lambda c: safe_text(c, 80), key=f"split_slice_{version.id}",
    )  # fmt: skip
    counts = dict(workspace().splits.column_values(version.id, column))
    mine = spec.kind == "slice" and spec.column == column
    shown = told_apart(
        {v: f"{safe_text(v, 60) or t('(nothing)')} · {count:,}" for v, count in counts.items()}
    )
    values = st.multiselect(
        t("Tested, and left out of train"), list(counts), [v for v in spec.values if v in counts] if mine else [],
        format_func=shown, key=f"split_tested_{version.id}_{column}", placeholder=t("choose one or more values"), select_all=False,
    )  # fmt: skip
    rest = [v for v in counts if v not in values]
    key = f"split_validated_{version.id}_{column}"
    if key in st.session_state:
        st.session_state[key] = [v for v in st.session_state[key] if v in rest]
    validated = st.multiselect(
        t("For validation"), rest, [v for v in spec.validation_values if v in rest] if mine and key not in st.session_state else None,
        format_func=shown, key=key, placeholder=t("a share of the other rows"), select_all=False,
    )  # fmt: skip
    share = spec.validation / (spec.train + spec.validation)
    if not validated:
        percent = st.slider(
            t("Validation part, of the other rows"), SMALLEST, LARGEST, min(max(round(share * 100), SMALLEST), LARGEST),
            key=f"split_validation_{version.id}_slice", format="%d %%",
        )  # fmt: skip
        share = percent / 100
    if not values:
        st.caption(t("Choose at least one value to test on."))
        return None
    return Split(
        kind="slice", column=column, values=tuple(values), validation_values=tuple(validated), train=1 - share, validation=share, test=0.0,
        near_duplicates=near_field(version, spec), seed=seed_field(version, spec), test_name=spec.test_name,
    )  # fmt: skip


def share_fields(version: DatasetVersion, spec: Split, kind: str) -> Split:
    """Shares that sum to one, folds where rows are drawn, and what stays together."""
    drawn = kind in DRAWN
    folds = 0
    if drawn:
        words = {k: t("{n} folds", n=k) if k else t("no folds") for k in FOLDS}
        folds = st.segmented_control(
            t("Folds"), FOLDS, default=spec.folds if spec.folds in FOLDS else 0, key=f"split_folds_{version.id}", required=True, wrap=True,
            format_func=words.__getitem__,
            help=t("With folds, each row outside test is validated once, by a model that was trained on the other folds: more training, and a steadier figure where rows are few."),
        ) or 0  # fmt: skip
    if not folds:
        validation = st.slider(
            t("Validation part"), SMALLEST, LARGEST, min(max(round(spec.validation * 100), SMALLEST), LARGEST),
            key=f"split_validation_{version.id}", format="%d %%", help=t("On these rows models are compared and settings chosen."),
        )  # fmt: skip
    test = st.slider(
        t("Test part"), SMALLEST, LARGEST, min(max(round(spec.test * 100), SMALLEST), LARGEST),
        key=f"split_test_{version.id}", format="%d %%",
        help=t("These rows stay sealed until you open them for a run, so that the last figure is an honest one."),
    )  # fmt: skip
    if folds:
        rest = 1 - test / 100
        shares = (rest * (folds - 1) / folds, rest / folds, test / 100)
        st.caption(
            t(
                "Each of the {n} folds has about {rows} rows.",
                n=folds,
                rows=f"{round(version.rows * shares[1]):,}",
            )
        )
    else:
        shares = ((100 - validation - test) / 100, validation / 100, test / 100)
        st.caption(
            t(
                "Train gets the rest: {share} % (about {rows} rows). Rows with the same text, and rows of one group, stay in one part.",
                share=100 - validation - test, rows=f"{round(version.rows * shares[0]):,}",
            )
        )  # fmt: skip
    if kind == "time":
        st.caption(
            t(
                "Rows of one moment stay together. Rows without a date, and later copies of an earlier text, are left out and counted."
            )
        )
        if version.schema.first("group"):
            st.caption(
                t(
                    "Later rows of a group that came before are left out too. Where groups come back all the time hardly any row remains: then give the group column another role."
                )
            )
    return Split(
        kind=kind, train=shares[0], validation=shares[1], test=shares[2], folds=folds, near_duplicates=near_field(version, spec),
        seed=seed_field(version, spec) if drawn else spec.seed, test_name=spec.test_name,
    )  # type: ignore[arg-type]  # fmt: skip


def near_key(version_id: str) -> str:
    """Key of the field of nearly equal texts: another one once some were found, so that what nobody touched then starts anew."""
    return f"split_near_{version_id}_{workspace().splits.near_found(version_id)}"


def near_field(version: DatasetVersion, spec: Split) -> bool:
    """Whether nearly equal texts stay together."""
    ws = workspace()
    start = spec.near_duplicates or (
        ws.splits.current(version.id) is None and ws.splits.near_found(version.id)
    )
    key = near_key(version.id)
    st.session_state.setdefault(key, start)
    return st.toggle(
        t("Keep nearly equal texts together"), key=key,
        help=t("Reposts and texts with a word changed count as copies of each other, so that a model is not tested on what it has nearly read. The search for them takes a moment the first time."),
    )  # fmt: skip


def seed_field(version: DatasetVersion, spec: Split) -> int:
    """The seed, behind an expander."""
    with st.expander(t("Advanced settings"), icon=":material/tune:"):
        seed = st.number_input(
            t("Seed"), 0, 2**31 - 1, spec.seed, key=f"split_seed_{version.id}",
            help=t("The same seed on the same rows gives the same parts."),
        )  # fmt: skip
    return int(seed)


def same_split(a: Split, b: Split) -> bool:
    """Whether two specifications ask for the same division; what a kind does not look at does not count."""
    return _essence(a) == _essence(b)


def _essence(spec: Split) -> tuple[object, ...]:
    shares: tuple[float, ...] = tuple(round(share, 6) for share in (spec.train, spec.validation, spec.test))
    seed: int | None = spec.seed
    if spec.kind == "given":
        shares, seed = (), None
    elif spec.kind == "time":
        seed = None
    elif spec.kind == "slice":
        ratio = round(spec.validation / (spec.train + spec.validation), 6)
        shares = () if spec.validation_values else (ratio,)
    if spec.folds:
        shares = shares[2:]
    near = spec.near_duplicates and (spec.kind != "given" or spec.regroup)
    return (
        spec.kind, spec.column, tuple(sorted(spec.values)), tuple(sorted(spec.validation_values)), tuple(sorted(spec.mapping.items())),
        near, spec.regroup, spec.folds, spec.test_name, seed, shares,
    )  # fmt: skip
