"""Rows whose text is empty or only white space.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_


class EmptyTexts:
    name, order, title = "empty_texts", 20, N_("Rows without any text")
    task: str | None = "text-classification"
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[(table.inputs.str.strip() == "").to_numpy(dtype=bool)]
        if len(rows):
            yield found(
                "empty_texts", "warning", N_("Rows without any text: {count}."), rows,
                fixes=[Fix("drop", N_("Drop all {count}"), {"count": len(rows)})],
            )  # fmt: skip


checks.register(EmptyTexts())
