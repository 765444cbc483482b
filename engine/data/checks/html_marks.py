"""Texts with HTML tags or entities, as the cleaning step would take them off.

Stage 1 (data).
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scanning import closer, matching
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

_MARKS = r"<[/!?]?[A-Za-z]|<!--|&(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]+);"


class HtmlMarks:
    name, order, title = "html_marks", 27, N_("HTML marks")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        from engine.prepare.clean.html import Html

        step, usual = Html(), Html.Params()
        places = matching(table.inputs, _MARKS)
        rows = table.ids[closer(table.inputs, places, lambda text: step.apply(text, usual) != text)]  # type: ignore[arg-type]
        if len(rows):
            fix = Fix("clean", N_("Add the step that takes them off"), {"step": "html"})
            yield found(
                "html_marks",
                "warning",
                N_("Texts with HTML tags or codes such as `&amp;`: {count}."),
                rows,
                fixes=[fix],
            )


checks.register(HtmlMarks())
