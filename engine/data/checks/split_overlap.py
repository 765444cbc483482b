"""Equal inputs in two parts of a split that the data bring.

Stage 1 (data). Bentu's own splits keep equal inputs together; a given one is honoured and its leaks are said.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

PARTS = ("train", "dev", "val", "valid", "validation", "test")
"""What a file calls its parts; rows with other values are in none."""


class SplitOverlap:
    name, order, title = "split_overlap", 32, N_("Equal inputs in two given parts")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        column = table.schema.first("split")
        if column is None:
            return
        codes, values = table.values(column)
        parts = sorted((v for v in values if v.lower() in PARTS), key=lambda v: PARTS.index(v.lower()))
        copies = table.copies
        part_of = codes[copies.rows]
        inside = {part: np.isin(part_of, np.flatnonzero(values == part)) for part in parts}
        for first, second in combinations(parts, 2):
            shared = np.intersect1d(copies.codes[inside[first]], copies.codes[inside[second]])
            if not len(shared):
                continue
            rows = np.isin(copies.codes, shared) & (inside[first] | inside[second])
            order = np.argsort(copies.codes[rows], kind="stable")
            fix = Fix("regroup", N_("Divide anew so that equal rows stay together"))
            yield found(
                "split_overlap", "warning", N_("Inputs that stand both in “{first}” and in “{second}”: {inputs}, in {count} rows. What was learned by heart in one part looks like knowledge in the other."),
                table.ids[copies.rows[rows][order]], groups=copies.codes[rows][order], fixes=[fix], first=first, second=second, inputs=len(shared),
            )  # fmt: skip


checks.register(SplitOverlap())
