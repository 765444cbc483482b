"""Numbers made one, or written in ASCII digits.

Stage 2 (prepare). Numbers written in words or Chinese numerals (一二三) stay: they are words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_NUMBER = re.compile(r"\d+(?:[.,٫٬]\d+)*")
_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
_DIGIT = re.compile(r"\d")


class NumbersParams(Params):
    mode: Literal["placeholder", "zeros", "ascii"] = param(
        "placeholder", N_("What happens to them"),
        N_("Which number it is seldom tells classes apart; that there is one, or how long it is, can."),
        titles=(N_("replace by [number]"), N_("each digit becomes 0"), N_("ASCII digits")),
    )  # fmt: skip


class Numbers:
    name = "numbers"
    version = 1
    task = "text-classification"
    title = N_("Numbers")
    help = N_(
        "“25.80” and “1,200” become “[number]” or “00.00”, or ٣ and ३ become 3. Not for data where the number decides, such as stars or prices."
    )
    order = 85
    Params: type[Params] = NumbersParams

    def apply(self, value: str, params: NumbersParams) -> str:
        if params.mode == "placeholder":
            return _NUMBER.sub("[number]", value)
        if params.mode == "zeros":
            return _DIGIT.sub("0", value)
        return _OTHER_DIGITS.sub(lambda digit: str(unicodedata.decimal(digit[0])), value)


steps.register(Numbers())
