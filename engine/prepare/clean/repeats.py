"""Runs of one repeated character shortened.

Stage 2 (prepare).
"""

from __future__ import annotations

import re

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_RUN = re.compile(r"(\D)\1+")


class RepeatsParams(Params):
    longest: int = param(
        3, N_("Longest run"), N_("Longer runs are cut to this length."), low=1, high=10, unit=N_("characters")
    )


class Repeats:
    name = "repeats"
    version = 1
    task = "text-classification"
    title = N_("Repeated characters")
    help = N_(
        "“sooooo” and “soooo” become the same word, “哈哈哈哈哈” becomes “哈哈哈”. Digits stay: 10000 is not 1000."
    )
    order = 110
    Params: type[Params] = RepeatsParams

    def apply(self, value: str, params: RepeatsParams) -> str:
        return _RUN.sub(lambda run: run[0][: params.longest], value)


steps.register(Repeats())
