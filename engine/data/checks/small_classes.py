"""Classes with too few examples to be learned and tested.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.table_view import TableView
from engine.errors import N_

LEAST = 10
"""Rows below which a class is too small: of ten, one or two are tested, and one answer moves the class's score by half."""


class SmallClasses:
    name, order, title = "small_classes", 11, N_("Classes with too few rows")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        if len(table.classes) < 2:
            return  # said as an obstacle
        counts = table.classes.to_numpy()
        for code, few, message in (
            ("single_example", counts == 1, N_("Classes with a single example: {classes}. A split cannot put such a class into two parts, so it cannot be both learned and tested.")),
            ("small_classes", (counts > 1) & (counts < LEAST), N_("Classes with fewer than {least} rows: {classes}. So few can hardly be learned, and their scores are little more than chance.")),
        ):  # fmt: skip
            names = table.classes.index[few]
            if len(names):
                rows = table.ids[np.isin(table.label_codes, np.flatnonzero(few))]
                yield found(
                    code, "warning", message, rows, least=LEAST, classes=some([str(name) for name in names])
                )


checks.register(SmallClasses())
