"""Equal inputs that have different labels.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

COPIES, MAJORITY = 3, 2 / 3
"""A label is clear where at least so many copies have a label and more than this share of them the same one."""


class ConflictingLabels:
    name, order, title = "conflicting_labels", 31, N_("One input with two labels")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        positions, codes = clashing(table)
        if not len(positions):
            return
        ids, labels = table.ids[positions], table.labels.to_numpy(dtype=object)[positions]
        groups = len(np.unique(codes))
        drop = Fix("drop", N_("Drop all {count}"), {"count": len(ids)})
        yield found(
            "conflicting_labels", "warning", N_("Equal inputs with different labels: {inputs}, in {count} rows. No model can get all of them right."),
            ids, groups=codes, fixes=[drop], inputs=groups,
        )  # fmt: skip
        clear = _clear(codes, labels)
        settled = np.array([code in clear for code in codes], dtype=bool)
        if settled.any():
            suggested = [clear[code] for code in codes[settled]]
            wrong = int(sum(new != old for new, old in zip(suggested, labels[settled], strict=True)))
            relabel = Fix(
                "relabel", N_("Give {count} {count:row|rows} the label of the majority"), {"count": wrong}
            )
            yield found(
                "clear_majority", "info", N_("Of the equal inputs with different labels, {inputs} {inputs:has|have} a clear majority: at least {copies} copies, more than two thirds of them with one label."),
                ids[settled], groups=codes[settled], suggested=suggested, fixes=[relabel],
                inputs=len(clear), copies=COPIES,
            )  # fmt: skip


def clashing(table: TableView) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows whose input has two labels, copies of one input together, and the codes of the inputs."""
    copies = table.copies
    labels = table.label_codes[copies.rows]
    given = labels >= 0
    pairs = pd.DataFrame({"input": copies.codes[given], "label": labels[given]}).drop_duplicates()
    kinds = np.bincount(pairs["input"], minlength=copies.groups)
    chosen = kinds[copies.codes] > 1 if copies.groups else np.zeros(0, dtype=bool)
    order = np.argsort(copies.codes[chosen], kind="stable")
    return copies.rows[chosen][order], copies.codes[chosen][order]


def _clear(codes: np.ndarray, labels: np.ndarray) -> dict[int, str]:
    """The label of the clear majority of each input that has one."""
    given = labels != ""
    counts = pd.DataFrame({"input": codes[given], "label": labels[given]}).value_counts().reset_index()
    total = counts.groupby("input")["count"].transform("sum")
    clear = counts[(total >= COPIES) & (counts["count"] > MAJORITY * total)]
    return dict(zip(clear["input"].astype(int), clear["label"], strict=True))


checks.register(ConflictingLabels())
