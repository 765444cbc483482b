"""Labels that a model which has not seen the row would not have given, by far.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from engine.data.checks import Stage, checks
from engine.data.checks.near_duplicates import near_groups
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

LEAST_ROWS = 50
"""Labelled rows below which nothing is said."""


class LabelErrors:
    name, order, title = "label_errors", 61, N_("Labels that are probably wrong")
    task: str | None = "text-classification"
    stage: Stage = "deep"

    def run(self, table: TableView) -> Iterable[Found]:
        from engine.data.confident_learning import doubtful_labels

        names = sorted(set(table.labels[table.given]))
        if int(table.given.sum()) < LEAST_ROWS or len(names) < 2:
            return
        codes = pd.Index(names).get_indexer(pd.Index(table.labels)).astype(np.int64)
        doubts = doubtful_labels(table.inputs.tolist(), codes, near_groups(table))
        count = len(doubts.places)
        if not count:
            return
        # Both are offers to look through: a model is no judge of what a person meant.
        fixes = [
            Fix(
                "relabel",
                N_("Look through {count} {count:suggestion|suggestions}"),
                {"count": count, "review": True},
            ),
            Fix("drop", N_("Look through and drop up to {count}"), {"count": count, "review": True}),
        ]
        yield found(
            "label_errors", "warning", N_("Labels that are probably wrong: {count} of {looked} looked at. A model that had not seen the row found another label far more probable; of all given labels it names {agreement} %, so look before you change."),
            table.ids[doubts.places], suggested=[names[code] for code in doubts.suggested], scores=doubts.margins, fixes=fixes,
            agreement=round(100 * doubts.agreement), looked=doubts.judged,
        )  # fmt: skip


checks.register(LabelErrors())
