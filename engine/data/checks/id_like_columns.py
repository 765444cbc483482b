"""Columns whose cells name rows one by one although their role says otherwise.

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

ROWS = 50
"""In a smaller table many values are distinct by chance."""
DISTINCT = 0.9
"""Distinct values over filled cells from which a column names its rows."""
LOOKED, SURE = 2_000, 0.98
"""Cells of an input column that are looked at, and the share of them that must be numbers or codes."""
_ID = r"^[A-Za-z]{0,8}[-_#]?[0-9][0-9A-Fa-f_-]*$|^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
"""Numbers, numbered names and UUIDs: what an input column of texts does not consist of."""

_MESSAGES = {
    "slice": N_("Nearly every row has its own value in the slice column “{column}” ({distinct} values in {filled} cells): it looks like an id, and no score can be given by it."),
    "group": N_("Nearly every row is a group of its own by the column “{column}” ({distinct} values in {filled} cells): it looks like an id, and holds no rows together."),
    "input": N_("The input column “{column}” looks like an id: {distinct} different numbers or codes in {filled} cells. A model can only learn them by heart."),
    "label": N_("Nearly every row has its own label in the column “{column}” ({distinct} labels in {filled} cells): it looks like an id or a text, not like classes."),
}  # fmt: skip


class IdLikeColumns:
    name, order, title = "id_like_columns", 46, N_("Columns that look like ids")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        if len(table.frame) < ROWS:
            return
        schema = table.schema
        spare = "id" if schema.first("id") is None else "ignore"
        for column in schema.columns:
            if column.role not in _MESSAGES:
                continue
            if column.role == "input" and not _ids(table.cells(column.name)):
                continue  # before its distinct texts are counted, which is dear
            codes, values = table.values(column.name)
            empty = (values == "").to_numpy(dtype=bool)
            filled = int((~empty[codes]).sum())
            distinct = int((~empty).sum())
            if filled < ROWS or distinct < DISTINCT * filled:
                continue
            lonely = column.role == "label" or (column.role == "input" and len(schema.names("input")) == 1)
            title = N_("Make “{column}” the id") if spare == "id" else N_("Ignore the column “{column}”")
            fix = Fix("role", title, {"column": column.name, "role": spare})
            yield found(
                "id_like_column", "warning", _MESSAGES[column.role], fixes=() if lonely else [fix], column=column.name,
                distinct=distinct, filled=filled,
            )  # fmt: skip
            spare = "ignore"


def _ids(cells: pd.Series[str]) -> bool:
    """Whether the filled cells are numbers and codes; looks at some of them that are spread over all."""
    looked = cells.iloc[np.linspace(0, len(cells) - 1, min(len(cells), LOOKED)).astype(int)]
    looked = looked[looked != ""]
    return len(looked) > 0 and bool(looked.str.match(_ID).mean() >= SURE)


checks.register(IdLikeColumns())
