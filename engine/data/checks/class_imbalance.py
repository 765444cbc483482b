"""One class with many times the rows of another.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.table_view import TableView
from engine.errors import N_

RATIO = 10
"""Largest over smallest class from which a model may do well by hardly ever naming the small one."""
_LARGER = 5
"""A class is called small where the largest has more than this many times its rows."""


class ClassImbalance:
    name, order, title = "class_imbalance", 13, N_("Classes of very different size")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        classes = table.classes
        if len(classes) < 2 or classes.iloc[0] < RATIO * classes.iloc[-1]:
            return
        small = [str(name) for name in classes.index[classes < classes.iloc[0] / _LARGER]][::-1]
        yield found(
            "class_imbalance", "warning", N_("The class {largest} has {ratio} times as many rows as {smallest}. A model can score well while it hardly ever names the small classes ({small}): look at macro-F1 and at the score of each class."),
            table.rows_labelled(small), largest=some([str(classes.index[0])]), smallest=some([str(classes.index[-1])]),
            ratio=int(classes.iloc[0] // classes.iloc[-1]), small=some(small),
        )  # fmt: skip


checks.register(ClassImbalance())
