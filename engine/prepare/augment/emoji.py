"""Emoji left out or said more often.

Stage 2 (prepare). No emoji is put in that the text does not have: emoji carry the mood, and with it the class.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw

_BASE = r"(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u2639\u263a\u2764\u2665\u270c\u261d])[\ufe0f\p{Emoji_Modifier}]*"
_EMOJI = rf"\p{{Regional_Indicator}}{{2}}|{_BASE}(?:\u200d(?:{_BASE}|\p{{Extended_Pictographic}}))*"


@cache
def _emoji() -> Any:
    import regex

    return regex.compile(_EMOJI)


class EmojiNoiseParams(AugmentationParams):
    way: Literal["repeat", "drop", "both"] = param(
        "both", N_("What happens"), N_("Emoji of the text are doubled, left out, or one or the other."),
        titles=(N_("double"), N_("leave out"), N_("both")),
    )  # fmt: skip
    share: float = param(
        0.5, N_("Emoji changed"), N_("The share of the emoji of a text; at least one changes."), low=0.05, high=1.0,
    )  # fmt: skip


class EmojiNoise:
    name = "emoji_noise"
    version = 1
    task = "text-classification"
    title = N_("Emoji")
    help = N_(
        "Doubles emoji of the text or leaves some out. It puts in none that the text does not have; texts without emoji stay as they are."
    )
    order = 90
    neutral = True
    Params: type[AugmentationParams] = EmojiNoiseParams

    def apply(self, value: str, params: EmojiNoiseParams, draw: Draw, around: Around) -> str | None:
        found = list(_emoji().finditer(value))
        if not found:
            return None
        out: list[str] = []
        end = 0
        for chosen in draw.some(len(found), params.share):
            match = found[chosen]
            repeat = params.way == "repeat" or (params.way == "both" and draw.chance(0.5))
            out += (value[end : match.start()], match[0] * 2 if repeat else "")
            end = match.end()
        varied = "".join([*out, value[end:]])
        return varied if varied.strip() else None


augmentations.register(EmojiNoise())
