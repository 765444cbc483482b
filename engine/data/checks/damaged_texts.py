"""Texts with U+FFFD, which stands where a character could not be decoded.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scripts import REPLACEMENT
from engine.data.table_view import TableView
from engine.errors import N_


class DamagedTexts:
    name, order, title = "damaged_texts", 22, N_("Lost characters")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[table.inputs.str.contains(REPLACEMENT, regex=False).to_numpy(dtype=bool)]
        if len(rows):
            yield found(
                "damaged_texts",
                "warning",
                N_("Texts with the sign �, which stands for characters that were lost: {count}."),
                rows,
            )


checks.register(DamagedTexts())
