"""Words that change places.

Stage 2 (prepare). Random swap of "Easy data augmentation" (Wei and Zou 2019); Chinese and Japanese by characters.
"""

from __future__ import annotations

from typing import Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words


class SwapParams(AugmentationParams):
    share: float = param(
        0.1, N_("Words moved"), N_("The share of the words that change places with another one; at least one does."),
        low=0.02, high=0.5,
    )  # fmt: skip
    reach: Literal["next", "any"] = param(
        "next", N_("With which word"), N_("Neighbours that change places read like hasty typing; words from anywhere in the text mix it."),
        titles=(N_("the next one"), N_("any other")),
    )  # fmt: skip


class Swap:
    name = "swap"
    version = 1
    task = "text-classification"
    title = N_("Swap words")
    help = N_(
        "Words change places, in Chinese and Japanese characters. Of little use for models that do not look at order."
    )
    order = 20
    neutral = True
    Params: type[AugmentationParams] = SwapParams

    def apply(self, value: str, params: SwapParams, draw: Draw, around: Around) -> str | None:
        words = Words(value)
        if len(words) < 2:
            return None
        for place in draw.some(len(words) - 1, params.share):
            other = place + 1
            if params.reach == "any":
                other = draw.below(len(words) - 1)
                other += other >= place
            words.words[place], words.words[other] = words.words[other], words.words[place]
        return str(words)


augmentations.register(Swap())
