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
from engine.errors import N_, DataError
from engine.models.family import IntArray
from engine.prepare.blocks import OUT, TRAIN, VALIDATION, block_ids, draw_parts
from engine.prepare.leaks import BoolArray, find_leaks
from engine.prepare.split_findings import SplitTable, carved, left_out, shape_findings, unlabelled
from engine.recipe import Split

PARTS = ("train", "validation", "test")
EXCLUDED = "excluded"
SEALED = "test"
"""The part that nothing may look at before a person opens it."""

GIVEN = {"train": 0, "dev": 1, "val": 1, "valid": 1, "validation": 1, "test": 2}
"""Values of a split column that the data bring, in any case; every other value leaves the row out."""

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
    """

    assignment: pd.Series[str]
    counts: Mapping[str, int]
    class_counts: Mapping[str, Mapping[str, int]]
    leaks: Mapping[str, int]
    findings: tuple[Finding, ...]


def default_split(schema: Schema) -> Split:
    """The split that a version starts with: the one its data bring, else by group, else by class."""
    if column := schema.first("split"):
        return Split(kind="given", column=column)
    return Split(kind="group") if schema.first("group") else Split()


def assign_split(frame: pd.DataFrame, schema: Schema, spec: Split, keys: pd.Series[str]) -> SplitResult:
    """Each row's part; the same for the same table and `spec`.

    Bentu's own splits (`stratified`, `random`, `group`) leave rows without a label out, keep blocks whole and
    put at least one row of each class into train; `stratified` and `group` keep the share of each class as
    close as the blocks allow. A `given` split is honoured as it is; only when it has no validation part is
    one drawn out of its train part.

    Args:
        frame: the version's table of text cells with its `row_id` column.
        schema: roles and classes.
        spec: kind, shares, seed, and the column of a given split.
        keys: the modality's duplicate key of each row, in the order of `frame`.

    Raises:
        DataError: one of the subclasses above, when nothing can be learned or a needed column is missing.
    """
    table = _read(frame, schema, keys)
    findings = unlabelled(table)
    if spec.kind == "given":
        parts = _honour(frame, table, spec, findings)
    else:
        if spec.kind == "group" and table.groups is None:
            raise NoGroupColumn()
        shares = (spec.train, spec.validation, spec.test)
        parts = _draw(table, table.labels >= 0, shares, spec.seed, stratified=spec.kind != "random")
    return _described(table, parts, findings, drawn_by=spec)


KEPT = ("split_unlabelled", "split_value_left_out", "split_validation_carved")
"""Findings about rows that a child version keeps as they are."""


def recount_split(
    frame: pd.DataFrame,
    schema: Schema,
    keys: pd.Series[str],
    assignment: pd.Series[str],
    former: Sequence[Finding] = (),
) -> SplitResult:
    """What there is to know about an assignment that a version inherits instead of drawing one.

    Args:
        frame, schema, keys: as for `assign_split`.
        assignment: the part of every row by row id.
        former: findings of the split it comes from; those in `KEPT` still hold.

    Raises:
        DataError: as `assign_split`, when nothing can be learned from the rows.
    """
    table = _read(frame, schema, keys)
    codes = pd.Index(PARTS).get_indexer(pd.Index(assignment.reindex(table.row_ids)))
    parts = np.where(codes < 0, OUT, codes).astype(np.int64)
    return _described(table, parts, [f for f in former if f.code in KEPT])


def _described(
    table: SplitTable, parts: IntArray, findings: list[Finding], drawn_by: Split | None = None
) -> SplitResult:
    leaks = find_leaks(parts, table.keys, table.labels, table.groups)
    findings += shape_findings(table, parts, leaks, drawn_by)
    names = np.array([*PARTS, EXCLUDED], dtype=object)
    return SplitResult(
        assignment=pd.Series(
            names[parts], index=pd.Index(table.row_ids, name=ROW_ID), name="part", dtype="str"
        ),
        counts={
            str(name): int((parts == part).sum()) for part, name in zip((0, 1, 2, OUT), names, strict=True)
        },
        class_counts={
            name: dict(zip(table.classes, table.class_rows(parts == part).tolist(), strict=True))
            for part, name in enumerate(PARTS)
        },
        leaks={kind: int(rows.sum()) for kind, rows in leaks.items()},
        findings=tuple(findings),
    )


def _read(frame: pd.DataFrame, schema: Schema, keys: pd.Series[str]) -> SplitTable:
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
    return SplitTable(
        row_ids=frame[ROW_ID].to_numpy(dtype=np.int64),
        labels=pd.Index(classes).get_indexer(cells).astype(np.int64),
        keys=pd.factorize(keys.to_numpy())[0].astype(np.int64),
        groups=groups,
        classes=classes,
    )


def _draw(
    table: SplitTable, rows: BoolArray, shares: tuple[float, float, float], seed: int, stratified: bool
) -> IntArray:
    """Parts of the whole table with only `rows` (a mask) drawn; the others are left out."""
    parts = np.full(len(table.labels), OUT, dtype=np.int64)
    groups = None if table.groups is None else table.groups[rows]
    parts[rows] = draw_parts(
        table.labels[rows], block_ids(table.keys[rows], groups), shares, seed, stratified
    )
    return parts


def _honour(frame: pd.DataFrame, table: SplitTable, spec: Split, findings: list[Finding]) -> IntArray:
    """Parts as the data's own column says; adds what was left out or carved to `findings`."""
    if spec.column not in frame.columns:
        raise NoSplitColumn(column=spec.column, columns=", ".join(c for c in frame.columns if c != ROW_ID))
    values = frame[spec.column].fillna("").str.strip()
    named = values.str.lower().map(GIVEN).fillna(OUT).to_numpy(dtype=np.int64)
    findings += left_out(values[named == OUT], table.row_ids[named == OUT])
    parts = np.where(table.labels >= 0, named, OUT)
    train = parts == TRAIN
    if not train.any():
        raise NoTrainRows(column=spec.column, values=", ".join(f"“{v}”" for v in values.unique()[:10]))
    seen = np.unique(table.labels[train])
    if len(seen) < 2:
        raise OneClass(rows=int(train.sum()), label=table.classes[seen[0]])
    if not (parts == VALIDATION).any():
        parts[train] = _draw(table, train, (1 - CARVED, CARVED, 0.0), spec.seed, stratified=True)[train]
        findings += carved(table, parts)
    return parts
