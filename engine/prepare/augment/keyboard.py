"""Typing mistakes on a Latin keyboard.

Stage 2 (prepare). Neighbours on the QWERTY layout; the four kinds of slip of Damerau (1964): a wrong letter, a missing
one, one too many, two that change places.
"""

from __future__ import annotations

import re

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw

_NEIGHBOURS = {
    "q": "wa", "w": "qeas", "e": "wrsd", "r": "etdf", "t": "ryfg", "y": "tugh", "u": "yihj", "i": "uojk", "o": "ipkl", "p": "ol",
    "a": "qwsz", "s": "awedxz", "d": "serfcx", "f": "drtgvc", "g": "ftyhbv", "h": "gyujnb", "j": "huikmn", "k": "jiolm", "l": "kop",
    "z": "asx", "x": "zsdc", "c": "xdfv", "v": "cfgb", "b": "vghn", "n": "bhjm", "m": "njk",
}  # fmt: skip

_LETTER = re.compile(r"(?<=[A-Za-z])[A-Za-z](?=[A-Za-z])")
"""A letter inside a word: first and last ones are rarely mistyped, and short words stay."""


class KeyboardParams(AugmentationParams):
    share: float = param(
        0.03, N_("Letters mistyped"), N_("The share of the letters inside words; at least one is mistyped."),
        low=0.01, high=0.3,
    )  # fmt: skip


class Keyboard:
    name = "keyboard"
    version = 1
    task = "text-classification"
    title = N_("Typing mistakes")
    help = N_(
        "Mistypes letters a to z inside words: a neighbour on the keyboard, a letter missing, doubled or in the wrong place. For languages in Latin letters."
    )
    order = 40
    neutral = False
    Params: type[AugmentationParams] = KeyboardParams

    def apply(self, value: str, params: KeyboardParams, draw: Draw, around: Around) -> str | None:
        letters = [found.start() for found in _LETTER.finditer(value)]
        if not letters:
            return None
        out: list[str] = []
        end = 0
        for chosen in draw.some(len(letters), params.share):
            place = letters[chosen]
            if place < end:
                continue
            letter, after = value[place], value[place + 1]
            slips = (self._neighbour(letter, draw), "", letter * 2, after + letter)
            slip = draw.below(4)
            out += (value[end:place], slips[slip])
            end = place + (2 if slip == 3 else 1)
        return "".join([*out, value[end:]])

    def _neighbour(self, letter: str, draw: Draw) -> str:
        hit = draw.pick(_NEIGHBOURS[letter.lower()])
        return hit if letter.islower() else hit.upper()


augmentations.register(Keyboard())
