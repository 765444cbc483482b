"""Chinese characters mistaken for others that sound alike, as who types pinyin does.

Stage 2 (prepare). Readings from pypinyin (docs/decisions/0010); candidates are the 3755 most used characters of GB 2312.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw


class HomophoneParams(AugmentationParams):
    share: float = param(
        0.05, N_("Characters mistaken"), N_("The share of the Chinese characters; at least one is mistaken."), low=0.01, high=0.3,
    )  # fmt: skip
    form: Literal["character", "pinyin", "both"] = param(
        "character", N_("What stands for them"), N_("Another character that sounds the same, or the sound in letters: 好 becomes 号 or hao."),
        titles=(N_("a character"), N_("letters"), N_("both kinds")),
    )  # fmt: skip
    tones: bool = param(
        False, N_("Same tone only"), N_("Take only characters of the same tone. Who types pinyin types no tones."), level="advanced",
    )  # fmt: skip


class Homophones:
    name = "homophones"
    version = 1
    task = "text-classification"
    title = N_("Chinese characters that sound alike")
    help = N_(
        "Replaces Chinese characters by others of the same sound, or by the sound in letters, as slips of typing pinyin do. For Chinese."
    )
    order = 50
    neutral = False
    Params: type[AugmentationParams] = HomophoneParams

    def apply(self, value: str, params: HomophoneParams, draw: Draw, around: Around) -> str | None:
        sounds, alike = _table(params.tones)
        places = [place for place, character in enumerate(value) if character in sounds]
        if not places:
            return None
        out = list(value)
        for chosen in draw.some(len(places), params.share):
            place = places[chosen]
            sound = sounds[value[place]]
            others = alike[sound]
            letters = (
                params.form == "pinyin" or (params.form == "both" and draw.chance(0.5)) or len(others) < 2
            )
            if letters:
                out[place] = _plain(sound)
            else:
                other = draw.below(len(others) - 1)
                out[place] = others[other + (others[other] >= value[place])]
        return "".join(out)


@cache
def _table(tones: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Sound by character, and characters by sound in order of code points."""
    from pypinyin.pinyin_dict import pinyin_dict

    sounds: dict[str, str] = {}
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF):
            character = bytes((high, low)).decode("gb2312", "ignore")
            if character and ord(character) in pinyin_dict:
                reading = pinyin_dict[ord(character)].split(",")[0]
                sounds[character] = reading if tones else _plain(reading)
    alike: dict[str, list[str]] = {}
    for character in sorted(sounds):
        alike.setdefault(sounds[character], []).append(character)
    return sounds, {sound: "".join(characters) for sound, characters in alike.items()}


def _plain(reading: str) -> str:
    """A reading without tone marks: lǜ -> lv, as it is typed."""
    parts = unicodedata.normalize(
        "NFD",
        reading.replace("ü", "v").replace("ǖ", "v").replace("ǘ", "v").replace("ǚ", "v").replace("ǜ", "v"),
    )
    return "".join(c for c in parts if not unicodedata.combining(c))


augmentations.register(Homophones())
