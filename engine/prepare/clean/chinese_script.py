"""Traditional characters written in simplified ones, or the other way round.

Stage 2 (prepare). By OpenCC, which goes by phrases (头发 is 頭髮, 发展 is 發展). Its dictionaries are loaded at the first text with Chinese.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_HAN = re.compile("[\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


class ChineseScriptParams(Params):
    to: Literal["simplified", "traditional"] = param(
        "simplified", N_("Write in"), N_("Take the one that most of your texts are in. To simplified is surer: several traditional characters became one."),
        titles=(N_("simplified characters"), N_("traditional characters")),
    )  # fmt: skip


class ChineseScript:
    name = "chinese_script"
    version = 1
    task = "text-classification"
    title = N_("Traditional and simplified Chinese")
    help = N_(
        "“繁體中文” and “繁体中文” become the same words. Not for data with Japanese, whose characters it would change."
    )
    order = 42
    Params: type[Params] = ChineseScriptParams

    def apply(self, value: str, params: ChineseScriptParams) -> str:
        if value.isascii() or not _HAN.search(value):
            return value
        return str(_converter("t2s" if params.to == "simplified" else "s2t").convert(value))


@lru_cache(maxsize=2)
def _converter(way: str) -> Any:
    import opencc

    return opencc.OpenCC(way)


steps.register(ChineseScript())
