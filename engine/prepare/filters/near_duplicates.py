"""Rows that nearly repeat another one.

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
from engine.params import Params, param
from engine.prepare.filters import filters


class NearParams(Params):
    alike: float = param(
        0.6, N_("How alike"), N_("Share of the short character sequences that two texts must have in common. 1 is the same text."), low=0.4, high=1.0
    )  # fmt: skip


class NearDuplicates:
    name, order = "near_duplicates", 15
    task: str | None = "text-classification"
    title = N_("Nearly repeated")
    help = N_(
        "Reposts, typing errors, one word changed: of each group one row stays. Takes a few seconds for ten thousand rows."
    )
    Params: type[Params] = NearParams

    def rows(
        self, table: TableView, params: NearParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        from engine.data.near_duplicates import near_duplicate_groups

        groups = near_duplicate_groups(
            table.inputs.tolist(), threshold=params.alike, progress=lambda share: check()
        )
        return later_copies(table.ids, groups, parts)


filters.register(NearDuplicates())
