"""Rows whose input stands in an earlier row too, by the modality's key.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_


class Duplicates:
    name, order, title = "duplicates", 30, N_("Repeated rows")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        copies = table.copies
        if not len(copies.rows):
            return
        order = np.argsort(copies.codes, kind="stable")  # the copies of one input stand together when shown
        extra = int(copies.later.sum())
        fix = Fix("dedupe", N_("Keep the first of each, drop {count}"), {"count": extra})
        yield found(
            "duplicates", "warning", N_("Rows that repeat an earlier one: {extra}. With the rows that they repeat these are {count}. A split by Bentu keeps equal rows together."),
            table.ids[copies.rows[order]], groups=copies.codes[order], fixes=[fix], extra=extra, inputs=copies.groups,
        )  # fmt: skip


checks.register(Duplicates())
