"""Texts that are far longer than what people write by hand.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data import limits
from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_


class LongTexts:
    name, order, title = "long_texts", 21, N_("Very long texts")
    task: str | None = "text-classification"
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        rows = table.ids[(table.sizes > limits.LONG_TEXT).to_numpy(dtype=bool)]
        if len(rows):
            yield found("long_texts", "warning", N_("Texts with more than {limit} characters: {count}. Of the models here only the listing of the article stops reading after some words."), rows, limit=f"{limits.LONG_TEXT:,}")  # fmt: skip


checks.register(LongTexts())
