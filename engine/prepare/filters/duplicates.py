"""Rows that repeat another one.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.edits import later_copies
from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params
from engine.prepare.filters import filters


class NoParams(Params):
    pass


class Duplicates:
    name, order = "duplicates", 10
    task: str | None = None
    title = N_("Repeated")
    help = N_(
        "Of rows with the same input one stays: that of the test part, else of validation, else the first."
    )
    Params: type[Params] = NoParams

    def rows(
        self, table: TableView, params: NoParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        copies = table.copies
        return later_copies(table.ids[copies.rows], copies.codes, parts)


filters.register(Duplicates())
