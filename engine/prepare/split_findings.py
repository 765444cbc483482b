"""What a person should know about a split: rows left out, parts missing or small, classes that are not learned.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.data.findings import some
from engine.data.schema import Finding, Severity
from engine.errors import N_
from engine.models.family import IntArray
from engine.prepare.blocks import TEST, TRAIN, VALIDATION, block_ids
from engine.prepare.leaks import MESSAGES, MOSTLY, NEVER, BoolArray
from engine.recipe import Split

FEW_TEST_ROWS = 20
"""Below this many test rows, an interval is so wide that the score says little."""

WIDE_TEST_ROWS = 200
"""Below this many, it is said how wide the interval is."""

THREE_POINTS = 385
"""Rows on which a score of 90 % is known to three points."""

_MOST_ROWS = 10_000
_MOST_NAMES = 10
_OFF_SHARE = 0.05


@dataclass(frozen=True)
class SplitTable:
    """A table as a split sees it: codes, one a row. `labels` and `groups` are -1 where a row has none."""

    row_ids: IntArray
    labels: IntArray
    keys: IntArray
    groups: IntArray | None
    classes: tuple[str, ...]
    alike: IntArray | None = None
    """Near-duplicate groups; None where nobody looked for them."""
    moments: IntArray | None = None
    """Time of each row, `NEVER` where it has none; None without a time column."""

    def class_rows(self, rows: BoolArray) -> IntArray:
        """Rows of each class among `rows` (a mask), shape (classes,)."""
        labels = self.labels[rows]
        return np.bincount(labels[labels >= 0], minlength=len(self.classes))


def unlabelled(table: SplitTable) -> list[Finding]:
    """Rows without a label, which no part takes."""
    rows = table.row_ids[table.labels < 0]
    return _finding(
        "split_unlabelled",
        "warning",
        N_("{count} {count:row has|rows have} no label and {count:is|are} left out."),
        rows,
    )


def left_out(values: pd.Series[str], row_ids: IntArray) -> list[Finding]:
    """Rows whose value in a given split column names no part: one finding a value, the most frequent first."""
    counts = values.value_counts()
    findings: list[Finding] = []
    for value in counts.index[:_MOST_NAMES]:
        message = N_(
            "{count} {count:row has|rows have} “{value}” in the split column and {count:is|are} left out."
        )
        if value == "":
            message = N_(
                "{count} {count:row has|rows have} nothing in the split column and {count:is|are} left out."
            )
        findings += _finding(
            "split_value_left_out", "warning", message, row_ids[values == value], value=value
        )
    others = ~values.isin(counts.index[:_MOST_NAMES])
    message = N_(
        "{count} more {count:row has|rows have} one of {values} other {values:value|values} in the split column and {count:is|are} left out."
    )
    return findings + _finding(
        "split_value_left_out", "warning", message, row_ids[others], values=len(counts) - _MOST_NAMES
    )


def carved(table: SplitTable, parts: IntArray) -> list[Finding]:
    """Rows of train that became validation because the data bring none."""
    message = N_(
        "The data bring no validation part, so {count} {count:row of train was|rows of train were} set aside for it."
    )
    return _finding("split_validation_carved", "info", message, table.row_ids[parts == VALIDATION])


def undated(table: SplitTable, rows: BoolArray, column: str) -> list[Finding]:
    """Rows that a split by time leaves out, because nobody can say when they are from."""
    message = N_(
        "{count} {count:row has|rows have} no date in the column “{column}” that can be read, and {count:is|are} left out."
    )
    return _finding("split_time_unreadable", "warning", message, table.row_ids[rows], column=column)


def repeated_in_time(table: SplitTable, rows: IntArray) -> list[Finding]:
    """Rows that a split by time leaves out, because an earlier part holds their text or group."""
    message = N_(
        "{count} {count:row repeats|rows repeat} a text or a group of an earlier part; a model would know {count:it, so it is|them, so they are} left out."
    )
    return _finding("split_time_repeats", "info", message, table.row_ids[rows])


def repeated_in_slices(table: SplitTable, rows: IntArray) -> list[Finding]:
    """Rows that a split by slice leaves out, because the part that is tested holds their text or group."""
    message = N_(
        "{count} {count:row has|rows have} the text or the group of a row that is tested, and {count:is|are} left out of the earlier parts."
    )
    return _finding("split_slice_repeats", "info", message, table.row_ids[rows])


def regrouped(table: SplitTable, rows: BoolArray) -> list[Finding]:
    """Rows that were moved out of the part that the data give them, so that linked rows stay together."""
    message = N_(
        "{count} {count:row was|rows were} moved to another part than the data say, so that linked rows stay together."
    )
    return _finding("split_regrouped", "info", message, table.row_ids[rows])


def out_of_order(table: SplitTable, parts: IntArray) -> list[Finding]:
    """The rows have dates that this division does not look at."""
    if table.moments is None:
        return []
    known = table.moments != NEVER
    train, test = (table.moments[known & (parts == part)] for part in (TRAIN, TEST))
    if not len(train) or not len(test) or train.max() <= test.min():
        return []
    older = int((test < np.median(train)).sum())
    message = N_("The rows have dates, which this division does not look at: of the test rows {percent} % are older than half of train. To know how the model will do on texts to come, divide by time.")  # fmt: skip
    return [
        Finding(
            "split_ignores_time", "info", message, older, params={"percent": round(100 * older / len(test))}
        )
    ]


def half_width(rows: int, accuracy: float = 0.9) -> float:
    """Half of the 95 % interval of an accuracy that is measured on so many rows, in percentage points (normal approximation)."""
    return float(196 * np.sqrt(accuracy * (1 - accuracy) / rows))


def shape_findings(
    table: SplitTable, parts: IntArray, leaks: Mapping[str, BoolArray], drawn_by: Split | None
) -> list[Finding]:
    """What is missing, small or leaking in finished parts, and how far those that were drawn here are off their shares."""
    off = _shares(table, parts, drawn_by) if drawn_by is not None else []
    findings = (
        _missing_parts(parts, by_time=drawn_by is not None and drawn_by.kind == "time")
        + off
        + _class_findings(table, parts)
    )
    for kind, rows in leaks.items():
        # a division that is not one by time at all has most of its test rows before the end of train
        strays = kind != "time_test_before_train" or rows.sum() <= MOSTLY * (parts == TEST).sum()
        severity: Severity = "warning" if strays else "info"
        findings += _finding(f"leak_{kind}", severity, MESSAGES[kind], table.row_ids[rows])
    return findings


def _missing_parts(parts: IntArray, *, by_time: bool) -> list[Finding]:
    validation, test = (int((parts == part).sum()) for part in (VALIDATION, TEST))
    findings: list[Finding] = []
    if not validation:
        message = N_("No rows were left for a validation part, so runs cannot be compared. Add rows.")
        left_out = int((parts < 0).sum())
        if by_time and left_out:
            message = N_(
                "No rows were left for a validation part, so runs cannot be compared: {count} {count:row is left out because its|rows are left out because their} group or text stands before. Divide in another way, or give the group column another role."
            )
        findings.append(Finding("split_no_validation", "error", message, 0, params={"count": left_out}))
    if not test:
        message = N_("There is no test part: nothing will tell how good the final model really is.")
        findings.append(Finding("split_no_test", "warning", message, 0))
    elif test < WIDE_TEST_ROWS:
        message = N_(
            "On {count} test {count:row|rows} a score of 90 % would be known to about ± {points} points; {wanted} rows give ± 3."
        )
        params = {"count": test, "points": round(half_width(test)), "wanted": THREE_POINTS}
        if test < FEW_TEST_ROWS:
            message = N_(
                "The test part has only {count} {count:row|rows}; below {few}, a score says little: 90 % would be known to about ± {points} points. {wanted} rows give ± 3."
            )
            findings.append(
                Finding("split_few_test", "warning", message, test, params={**params, "few": FEW_TEST_ROWS})
            )
        else:
            findings.append(Finding("split_test_width", "info", message, test, params=params))
    return findings


def _shares(table: SplitTable, parts: IntArray, spec: Split) -> list[Finding]:
    """How far a drawn split is from what was asked, and whether one block of linked rows is the reason."""
    used = parts >= 0
    got = np.bincount(parts[used], minlength=3) / used.sum()
    asked = np.array((spec.train, spec.validation, spec.test))
    if spec.folds:  # a fold is validation
        asked[:VALIDATION] = 1 - spec.test - (1 - spec.test) / spec.folds
        asked[VALIDATION] = (1 - spec.test) / spec.folds
    if spec.kind in ("given", "slice") or np.abs(got - asked).max() <= _OFF_SHARE:
        return []
    message = N_(
        "Shares of the rows in percent: train {train}, validation {validation}, test {test}. Few rows, large groups or many duplicates allow no better."
    )
    percent = dict(
        zip(("train", "validation", "test"), (round(100 * share) for share in got.tolist()), strict=True)
    )
    findings = [Finding("split_off_share", "info", message, int(used.sum()), params=percent)]
    links = (table.groups, table.alike if spec.near_duplicates else None)
    blocks = block_ids(table.keys[used], *(codes if codes is None else codes[used] for codes in links))
    largest = blocks == np.bincount(blocks).argmax()
    if largest.mean() > 0.5:
        message = N_(
            "{count} rows ({percent} %) hang together through equal texts or groups and cannot be parted. Remove duplicates from the file, or choose a finer group column."
        )
        findings += _finding(
            "split_one_block",
            "warning",
            message,
            table.row_ids[used][largest],
            percent=round(100 * largest.mean()),
        )
    return findings


def _class_findings(table: SplitTable, parts: IntArray) -> list[Finding]:
    everywhere = table.class_rows(parts >= 0)
    in_train, in_test = table.class_rows(parts == TRAIN), table.class_rows(parts == TEST)
    single = (everywhere == 1) & (in_train == 1)
    unlearned = (everywhere > 0) & (in_train == 0)
    untested = (in_train > 0) & (in_test == 0) & ~single & bool((parts == TEST).any())
    findings: list[Finding] = []
    for code, classes, message in (
        ("split_single_example", single, N_("Classes with one example, which goes to train and is never tested: {labels}.")),
        ("split_class_not_in_train", unlearned, N_("Classes without a row in train, which cannot be learned: {labels}.")),
        ("split_class_not_in_test", untested, N_("Classes without a row in test, whose score there counts as 0 in averages: {labels}.")),
    ):  # fmt: skip
        names = [table.classes[at] for at in np.flatnonzero(classes)]
        rows = table.row_ids[np.isin(table.labels, np.flatnonzero(classes)) & (parts >= 0)]
        findings += _finding(code, "warning", message, rows, labels=some(names, _MOST_NAMES))
    return findings


def _finding(code: str, severity: Severity, message: str, rows: IntArray, **params: Any) -> list[Finding]:
    """One finding over `rows`, or none when there are none."""
    if not len(rows):
        return []
    shown = tuple(rows[:_MOST_ROWS].tolist())
    return [Finding(code, severity, message, len(rows), shown, {"count": len(rows), **params})]
