"""Phrases that stand in many texts and say nothing taken out: signatures, greetings, "sent from my phone".

Stage 2 (prepare).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import field_validator

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

MOST = 100


class BoilerplateParams(Params):
    phrases: str = param(
        "", N_("Phrases"), N_("One a line, as they stand in the texts. Empty: nothing is changed."),
        max_length=4000, lines=True,
    )  # fmt: skip
    where: Literal["ends", "anywhere"] = param(
        "ends", N_("Where"), N_("At the ends is safer: in the middle the same words may be part of what somebody says."),
        titles=(N_("at the beginning or end"), N_("anywhere")),
    )  # fmt: skip

    @field_validator("phrases")
    @classmethod
    def _few(cls, phrases: str) -> str:
        if len(_phrases(phrases)) > MOST:
            raise ValueError(N_("has more than 100 lines"))
        return phrases


class Boilerplate:
    name = "boilerplate"
    version = 1
    task = "text-classification"
    title = N_("Recurring phrases")
    help = N_(
        "Takes out phrases that you name, such as signatures and form letters' first sentences. What is left is put together with a space."
    )
    order = 45
    Params: type[Params] = BoilerplateParams

    def apply(self, value: str, params: BoilerplateParams) -> str:
        phrases = _phrases(params.phrases)
        if params.where == "ends":
            return _without_ends(value, phrases)
        for phrase in phrases:
            if phrase in value:
                value = " ".join(piece.strip() for piece in value.split(phrase) if piece.strip())
        return value


@lru_cache(maxsize=16)
def _phrases(text: str) -> tuple[str, ...]:
    """The longest first, so that one that begins another does not leave its rest."""
    lines = dict.fromkeys(line.strip() for line in text.splitlines())
    return tuple(sorted((line for line in lines if line), key=len, reverse=True))


def _without_ends(value: str, phrases: tuple[str, ...]) -> str:
    first, last = 0, len(value)
    found = True
    while found:
        found = False
        left, right = _trimmed(value, first, last)
        for phrase in phrases:
            if value.startswith(phrase, left, right):
                first, found = left + len(phrase), True
                break
            if value.endswith(phrase, left, right):
                last, found = right - len(phrase), True
                break
    if (first, last) == (0, len(value)):
        return value
    first, last = _trimmed(value, first, last)
    return value[first:last]


def _trimmed(value: str, first: int, last: int) -> tuple[int, int]:
    while first < last and value[first].isspace():
        first += 1
    while last > first and value[last - 1].isspace():
        last -= 1
    return first, last


steps.register(Boilerplate())
