"""Texts with control characters other than tab and line breaks.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.scripts import CONTROLS
from engine.data.table_view import TableView
from engine.errors import N_


class ControlCharacters:
    name, order, title = "control_characters", 23, N_("Control characters")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[table.inputs.str.contains(CONTROLS).to_numpy(dtype=bool)]
        if len(rows):
            fix = Fix("clean", N_("Add the step that takes them out"), {"step": "control"})
            yield found(
                "control_characters", "info", N_("Texts with control characters: {count}."), rows, fixes=[fix]
            )


checks.register(ControlCharacters())
