"""Values of a slice column with too few rows for a score of their own.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.table_view import TableView
from engine.errors import N_

LEAST = 30
"""Rows below which a slice's score says little: of 30 rows some 5 are tested."""
MOST_DISTINCT = 0.5
"""Share of the rows from which a column's distinct values are no slices but names of rows; another check says so."""


class SmallSlices:
    name, order, title = "small_slices", 43, N_("Slices with too few rows")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        for column in table.schema.names("slice"):
            codes, values = table.values(column)
            counts = np.bincount(codes, minlength=len(values))
            given = (values != "").to_numpy(dtype=bool)
            if int(given.sum()) < 2 or given.sum() > MOST_DISTINCT * len(codes):
                continue
            small = given & (counts < LEAST)
            if small.any():
                order = np.flatnonzero(small)[np.argsort(counts[small], kind="stable")]
                yield found(
                    "small_slices", "info", N_("Values of “{column}” with fewer than {least} rows: {values}. Their scores will be too uncertain to compare."),
                    table.ids[small[codes]], column=column, least=LEAST, values=some([str(values[i]) for i in order]),
                )  # fmt: skip


checks.register(SmallSlices())
