"""Texts with signs without width, which change how words are cut.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.schema import Fix
from engine.data.scripts import INVISIBLE
from engine.data.table_view import TableView
from engine.errors import N_


class InvisibleCharacters:
    name, order, title = "invisible_characters", 25, N_("Invisible characters")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[table.inputs.str.contains(INVISIBLE).to_numpy(dtype=bool)]
        if len(rows):
            fix = Fix("clean", N_("Add the step that takes them out"), {"step": "control"})
            yield found(
                "invisible_characters",
                "info",
                N_("Texts with invisible characters such as byte order marks or zero-width spaces: {count}."),
                rows,
                fixes=[fix],
            )


checks.register(InvisibleCharacters())
