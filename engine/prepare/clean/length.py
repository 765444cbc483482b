"""Long texts cut after so many characters.

Stage 2 (prepare).
"""

from __future__ import annotations

import unicodedata

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_JOINED = 32
"""Characters that one cut may go back over: marks, joiners and the word that would be torn."""


class LengthParams(Params):
    longest: int = param(
        1000, N_("Longest text"), N_("What comes behind it is left out. Most models look at the beginning only anyway."),
        low=20, high=20_000, scale="log", unit=N_("characters"),
    )  # fmt: skip
    whole_words: bool = param(
        True, N_("Whole words"), N_("Go back to the last space, if there is one shortly before.")
    )


class Length:
    name = "length"
    version = 1
    task = "text-classification"
    title = N_("Cut long texts")
    help = N_("Keeps the first so many characters. Letters and their marks are never torn apart.")
    order = 130
    Params: type[Params] = LengthParams

    def apply(self, value: str, params: LengthParams) -> str:
        if len(value) <= params.longest:
            return value
        end, least = params.longest, params.longest - min(_JOINED, params.longest // 2)
        while end > least and _belongs(value[end - 1], value[end]):
            end -= 1
        if params.whole_words and not value[end].isspace():
            space = max(value.rfind(" ", least, end), value.rfind("\n", least, end))
            end = space if space > 0 else end
        return value[:end].rstrip()


def _belongs(left: str, right: str) -> bool:
    """Whether the second character is drawn as a part of the first."""
    return (
        left == "\u200d"
        or right == "\u200d"
        or unicodedata.category(right)[0] == "M"
        or "\U0001f3fb" <= right <= "\U0001f3ff"
    )


steps.register(Length())
