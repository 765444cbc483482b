"""Empty cells in the columns that rows are told apart or held together by.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_


class MissingValues:
    name, order, title = "missing_values", 40, N_("Empty cells")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        schema = table.schema
        for column in (
            *schema.names("slice"),
            *schema.names("group"),
            *schema.names("time"),
            *schema.names("split"),
        ):
            rows = table.ids[(table.cells(column) == "").to_numpy(dtype=bool)]
            if len(rows):
                yield found("missing_values", "info", N_("Empty cells in the column “{column}”: {count}."), rows, column=column)  # fmt: skip


checks.register(MissingValues())
