"""Chinese clauses in the other script: simplified where they are traditional, and the other way round.

Stage 2 (prepare). By OpenCC, as the cleaning step that makes the scripts one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw

_CLAUSE = re.compile("[\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")


class ChineseVariantParams(AugmentationParams):
    share: float = param(
        0.5, N_("Clauses changed"), N_("The share of the Chinese clauses of a text; at least one changes."), low=0.05, high=1.0,
    )  # fmt: skip
    to: Literal["other", "simplified", "traditional"] = param(
        "other", N_("Written in"), N_("The script that a clause is not in, or always the same one."),
        titles=(N_("the other script"), N_("simplified characters"), N_("traditional characters")),
    )  # fmt: skip


class ChineseVariant:
    name = "chinese_variant"
    version = 1
    task = "text-classification"
    title = N_("Traditional and simplified")
    help = N_(
        "Writes Chinese clauses in the other script: 头发 as 頭髮. For Chinese; of no use after a cleaning step that makes the scripts one."
    )
    order = 60
    neutral = False
    Params: type[AugmentationParams] = ChineseVariantParams

    def apply(self, value: str, params: ChineseVariantParams, draw: Draw, around: Around) -> str | None:
        clauses = list(_CLAUSE.finditer(value))
        out: list[str] = []
        end = 0
        for chosen in draw.some(len(clauses), params.share):
            clause = clauses[chosen]
            out += (value[end : clause.start()], _written(clause[0], params.to))
            end = clause.end()
        return "".join([*out, value[end:]]) if clauses else None


def _written(clause: str, to: str) -> str:
    simplified = str(_converter("t2s").convert(clause))
    if to == "simplified" or (to == "other" and simplified != clause):
        return simplified
    return str(_converter("s2t").convert(clause))


@lru_cache(maxsize=2)
def _converter(way: str) -> Any:
    import opencc

    return opencc.OpenCC(way)


augmentations.register(ChineseVariant())
