"""Cells of the time column that are no date, or one that can be read in two ways.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.table_view import TableView
from engine.errors import N_


class UnreadableDates:
    name, order, title = "unreadable_dates", 42, N_("Dates that cannot be read")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        column = table.schema.first("time")
        if column is None:
            return
        unread = table.times.isna().to_numpy() & (table.cells(column) != "").to_numpy(dtype=bool)
        if unread.any():
            message = N_(
                "Dates in the column “{column}” that cannot be read: {count}. Write them as year-month-day."
            )
            yield found("unreadable_dates", "info", message, table.ids[unread], column=column)


checks.register(UnreadableDates())
