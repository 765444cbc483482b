"""Rows unlike all others.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.checks import checks
from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params
from engine.prepare.filters import filters


class NoParams(Params):
    pass


class Outliers:
    name, order = "outliers", 45
    task: str | None = "text-classification"
    title = N_("Unlike all others")
    help = N_(
        "Drops what the check for outliers names: texts that resemble no other one. Look at them first."
    )
    Params: type[Params] = NoParams

    def rows(
        self, table: TableView, params: NoParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        check()
        found = [one.rows for one in checks.get("outliers").run(table)]
        return np.unique(np.concatenate(found)) if found else table.ids[:0]


filters.register(Outliers())
