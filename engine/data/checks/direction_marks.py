"""Texts with signs that turn the direction of the text around them (Unicode UAX 9).

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.scripts import BIDI
from engine.data.table_view import TableView
from engine.errors import N_


class DirectionMarks:
    name, order, title = "direction_marks", 24, N_("Invisible direction marks")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[table.inputs.str.contains(BIDI).to_numpy(dtype=bool)]
        if len(rows):
            fix = Fix("clean", N_("Add the step that takes them out"), {"step": "control"})
            yield found(
                "direction_marks",
                "info",
                N_(
                    "Texts with invisible direction marks, which can make text read otherwise than it is stored: {count}."
                ),
                rows,
                fixes=[fix],
            )


checks.register(DirectionMarks())
