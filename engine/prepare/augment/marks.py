"""Punctuation marks put in or left out.

Stage 2 (prepare). Putting in: "An easier data augmentation" (AEDA; Karimi, Rossi and Prati 2021).
"""

from __future__ import annotations

from typing import Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words, is_eastern

_MARKS, _EASTERN = (".", ";", "?", ":", "!", ","), ("。", "；", "？", "：", "！", "，")
_ALL = frozenset((*_MARKS, *_EASTERN, "、", "…", "-", "~", "～"))


class MarksParams(AugmentationParams):
    share: float = param(
        0.1, N_("Places changed"), N_("The share of the gaps between words; at least one changes."), low=0.02, high=0.35,
    )  # fmt: skip
    way: Literal["add", "drop", "both"] = param(
        "both", N_("What happens"), N_("Marks are put in between words, left out, or both."),
        titles=(N_("put in"), N_("leave out"), N_("both")),
    )  # fmt: skip


class Marks:
    name = "marks"
    version = 1
    task = "text-classification"
    title = N_("Punctuation")
    help = N_("Puts punctuation marks in between words or leaves some out. Words and their order stay.")
    order = 80
    neutral = True
    Params: type[AugmentationParams] = MarksParams

    def apply(self, value: str, params: MarksParams, draw: Draw, around: Around) -> str | None:
        words = Words(value)
        if not len(words):
            return None
        marked = [place for place, gap in enumerate(words.gaps) if any(c in _ALL for c in gap)]
        if params.way == "drop" or (params.way == "both" and marked and draw.chance(0.5)):
            if not marked:
                return None
            for chosen in draw.some(len(marked), min(1.0, params.share * len(words.gaps) / len(marked))):
                place = marked[chosen]
                kept = "".join(c for c in words.gaps[place] if c not in _ALL)
                between = 0 < place < len(words) and not is_eastern(words.words[place - 1])
                words.gaps[place] = kept or (" " if between else "")
            return str(words).strip() or None
        for place in draw.some(len(words), params.share):
            mark = draw.pick(_EASTERN if is_eastern(words.words[place]) else _MARKS)
            words.gaps[place + 1] = mark + words.gaps[place + 1]
        return str(words)


augmentations.register(Marks())
