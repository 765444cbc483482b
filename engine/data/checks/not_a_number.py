"""Cells that say "not a number" in a slice or group column whose other cells are numbers.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_

_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_NO_NUMBER = r"^(?i:[+-]?(?:nan|inf|infinity)|#n/a|#div/0!)$"
MOSTLY = 0.9
"""Share of the other cells that must be numbers."""


class NotANumber:
    name, order, title = "not_a_number", 41, N_("Cells that are no number among numbers")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        for column in (*table.schema.names("slice"), *table.schema.names("group")):
            codes, values = table.values(column)
            odd = values.str.match(_NO_NUMBER).to_numpy(dtype=bool)
            if not odd.any():
                continue
            counts = np.bincount(codes, minlength=len(values))
            numbers = int(counts[values.str.match(_NUMBER).to_numpy(dtype=bool)].sum())
            others = int(counts[(values != "").to_numpy() & ~odd].sum())
            if numbers and numbers >= MOSTLY * others:
                message = N_(
                    "Cells in the numeric column “{column}” that are no number (NaN, infinite): {count}."
                )
                yield found("not_a_number", "warning", message, table.ids[odd[codes]], column=column)


checks.register(NotANumber())
