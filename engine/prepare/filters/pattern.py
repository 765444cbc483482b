"""Rows in which a pattern is found, or is not.

Stage 2 (prepare).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.table_view import TableView
from engine.errors import N_
from engine.params import Params, param
from engine.prepare.filters import filters
from engine.prepare.patterns import matches, read_pattern

_CHECKED = 500
"""Rows after which the work may be stopped."""


class PatternParams(Params):
    pattern: str = param(
        "", N_("Pattern"), N_("A regular expression; a plain word finds itself."), max_length=500
    )
    keep: Literal["others", "matching"] = param(
        "others", N_("What stays"), N_("Whether rows with a match go, or rows without one."),
        titles=(N_("rows without a match"), N_("rows with a match")),
    )  # fmt: skip
    ignore_case: bool = param(False, N_("Ignore letter case"), N_("“Ad” finds “AD” too."))


class Pattern:
    name, order = "pattern", 40
    task: str | None = "text-classification"
    title = N_("By a pattern")
    help = N_("Drops rows in whose text a pattern is found, such as advertising phrases.")
    Params: type[Params] = PatternParams

    def rows(
        self, table: TableView, params: PatternParams, parts: pd.Series[str] | None, check: Callable[[], None]
    ) -> NDArray[np.int64]:
        pattern = read_pattern(params.pattern, params.ignore_case)
        found = np.zeros(len(table.ids), dtype=bool)
        for place, text in enumerate(table.inputs):
            if place % _CHECKED == 0:
                check()
            found[place] = matches(pattern, text)
        return table.ids[found if params.keep == "others" else ~found]


filters.register(Pattern())
