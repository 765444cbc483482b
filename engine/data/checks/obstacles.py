"""What keeps the labels of a table from being learned at all.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found
from engine.data.labels import label_obstacles
from engine.data.table_view import TableView
from engine.errors import N_


class Obstacles:
    name, order, title = "obstacles", 1, N_("Labels that can be learned")
    task: str | None = None
    stage: Stage = "core"

    def run(self, table: TableView) -> Iterable[Found]:
        return label_obstacles(table.labels, table.schema)


checks.register(Obstacles())
