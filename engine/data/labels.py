"""What the label column says, and what keeps it from being learned.

Stage 1 (data).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from engine.data import errors, limits
from engine.data.findings import Found, found, some
from engine.data.schema import MISSING_LABELS, Schema
from engine.errors import N_


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


def label_obstacles(labels: pd.Series[str], schema: Schema) -> list[Found]:
    """What keeps the labels of a table from being learned at all; each is an error.

    Args:
        labels: the label of every row, "" where it has none, by row id.
        schema: roles of the columns.
    """
    column = schema.first("label")
    if column is None:
        return [found("no_label_column", "error", N_("No column is the label, so there is nothing to learn from. Give one the role “label”; working with data without labels comes in a later version."))]  # fmt: skip
    ids = labels.index.to_numpy(dtype=np.int64)
    given = (labels != "").to_numpy()
    classes = labels[given].unique()
    if not len(classes):
        return [found("no_labels", "error", N_("None of the {count} rows has a label in the column “{column}”. Choose another column or label some rows; working with data without labels comes in a later version."), ids, column=column)]  # fmt: skip
    if len(labels) == 1:
        return [
            found(
                "one_row", "error", N_("There is only one row: enough to look at, too little to train."), ids
            )
        ]
    if len(classes) == 1:
        return [found("one_class", "error", N_("All labels are {label}. Training needs at least two classes."), ids[given], label=some([str(classes[0])]))]  # fmt: skip
    return []
