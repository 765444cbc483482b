"""Texts with web addresses, as the cleaning step would replace them.

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

_DOTTED = r"(?i)(?:https?|ftp)://|www\.|\.(?:com|net|org|cn|co|ly|me|gl|be|io)/"


class WebAddresses:
    name, order, title = "web_addresses", 28, N_("Web addresses")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        from engine.prepare.clean.links import Links

        step, usual = Links(), Links.Params()
        places = matching(table.inputs, _DOTTED)
        rows = table.ids[closer(table.inputs, places, lambda text: step.apply(text, usual) != text)]  # type: ignore[arg-type]
        if len(rows):
            fix = Fix("clean", N_("Add the step that replaces them"), {"step": "links"})
            yield found("web_addresses", "info", N_("Texts with web addresses: {count}. A model learns single addresses by heart and nothing from them."), rows, fixes=[fix])  # fmt: skip


checks.register(WebAddresses())
