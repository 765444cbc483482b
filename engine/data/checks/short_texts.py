"""Texts with nothing to read: no letter or digit at all, or a single one.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scanning import matching
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

_BARE = r"^\s*[^\pL\pN\s][^\pL\pN]*$"
_USUAL = 4
"""Characters that half of the texts must have: where letters are what is sorted, a single one is no fault."""
_SINGLE = r"^[^\pL\pN]*[\pL\pN][^\pL\pN]*$"


class ShortTexts:
    name, order, title = "short_texts", 42, N_("Texts with nothing to read")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        if not len(table.sizes) or table.sizes.median() < _USUAL:
            return
        for code, pattern, message in (
            ("wordless_texts", _BARE, N_("Texts without any letter or digit, only signs or emoji: {count}. Whether they say something is for you to judge.")),
            ("single_letters", _SINGLE, N_("Texts with a single letter or digit: {count}. A model can hardly tell what they mean.")),
        ):  # fmt: skip
            rows = table.ids[matching(table.inputs, pattern)]
            if len(rows):
                yield found(
                    code,
                    "info",
                    message,
                    rows,
                    fixes=[Fix("drop", N_("Drop all {count}"), {"count": len(rows)})],
                )


checks.register(ShortTexts())
