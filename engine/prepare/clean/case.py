"""Upper and lower case made one, without breaking composed letters.

Stage 2 (prepare).
"""

from __future__ import annotations

import unicodedata
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps


class CaseParams(Params):
    form: Literal["lower", "casefold"] = param(
        "lower",
        N_("Form"),
        N_("Lower case keeps letters as they are written; folding also makes ß into ss and ς into σ."),
        titles=(N_("lower case"), N_("folded case")),
    )


class Case:
    name = "case"
    version = 1
    task = "text-classification"
    title = N_("Lower case")
    help = N_("“Good” and “good” become the same word. Scripts without case stay as they are.")
    order = 100
    Params: type[Params] = CaseParams

    def apply(self, value: str, params: CaseParams) -> str:
        # İ would become i and a loose dot above: two characters where a reader sees one.
        value = value.replace("İ", "i")
        if params.form == "lower":
            return value.lower()
        # Folding decomposes letters such as ΐ; recomposed one by one, they match what readers type.
        return value.translate({ord(c): unicodedata.normalize("NFC", c.casefold()) for c in set(value)})


steps.register(Case())
