"""What is in a dataset version, in numbers and findings.

Stage 1 (data). Runs in a job; a page reads the stored result.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.findings import finding
from engine.data.labels import label_findings, labels_of, sorted_finding
from engine.data.measures import Histogram, Measure, measure
from engine.data.profile.columns import column_profiles, odd_cells, slice_profile, time_profile
from engine.data.profile.crosses import CrossTab, cross_tabs
from engine.data.profile.result import (
    ClassCount,
    ColumnProfile,
    Conflicts,
    Profile,
    Repeats,
    SliceProfile,
    TimeProfile,
)
from engine.data.schema import Finding, Schema
from engine.data.versions import read_inputs
from engine.errors import N_
from engine.modality import Modality

__all__ = [
    "ClassCount", "ColumnProfile", "Conflicts", "CrossTab", "Histogram", "Measure", "Profile", "Repeats", "SliceProfile",
    "TimeProfile", "profile_table",
]  # fmt: skip

_CHUNK = 50_000
"""Rows whose keys are held at once."""


def profile_table(
    frame: pd.DataFrame, schema: Schema, modality: Modality, report: Callable[[float], None] | None = None
) -> Profile:
    """Profile a table.

    Args:
        frame: text cells, with or without a `row_id` column.
        schema: roles of the columns.
        modality: of the schema's task.
        report: called with the share done, 0 to 1.

    Raises:
        DataError: what the modality refuses.
    """
    start = time.perf_counter()
    tell = report or (lambda share: None)
    labels = labels_of(frame, schema)
    inputs = read_inputs(frame, schema, modality)
    sizes = modality.sizes(inputs)
    findings = [*label_findings(frame, schema), *modality.validate(inputs)]
    tell(0.2)
    duplicates, conflicts, repeated = _repeats(inputs, labels, modality)
    findings += repeated
    tell(0.5)
    columns = column_profiles(frame, schema)
    slices = tuple(slice_profile(frame, name, labels) for name in schema.names("slice"))
    column = schema.first("time")
    days, unreadable = time_profile(frame, column) if column else (None, [])
    findings += [*sorted_finding(labels), *odd_cells(frame, schema), *unreadable]
    tell(0.7)
    details = modality.describe(inputs)
    tell(1.0)
    classes = _classes(labels, sizes)
    return Profile(
        task=modality.name, rows=len(frame), labelled=sum(c.count for c in classes), classes=classes,
        majority_share=classes[0].share if classes else 0.0, sizes=measure(sizes.to_numpy(), modality.size_unit),
        columns=columns, duplicates=duplicates, conflicts=conflicts, slices=slices,
        crosses=cross_tabs(frame, schema, labels), time=days,
        split=_split(frame, schema), details=dict(details), findings=tuple(findings),
        seconds=round(time.perf_counter() - start, 3),
    )  # fmt: skip


def _classes(labels: pd.Series[str], sizes: pd.Series[int]) -> tuple[ClassCount, ...]:
    given = (labels != "").to_numpy()
    named = labels.to_numpy(dtype=object)[given]
    medians = pd.Series(sizes.to_numpy()[given]).groupby(named).median().to_dict()
    counts = pd.Series(named).value_counts()
    return tuple(
        ClassCount(
            label=str(label), count=int(n), share=int(n) / len(named), size_median=float(medians[label])
        )
        for label, n in counts.items()
    )


def _repeats(
    inputs: pd.Series, labels: pd.Series[str], modality: Modality
) -> tuple[Repeats, Conflicts, list[Finding]]:
    """Equal inputs, and equal inputs whose labels disagree. Inputs without content are left to the modality's checks."""
    rows = _candidates(inputs, modality)
    ids = inputs.index.to_numpy(dtype=np.int64)[rows]
    codes, names = pd.factorize(np.array([modality.key(value) for value in inputs.iloc[rows]], dtype=object))
    counts = np.bincount(codes, minlength=len(names))
    repeated = counts[codes] > 1
    later = repeated & pd.Series(codes).duplicated().to_numpy()
    pairs = pd.DataFrame({"key": codes, "label": labels.to_numpy(dtype=object)[rows]})[repeated]
    kinds = pairs[pairs["label"] != ""].drop_duplicates().groupby("key").size()
    clashing = kinds.index[kinds > 1].to_numpy()
    clash = np.isin(codes, clashing)
    found = []
    if later.any():
        message = N_("Rows that repeat an earlier one: {count}. A split by Bentu keeps equal rows together. Rows that are only nearly equal are not looked for yet.")  # fmt: skip
        found.append(finding("duplicates", "warning", message, ids[later]))
    if clash.any():
        message = N_("Equal inputs with different labels: {groups}, in {count} rows. No model can get all of them right.")  # fmt: skip
        order = np.argsort(codes[clash], kind="stable")  # rows of one input stand together when shown
        found.append(
            finding("conflicting_labels", "warning", message, ids[clash][order], groups=len(clashing))
        )
    repeats = Repeats(groups=int((counts > 1).sum()), rows=int(repeated.sum()), extra=int(later.sum()))
    return repeats, Conflicts(groups=len(clashing), rows=int(clash.sum())), found


def _candidates(inputs: pd.Series, modality: Modality) -> NDArray[np.int64]:
    """Positions of inputs whose key hashes like another one's: few, so that a million keys need not be held at once."""
    hashes = np.empty(len(inputs), dtype=np.int64)
    content = np.empty(len(inputs), dtype=bool)
    for start in range(0, len(inputs), _CHUNK):
        keys = list(map(modality.key, inputs.iloc[start : start + _CHUNK].to_numpy(dtype=object)))
        hashes[start : start + _CHUNK] = [hash(key) for key in keys]
        content[start : start + _CHUNK] = list(map(bool, keys))
    twice = pd.Series(hashes).duplicated(keep=False).to_numpy()
    return np.flatnonzero(twice & content)


def _split(frame: pd.DataFrame, schema: Schema) -> dict[str, int]:
    column = schema.first("split")
    if column is None:
        return {}
    counts = frame[column].fillna("").str.strip().value_counts().head(50)
    return {str(value): int(count) for value, count in counts.items()}
