"""Rows without a label.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params
from engine.prepare.filters import filters


class NoParams(Params):
    pass


class Unlabelled:
    name, order = "unlabelled", 60
    task: str | None = None
    title = N_("Without a label")
    help = N_("Drops rows without a label. Training leaves them out in any case.")
    Params: type[Params] = NoParams

    def rows(
        self, table: TableView, params: NoParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        return table.ids[~table.given]


filters.register(Unlabelled())
