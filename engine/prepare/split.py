"""Which rows train, validate and test: drawn here, or brought by the data, with the leaks counted.

Stage 2 (prepare). The assignment is made once for a dataset version; the test part is sealed. Rows with equal
keys (exact duplicates) and rows of one group form a block; a split drawn here never tears a block apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.data.schema import ROW_ID, Finding, Schema
from engine.errors import N_, DataError
from engine.prepare.leaks import count_leaks
from engine.recipe import Split

PARTS = ("train", "validation", "test")
EXCLUDED = "excluded"
SEALED = "test"
"""The part that nothing may look at before a person opens it."""

GIVEN = {"train": 0, "dev": 1, "val": 1, "valid": 1, "validation": 1, "test": 2}
"""Values of a split column that the data bring, in any case; every other value leaves the row out."""

CARVED = 0.1
"""Share of the train part that becomes validation when a given split has none."""

FEW_TEST_ROWS = 20
MOST_ROWS_SHOWN = 1000
MOST_VALUES_NAMED = 10


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
    message = N_("Training needs at least two classes; all {rows} rows that can be used are “{label}”.")
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
    remedy = N_("Choose another column, correct its values to train, validation and test, or let Bentu draw the split.")


@dataclass(frozen=True)
class SplitResult:
    """Where each row went, and what a person should know about it.

    Args:
        assignment: "train", "validation", "test" or "excluded" by row id.
        counts: rows in each part, "excluded" included.
        class_counts: part to label to rows, for the three parts and every class of the schema.
        leaks: see `engine.prepare.leaks.count_leaks`; all 0 for a split drawn here.
        findings: what was left out, carved, missing or small.
    """

    assignment: pd.Series[str]
    counts: Mapping[str, int]
    class_counts: Mapping[str, Mapping[str, int]]
    leaks: Mapping[str, int]
    findings: tuple[Finding, ...]


def assign_split(frame: pd.DataFrame, schema: Schema, spec: Split, keys: pd.Series[str]) -> SplitResult:
    """Each row's part, deterministic for the same table and `spec`.

    Bentu's own splits (`stratified`, `random`, `group`) leave rows without a label out, keep blocks whole, put
    at least one row of each class into train and draw by `spec.seed`; `stratified` and `group` keep the share
    of each class as close as the blocks allow. A `given` split is honoured as it is: its leaks are counted,
    never removed.

    Args:
        frame: the version's table of text cells with its `row_id` column.
        schema: roles and classes.
        spec: kind, shares, seed, and the column of a given split.
        keys: the modality's duplicate key of each row, aligned with `frame` by position.

    Raises:
        DataError: the subclasses above, when nothing can be learned or a needed column is missing.
    """
    table = _Table(frame, schema, keys)
    findings = _unlabelled(table)
    if spec.kind == "given":
        parts = _given(table, spec, findings)
    else:
        parts = _drawn(table, spec)
    _check_classes(table, parts)
    leaks = count_leaks(parts, table.keys, table.labels, table.groups)
    findings += _leak_findings(leaks) + _size_findings(table, parts, spec)
    names = np.array([*PARTS, EXCLUDED], dtype=object)
    counts = {str(name): int((parts == code).sum()) for code, name in zip((0, 1, 2, -1), names, strict=True)}
    return SplitResult(
        assignment=pd.Series(names[parts], index=pd.Index(table.row_ids, name=ROW_ID), name="part", dtype="str"),
        counts=counts,
        class_counts={part: table.by_class(parts == code) for code, part in enumerate(PARTS)},
        leaks=leaks,
        findings=tuple(findings),
    )
