"""Columns with a role whose cells all say the same.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found, some
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

LEAST = 2
"""A single row says nothing about a column."""


class ConstantColumns:
    name, order, title = "constant_columns", 45, N_("Columns that say the same in every row")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        inputs = table.schema.names("input")
        columns = [*table.schema.names("slice"), *table.schema.names("group"), *table.schema.names("time")]
        for column in [*(inputs if len(inputs) > 1 else ()), *columns]:
            values = table.values(column)[1]
            if len(table.frame) < LEAST or len(values) > 1:
                continue
            fix = Fix("role", N_("Ignore the column “{column}”"), {"column": column, "role": "ignore"})
            yield found(
                "constant_column", "info", N_("All cells of the column “{column}” say {text}: it tells no rows apart."),
                fixes=[fix], column=column, text=some([str(values[0])]),
            )  # fmt: skip


checks.register(ConstantColumns())
