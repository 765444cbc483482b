"""Values of a slice column that are one value written in several ways.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.similar_names import alike, folded
from engine.data.table_view import TableView
from engine.errors import N_

MOST = 10_000
"""Distinct values up to which a column is looked at."""


class SimilarSlices:
    name, order, title = "similar_slices", 44, N_("Slice values that look alike")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        for column in table.schema.names("slice"):
            codes, values = table.values(column)
            if len(values) > MOST:
                continue
            same = [name for group in alike([v for v in values if v], folded) for name in group]
            if same:
                rows = table.ids[np.isin(codes, np.flatnonzero(values.isin(same)))]
                yield found(
                    "similar_slices", "warning", N_("Values of “{column}” that differ only in letter case, width or spaces: {values}. They are counted as different slices; correct the file if they mean the same."),
                    rows, column=column, values=some(same, 10),
                )  # fmt: skip


checks.register(SimilarSlices())
