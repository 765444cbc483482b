"""Class shares that change between the first and the last third of time.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.data.checks import Stage, checks
from engine.data.drift import LEAST_ROWS, compare, sampled, thirds
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_

SAMPLE = 20_000
"""Rows of each third that are compared."""
BITS = 0.005
"""Divergence above chance from which a change is worth saying: 0.005 bits are shares of 50 and 58 %."""


class ClassDrift:
    name, order, title = "class_drift", 47, N_("Class shares that change over time")
    task: str | None = None
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        column = table.schema.first("time")
        parts = thirds(table.times) if column else None
        if parts is None:
            return
        early, late = parts
        labelled = [part[table.given[part]] for part in (early, late)]
        if min(map(len, labelled)) >= LEAST_ROWS and len(table.classes) > 1:
            rows, is_late = sampled(labelled[0], labelled[1], SAMPLE)
            codes = table.label_codes[rows]
            if compare(np.arange(len(rows)), codes, is_late).real(BITS):
                yield found(
                    "class_drift", "info", N_("The shares of the classes change over time (column “{column}”): {changes} between the first and the last third. A split by time shows how a model fares with what comes later."),
                    table.ids[late], column=column, changes=_changes(table, codes, is_late),
                )  # fmt: skip


def _changes(table: TableView, codes: NDArray[np.int64], late: NDArray[np.bool_]) -> list[str]:
    """The classes whose share changed most: "“bad” 20 → 41 %"."""
    width = len(table.classes)
    before = np.bincount(codes[~late], minlength=width) / max(int((~late).sum()), 1)
    after = np.bincount(codes[late], minlength=width) / max(int(late.sum()), 1)
    most = np.argsort(-np.abs(after - before), kind="stable")[:3]
    return [
        f"“{str(table.classes.index[i])[:40]}” {before[i] * 100:.0f} → {after[i] * 100:.0f} %" for i in most
    ]


checks.register(ClassDrift())
