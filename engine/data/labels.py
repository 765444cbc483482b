"""What the label column says, and what is wrong with it before anything is trained.

Stage 1 (data).
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import numpy as np
import pandas as pd

from engine.data import errors, limits
from engine.data.findings import finding, row_ids, some
from engine.data.schema import MISSING_LABELS, Finding, Schema
from engine.errors import N_

_SORTED_ROWS = 50
_SORTED_SHARE = 0.05
"""Labels change less than this share of what chance would give: the file is sorted by label."""


def labels_of(frame: pd.DataFrame, schema: Schema) -> pd.Series[str]:
    """The label of every row without surrounding white space, "" where it has none; index of `frame` kept."""
    column = schema.first("label")
    if column is None:
        return pd.Series("", index=frame.index, dtype="str")
    cells = frame[column].fillna("").str.strip()
    return cells.mask(cells.isin(list(MISSING_LABELS)), "")


def find_classes(labels: pd.Series[str], column: str) -> tuple[str, ...]:
    """The distinct labels sorted by text; raises `TooManyClasses`."""
    found = sorted(label for label in labels.unique() if label)
    if len(found) > limits.MAX_CLASSES:
        raise errors.TooManyClasses(column=column, found=len(found), limit=limits.MAX_CLASSES)
    return tuple(found)


def label_findings(frame: pd.DataFrame, schema: Schema) -> list[Finding]:
    """What keeps the labels of a table from being learned, and what makes it hard."""
    labels, ids = labels_of(frame, schema), row_ids(frame)
    given = (labels != "").to_numpy()
    counts = labels[given].value_counts()
    column = schema.first("label")
    if column is None:
        return [finding("no_label_column", "error", N_("No column is the label, so there is nothing to learn from. Give one the role “label”; working with data without labels comes in a later version."))]  # fmt: skip
    if counts.empty:
        return [finding("no_labels", "error", N_("None of the {count} rows has a label in the column “{column}”. Choose another column or label some rows; working with data without labels comes in a later version."), ids, column=column)]  # fmt: skip
    found: list[Finding] = []
    if len(frame) == 1:
        found.append(finding("one_row", "error", N_("There is only one row: enough to look at, too little to train."), ids))  # fmt: skip
    elif len(counts) == 1:
        found.append(finding("one_class", "error", N_("All labels are {label}. Training needs at least two classes."), ids[given], label=some([str(counts.index[0])])))  # fmt: skip
    single = [str(label) for label in counts.index[counts == 1]]
    if single and len(frame) > 1:
        rows = ids[labels.isin(single).to_numpy()]
        found.append(finding("single_example", "warning", N_("Classes with a single example: {classes}. A split cannot put such a class into two parts, so it cannot be both learned and tested."), rows, classes=some(single)))  # fmt: skip
    if not given.all():
        found.append(finding("unlabelled_rows", "warning", N_("Rows without a label: {count}. Training leaves them out."), ids[~given]))  # fmt: skip
    alike = _lookalikes([str(label) for label in counts.index])
    if alike:
        rows = ids[labels.isin(alike).to_numpy()]
        found.append(finding("similar_classes", "warning", N_("These classes differ only in letter case, width or accents' encoding: {classes}. They stay apart; if they mean the same, correct the file."), rows, classes=some(alike, 10)))  # fmt: skip
    return found


def sorted_finding(labels: pd.Series[str]) -> list[Finding]:
    """A note when the rows come sorted by label, as exports often do."""
    given = labels[labels != ""]
    codes = pd.factorize(given)[0]
    shares = np.bincount(codes) / max(len(codes), 1) if len(codes) else np.empty(0)
    by_chance = (len(codes) - 1) * float(1 - (shares**2).sum())
    changes = int((codes[1:] != codes[:-1]).sum())
    if len(codes) < _SORTED_ROWS or len(shares) < 2 or changes > _SORTED_SHARE * by_chance:
        return []
    return [finding("sorted_by_label", "info", N_("The rows are sorted by label. Bentu shuffles before it splits and trains; other tools may not."))]  # fmt: skip


def _lookalikes(classes: list[str]) -> list[str]:
    """Classes that are equal once case, width and normal form are folded (Unicode NFKC, case folding)."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        groups[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    return [name for group in groups.values() if len(group) > 1 for name in sorted(group)]
