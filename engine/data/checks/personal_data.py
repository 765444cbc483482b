"""Telephone numbers, e-mail addresses, identity cards and bank cards in texts, as the cleaning steps would mask them.

Stage 1 (data). The findings hold counts and rows only, never what was found.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.data.checks import Stage, checks
from engine.data.findings import Found, found
from engine.data.scanning import Ints, closer, matching
from engine.data.schema import Fix
from engine.data.table_view import TableView
from engine.errors import N_

_SUSPECT = r"[@＠][A-Za-z0-9-]+\.|[0-9](?:[-.\s()]{0,2}[0-9]){8}|[A-Z]{2}[0-9]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{3}"


class PersonalData:
    name, order, title = "personal_data", 29, N_("Personal data")
    task: str | None = "text-classification"
    stage: Stage = "content"

    def run(self, table: TableView) -> Iterable[Found]:
        suspects = matching(table.inputs, _SUSPECT)
        telephones, mails = (_masked(table, suspects, "emails_phones", kind) for kind in ("phones", "emails"))
        identity, cards = (
            _masked(table, suspects, "personal_numbers", kind) for kind in ("identity", "cards")
        )
        # Part of a card's number can look like a telephone number.
        telephones = np.setdiff1d(telephones, np.union1d(identity, cards))
        if len(telephones) or len(mails):
            fix = Fix("clean", N_("Add the step that masks them"), {"step": "emails_phones"})
            yield found(
                "personal_contacts", "warning", N_("Texts with telephone numbers ({telephones}) or e-mail addresses ({mails}): {count}. They belong to people; mask them before you train or share."),
                table.ids[np.union1d(telephones, mails)], fixes=[fix], telephones=len(telephones), mails=len(mails),
            )  # fmt: skip
        if len(identity) or len(cards):
            fix = Fix("clean", N_("Add the step that masks them"), {"step": "personal_numbers"})
            yield found(
                "personal_numbers", "warning", N_("Texts with numbers of identity cards ({identity}) or of bank cards and accounts ({cards}): {count}. Their check digits are right; mask them before you train or share."),
                table.ids[np.union1d(identity, cards)], fixes=[fix], identity=len(identity), cards=len(cards),
            )  # fmt: skip


def _masked(table: TableView, suspects: Ints, name: str, kind: str) -> Ints:
    """Those of the suspects that the step changes with this kind alone switched on."""
    from engine.prepare.steps import steps

    step = steps.get(name)
    switches = [field for field in step.Params.model_fields if field != "mode"]
    alone = step.Params(**{switch: switch == kind for switch in switches})
    return closer(table.inputs, suspects, lambda text: step.apply(text, alone) != text)


checks.register(PersonalData())
