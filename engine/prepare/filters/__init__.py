"""Row filters: which rows a person may want to drop, by one rule each. One file a filter.

Stage 2 (prepare). A filter names rows; dropping them makes a child version (`engine.data.edits`) and is never replayed
by a recipe, so nothing that is served is filtered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params
from engine.registry import Registry


class RowFilter(Protocol):
    """One rule by which rows are dropped."""

    name: str
    task: str | None
    """The modality it is for, or None for all."""
    title: str
    help: str
    order: int
    Params: type[Params]

    def rows(
        self, table: TableView, params: Any, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        """Ids of the rows that the rule would drop.

        Args:
            table: the version's table.
            params: of the rule.
            parts: the part of each row by id, for rules that choose between copies; None where nothing is divided.
            check: called now and then; may raise to stop the work.
        """
        ...


filters: Registry[RowFilter] = Registry(N_("row filter"), "engine.prepare.filters")
