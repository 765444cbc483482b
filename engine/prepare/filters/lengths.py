"""Rows whose input is shorter or longer than asked.

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


class LengthParams(Params):
    least: int = param(
        3, N_("Shortest"), N_("Rows with a shorter input go."), low=0, high=1000, unit=N_("characters")
    )
    most: int = param(20_000, N_("Longest"), N_("Rows with a longer input go."), low=1, high=200_000, scale="log", unit=N_("characters"))  # fmt: skip


class Lengths:
    name, order = "length", 20
    task: str | None = None
    title = N_("Too short or too long")
    help = N_("Drops rows whose input has fewer or more characters than you allow.")
    Params: type[Params] = LengthParams

    def rows(
        self, table: TableView, params: LengthParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        sizes = table.sizes.to_numpy()
        return table.ids[(sizes < params.least) | (sizes > params.most)]


filters.register(Lengths())
