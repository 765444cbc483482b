"""Which rows train, validate and test: drawn here, or brought by the data, with the leaks counted.

Stage 2 (prepare). The assignment is made once for a dataset version; the test part is sealed. Rows with equal
keys (exact duplicates) and rows of one group form a block; a split drawn here never tears a block apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.data.schema import MISSING_LABELS, ROW_ID, Finding, Schema
from engine.data.times import read_times
from engine.errors import N_, DataError
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TEST, TRAIN, VALIDATION, block_ids, deal_folds, draw_parts, mend_parts
from engine.prepare.by_slice import NoSliceColumn, slice_parts
from engine.prepare.by_time import NoTimeColumn, time_parts
from engine.prepare.leaks import NEVER, BoolArray, find_leaks
from engine.prepare.split_findings import (
    SplitTable,
    carved,
    left_out,
    out_of_order,
    regrouped,
    repeated_in_slices,
    repeated_in_time,
    shape_findings,
    undated,
    unlabelled,
)
from engine.recipe import Split

PARTS = ("train", "validation", "test")
EXCLUDED = "excluded"
SEALED = "test"
"""The part that nothing may look at before a person opens it."""

GIVEN = {"train": 0, "dev": 1, "val": 1, "valid": 1, "validation": 1, "test": 2}
"""Values of a split column that the data bring, in any case; every other value leaves the row out."""

CODES = {"train": TRAIN, "validation": VALIDATION, "test": TEST, "excluded": OUT}
"""What a mapping of values to parts names."""

CARVED = 0.1
"""Share of the train part that becomes validation when a given split has none."""


class NoLabelColumn(DataError):
    code = "NO_LABEL_COLUMN"
    message = N_("No column has the role “label”, so there is nothing to learn.")
    remedy = N_("Give the column with the classes the role “label” on the data page.")


class NoLabels(DataError):
    code = "NO_LABELS"
    message = N_("None of the {rows} rows has a label in the column “{column}”.")
    remedy = N_("Choose another label column, or label some rows first; training needs at least two classes.")


class TooFewRows(DataError):
    code = "TOO_FEW_ROWS"
    message = N_("Training needs at least 2 rows with a label; there is {rows}.")
    remedy = N_("Add rows and save a new version of the dataset.")


class OneClass(DataError):
    code = "ONE_CLASS"
    message = N_("Training needs at least two classes; all {rows} rows to learn from are “{label}”.")
    remedy = N_("Add rows of another class, or choose another label column.")


class NoGroupColumn(DataError):
    code = "NO_GROUP_COLUMN"
    message = N_("The split by group needs a column with the role “group”; there is none.")
    remedy = N_("Give a column the role “group” on the data page, or choose another kind of split.")


class NoSplitColumn(DataError):
    code = "NO_SPLIT_COLUMN"
    message = N_("There is no column “{column}” to take the split from. Columns: {columns}.")
    remedy = N_("Choose the column that says train, validation or test for each row.")


class NoTrainRows(DataError):
    code = "NO_TRAIN_ROWS"
    message = N_("No row with a label has “train” in the column “{column}”. Found there: {values}.")
    remedy = N_(
        "Choose another column, correct its values to train, validation and test, or let Bentu draw the split."
    )


@dataclass(frozen=True)
class SplitResult:
    """Where each row went, and what a person should know about it.

    Args:
        assignment: "train", "validation", "test" or "excluded" by row id.
        counts: rows in each part, "excluded" included.
        class_counts: part to label to rows, for the three parts and every class.
        leaks: rows by kind of leak (`engine.prepare.leaks.MESSAGES`); all 0 for a split drawn here.
        findings: what was left out, carved, missing, small or leaking; an `error` blocks training.
        folds: the fold of every row by row id, -1 for test, for rows left out and for those that every fold trains on;
            None for a division without folds.
    """

    assignment: pd.Series[str]
    counts: Mapping[str, int]
    class_counts: Mapping[str, Mapping[str, int]]
    leaks: Mapping[str, int]
    findings: tuple[Finding, ...]
    folds: pd.Series[int] | None = None


def default_split(schema: Schema, *, near_duplicates: bool = False) -> Split:
    """The split that a version starts with: the one its data bring, else by group, else by class.

    Args:
        schema: roles of the columns.
        near_duplicates: some are known, so they stay together from the start.
    """
    if column := schema.first("split"):
        return Split(kind="given", column=column)
    return Split(kind="group" if schema.first("group") else "stratified", near_duplicates=near_duplicates)


def assign_split(
    frame: pd.DataFrame, schema: Schema, spec: Split, keys: pd.Series[str], alike: IntArray | None = None
) -> SplitResult:
    """Each row's part; the same for the same table and `spec`.

    Bentu's own splits leave rows without a label out and keep blocks whole: rows of one text, of one group and, where
    `spec.near_duplicates` says so, of one near-duplicate group. `stratified`, `random` and `group` put at least one row
    of each class into train; `stratified` and `group` keep the share of each class as close as the blocks allow. `time`
    and `slice` leave rows out that would tear a block (`by_time`, `by_slice`). A `given` split is honoured as it is,
    unless `spec.regroup` mends its blocks; only when it has no validation part is one drawn out of its train part.

    Args:
        frame: the version's table of text cells with its `row_id` column.
        schema: roles and classes.
        spec: kind, shares, seed, columns and values.
        keys: the modality's duplicate key of each row, in the order of `frame`.
        alike: the near-duplicate group of each row, in the order of `frame`; None where nobody looked for them.

    Raises:
        DataError: one of the subclasses above, when nothing can be learned or a needed column is missing.
    """
    table = _read(frame, schema, keys, alike)
    findings = unlabelled(table)
    blocks = block_ids(table.keys, table.groups, table.alike if spec.near_duplicates else None)
    if spec.kind == "given":
        parts = _honour(frame, table, blocks, spec, findings)
    elif spec.kind == "time":
        parts = _by_time(table, blocks, spec, schema, findings)
    elif spec.kind == "slice":
        parts = _by_slice(frame, table, blocks, spec, findings)
    else:
        if spec.kind == "group" and table.groups is None:
            raise NoGroupColumn()
        parts = _draw(
            table, table.labels >= 0, blocks, _shares(spec), spec.seed, stratified=spec.kind != "random"
        )
    folds = _fold(table, blocks, parts, spec) if spec.folds else None
    return _described(table, parts, findings, drawn_by=spec, folds=folds)


KEPT = (
    "added_beside_test", "added_left_out", "split_unlabelled", "split_value_left_out", "split_validation_carved", "split_time_unreadable", "split_time_repeats",
    "split_slice_repeats", "split_regrouped", "split_new_test", "split_test_shared",
)  # fmt: skip
"""Findings about rows that a child version keeps as they are."""


def recount_split(
    frame: pd.DataFrame,
    schema: Schema,
    keys: pd.Series[str],
    assignment: pd.Series[str],
    former: Sequence[Finding] = (),
    alike: IntArray | None = None,
    asked: Split | None = None,
) -> SplitResult:
    """What there is to know about an assignment that a version inherits instead of drawing one.

    Args:
        frame, schema, keys, alike: as for `assign_split`.
        assignment: the part of every row by row id.
        former: findings of the split it comes from; those in `KEPT` still hold.
        asked: what it was drawn by, if it is to be measured against that.

    Raises:
        DataError: as `assign_split`, when nothing can be learned from the rows.
    """
    table = _read(frame, schema, keys, alike)
    codes = pd.Index(PARTS).get_indexer(pd.Index(assignment.reindex(table.row_ids)))
    parts = np.where(codes < 0, OUT, codes).astype(np.int64)
    return _described(table, parts, [f for f in former if f.code in KEPT], asked)


def leaking_rows(
    frame: pd.DataFrame, schema: Schema, keys: pd.Series[str], assignment: pd.Series[str], alike: IntArray | None = None
) -> Mapping[str, BoolArray]:  # fmt: skip
    """The leaks of an assignment as masks in the order of `frame`; arguments as for `recount_split`."""
    table = _read(frame, schema, keys, alike)
    codes = pd.Index(PARTS).get_indexer(pd.Index(assignment.reindex(table.row_ids)))
    parts = np.where(codes < 0, OUT, codes).astype(np.int64)
    return find_leaks(parts, table.keys, table.labels, table.groups, table.alike)


def label_codes(frame: pd.DataFrame, schema: Schema) -> tuple[IntArray, IntArray | None]:
    """The class of each row (-1 without a label) and its group (-1 without one; None without a group column).

    Raises:
        DataError: as `assign_split`, when nothing can be learned from the rows.
    """
    table = _read(frame, schema, pd.Series("", index=frame.index, dtype="str"), None)
    return table.labels, table.groups


def _described(
    table: SplitTable,
    parts: IntArray,
    findings: list[Finding],
    drawn_by: Split | None = None,
    folds: IntArray | None = None,
) -> SplitResult:
    ordered = drawn_by is not None and drawn_by.kind in ("given", "time")
    leaks = find_leaks(
        parts, table.keys, table.labels, table.groups, table.alike, table.moments if ordered else None
    )
    findings += shape_findings(table, parts, leaks, drawn_by)
    if drawn_by is not None and not ordered:
        findings += out_of_order(table, parts)
    names = np.array([*PARTS, EXCLUDED], dtype=object)
    index = pd.Index(table.row_ids, name=ROW_ID)
    return SplitResult(
        assignment=pd.Series(names[parts], index=index, name="part", dtype="str"),
        counts={
            str(name): int((parts == part).sum()) for part, name in zip((0, 1, 2, OUT), names, strict=True)
        },
        class_counts={
            name: dict(zip(table.classes, table.class_rows(parts == part).tolist(), strict=True))
            for part, name in enumerate(PARTS)
        },
        leaks={kind: int(rows.sum()) for kind, rows in leaks.items()},
        findings=tuple(findings),
        folds=None if folds is None else pd.Series(folds, index=index, name="fold"),
    )


def _read(frame: pd.DataFrame, schema: Schema, keys: pd.Series[str], alike: IntArray | None) -> SplitTable:
    """The table as codes; raises when there are not two labelled rows of two classes."""
    column = schema.first("label")
    if column is None:
        raise NoLabelColumn()
    cells = frame[column].fillna("").str.strip()
    labelled = cells[~cells.isin(MISSING_LABELS)]
    if labelled.empty:
        raise NoLabels(rows=len(frame), column=column)
    if len(labelled) < 2:
        raise TooFewRows(rows=len(labelled))
    if labelled.nunique() < 2:
        raise OneClass(rows=len(labelled), label=labelled.iloc[0])
    classes = tuple(sorted({*schema.classes, *labelled.unique()}))
    group_column = schema.first("group")
    groups = None
    if group_column is not None:
        values = frame[group_column].fillna("").str.strip()
        groups = pd.factorize(values.where(values != "", None))[0].astype(np.int64)
    moments: IntArray | None = None
    if (time_column := schema.first("time")) is not None:
        times = read_times(frame[time_column])
        stamps = times.dt.as_unit("us").astype("int64").to_numpy(dtype=np.int64)
        moments = np.where(times.notna().to_numpy(), stamps, NEVER).astype(np.int64)
    return SplitTable(
        row_ids=frame[ROW_ID].to_numpy(dtype=np.int64),
        labels=pd.Index(classes).get_indexer(cells).astype(np.int64),
        keys=pd.factorize(keys.to_numpy())[0].astype(np.int64),
        groups=groups,
        classes=classes,
        alike=alike,
        moments=moments,
    )


def _shares(spec: Split) -> tuple[float, float, float]:
    return spec.train, spec.validation, spec.test


def _draw(
    table: SplitTable, rows: BoolArray, blocks: IntArray, shares: tuple[float, float, float], seed: int, stratified: bool
) -> IntArray:  # fmt: skip
    """Parts of the whole table with only `rows` (a mask) drawn; the others are left out."""
    parts = np.full(len(table.labels), OUT, dtype=np.int64)
    parts[rows] = draw_parts(table.labels[rows], _numbered(blocks[rows]), shares, seed, stratified)
    return parts


def _numbered(blocks: IntArray) -> IntArray:
    """Block numbers without gaps."""
    return np.unique(blocks, return_inverse=True)[1].astype(np.int64)


def _fold(table: SplitTable, blocks: IntArray, parts: IntArray, spec: Split) -> IntArray:
    """The fold of each row; `parts` become those of the fold that `spec` names. Test stays as it was drawn."""
    folds = np.full(len(parts), -1, dtype=np.int64)
    rest = (parts == TRAIN) | (parts == VALIDATION)
    folds[rest] = deal_folds(
        table.labels[rest], _numbered(blocks[rest]), spec.folds, spec.seed, stratified=spec.kind != "random"
    )
    parts[rest] = np.where(folds[rest] == spec.fold, VALIDATION, TRAIN)
    return folds


def _by_time(
    table: SplitTable, blocks: IntArray, spec: Split, schema: Schema, findings: list[Finding]
) -> IntArray:
    """Parts by time; rows without a date are left out and said."""
    column = schema.first("time")
    if column is None or table.moments is None:
        raise NoTimeColumn()
    labelled = table.labels >= 0
    rows = labelled & (table.moments != NEVER)
    findings += undated(table, labelled & ~rows, column)
    parts = np.full(len(rows), OUT, dtype=np.int64)
    if not rows.any():
        time_parts(np.empty(0, np.int64), np.empty(0, np.int64), _shares(spec), column)
    parts[rows], repeats = time_parts(table.moments[rows], _numbered(blocks[rows]), _shares(spec), column)
    findings += repeated_in_time(table, np.flatnonzero(rows)[repeats])
    _learnable(table, parts)
    return parts


def _by_slice(
    frame: pd.DataFrame, table: SplitTable, blocks: IntArray, spec: Split, findings: list[Finding]
) -> IntArray:
    """Parts by the values of a slice column."""
    if spec.column is None or spec.column not in frame.columns:
        raise NoSliceColumn(column=spec.column, columns=[c for c in frame.columns if c != ROW_ID])
    rows = table.labels >= 0
    parts = np.full(len(rows), OUT, dtype=np.int64)
    values = frame[spec.column].fillna("").str.strip().iloc[np.flatnonzero(rows)]
    share = spec.validation / (spec.train + spec.validation)
    parts[rows], repeats = slice_parts(
        values, table.labels[rows], _numbered(blocks[rows]), spec.values, spec.validation_values, share, spec.seed, spec.column,
    )  # fmt: skip
    findings += repeated_in_slices(table, np.flatnonzero(rows)[repeats])
    _learnable(table, parts)
    return parts


def _learnable(table: SplitTable, parts: IntArray) -> None:
    train = parts == TRAIN
    seen = np.unique(table.labels[train])
    if len(seen) < 2:
        label = table.classes[seen[0]] if len(seen) else ""
        raise OneClass(rows=int(train.sum()), label=label)


def _honour(
    frame: pd.DataFrame, table: SplitTable, blocks: IntArray, spec: Split, findings: list[Finding]
) -> IntArray:
    """Parts as the data's own column says; adds what was left out, carved or moved to `findings`."""
    if spec.column not in frame.columns:
        raise NoSplitColumn(column=spec.column, columns=[c for c in frame.columns if c != ROW_ID])
    values = frame[spec.column].fillna("").str.strip()
    if spec.mapping:
        meaning = {value.strip(): CODES[part] for value, part in spec.mapping.items()}
        named = values.map(meaning).fillna(OUT).to_numpy(dtype=np.int64)
    else:
        named = values.str.lower().map(GIVEN).fillna(OUT).to_numpy(dtype=np.int64)
    findings += left_out(values[named == OUT], table.row_ids[named == OUT])
    parts = np.where(table.labels >= 0, named, OUT)
    if not (parts == TRAIN).any():
        raise NoTrainRows(column=spec.column, values=[f"“{v}”" for v in values.unique()[:10]])
    _learnable(table, parts)
    if not (parts == VALIDATION).any():
        train = parts == TRAIN
        parts[train] = _draw(table, train, blocks, (1 - CARVED, CARVED, 0.0), spec.seed, stratified=True)[
            train
        ]
        findings += carved(table, parts)
    if spec.regroup:
        used = parts != OUT
        mended = parts.copy()
        mended[used] = mend_parts(parts[used], table.labels[used], _numbered(blocks[used]), spec.seed)
        findings += regrouped(table, mended != parts)
        parts = mended
        _learnable(table, parts)
    return parts
