"""Words of the text said once more elsewhere in it.

Stage 2 (prepare). After random insertion of "Easy data augmentation" (Wei and Zou 2019), which inserts synonyms: without
a lexicon the word itself is inserted, so that no word is new to the class.
"""

from __future__ import annotations

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words, joined


class InsertParams(AugmentationParams):
    share: float = param(
        0.1, N_("Words added"), N_("The share of the words after which one of the text's own words is added; at least one is."),
        low=0.02, high=0.5,
    )  # fmt: skip


class Insert:
    name = "insert"
    version = 1
    task = "text-classification"
    title = N_("Repeat words elsewhere")
    help = N_("Adds words of the text at other places of it, in Chinese and Japanese characters.")
    order = 30
    neutral = True
    Params: type[AugmentationParams] = InsertParams

    def apply(self, value: str, params: InsertParams, draw: Draw, around: Around) -> str | None:
        words = Words(value)
        if not len(words):
            return None
        known = tuple(words.words)
        for place in draw.some(len(known), params.share):
            words.words[place] = joined(known[place], draw.pick(known))
        return str(words)


augmentations.register(Insert())
