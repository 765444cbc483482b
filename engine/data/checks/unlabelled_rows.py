"""Rows whose label cell is empty, in a table that has labels.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_


class UnlabelledRows:
    name, order, title = "unlabelled_rows", 10, N_("Rows without a label")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        if table.given.any() and not table.given.all():
            rows = table.ids[~table.given]
            yield found(
                "unlabelled_rows",
                "warning",
                N_("Rows without a label: {count}. Training leaves them out."),
                rows,
            )


checks.register(UnlabelledRows())
