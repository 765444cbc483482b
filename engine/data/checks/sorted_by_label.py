"""Rows that come sorted by label, as exports often do.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_

ROWS = 50
"""Fewer rows than this can look sorted by chance."""
SHARE = 0.05
"""Labels change less than this share of what chance would give: the file is sorted by label."""


class SortedByLabel:
    name, order, title = "sorted_by_label", 14, N_("Rows sorted by label")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        codes = table.label_codes[table.given]
        if len(codes) < ROWS or len(table.classes) < 2:
            return
        shares = table.classes.to_numpy() / len(codes)
        by_chance = (len(codes) - 1) * float(1 - (shares**2).sum())
        changes = int(np.count_nonzero(codes[1:] != codes[:-1]))
        if changes <= SHARE * by_chance:
            yield found("sorted_by_label", "info", N_("The rows are sorted by label. Bentu shuffles before it splits and trains; other tools may not."))  # fmt: skip


checks.register(SortedByLabel())
