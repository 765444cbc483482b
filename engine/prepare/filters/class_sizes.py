"""Rows of classes that are larger than asked.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params, param
from engine.prepare.filters import filters


class ClassSizeParams(Params):
    most: float = param(
        3.0, N_("Largest ratio"), N_("A class keeps at most this many times the rows of the smallest one; which, is drawn at random."), low=1.0, high=100.0,
        scale="log",
    )  # fmt: skip
    seed: int = param(
        0, N_("Seed"), N_("The same seed draws the same rows."), low=0, high=2**31 - 1, level="advanced"
    )


class ClassSizes:
    name, order = "class_size", 50
    task: str | None = None
    title = N_("Of large classes")
    help = N_(
        "Thins out large classes. Scores count every row, so weigh it against class weights, which drop nothing."
    )
    Params: type[Params] = ClassSizeParams

    def rows(
        self,
        table: TableView,
        params: ClassSizeParams,
        parts: pd.Series[str] | None,
        check: Callable[[], None],
    ) -> NDArray[np.int64]:
        allowed = int(params.most * table.classes.min()) if len(table.classes) else 0
        codes, draw = table.label_codes, np.random.default_rng(params.seed)
        gone = []
        for code, count in enumerate(table.classes):
            if count > allowed:
                gone.append(draw.permutation(np.flatnonzero(codes == code))[allowed:])
        return np.sort(table.ids[np.concatenate(gone)]) if gone else table.ids[:0]


filters.register(ClassSizes())
