"""Pieces of two texts of the same class put together.

Stage 2 (prepare). A text's sentence is exchanged for one of another text of its class, or its second half for that of
another (instance crossover, Luque 2019).
"""

from __future__ import annotations

import re
from typing import Literal

from engine.errors import N_
from engine.params import param
from engine.prepare.augmentations import Around, AugmentationParams, augmentations
from engine.prepare.draw import Draw
from engine.prepare.words import Words, joined

_SENTENCE = re.compile(r"[^.!?。！？…\n]*[.!?。！？…\n]+\s*|[^.!?。！？…\n]+")


class SnippetParams(AugmentationParams):
    way: Literal["sentences", "halves"] = param(
        "sentences", N_("What is exchanged"), N_("Sentences suit longer texts; where one of the two has a single sentence, halves are exchanged instead."),
        titles=(N_("sentences"), N_("halves")),
    )  # fmt: skip
    share: float = param(
        0.3, N_("Sentences exchanged"), N_("The share of the text's sentences; at least one is exchanged."), low=0.05, high=0.9,
        depends_on=("way", ("sentences",)),
    )  # fmt: skip


class Snippets:
    name = "snippets"
    version = 1
    task = "text-classification"
    title = N_("Mix texts of a class")
    help = N_(
        "Exchanges sentences, or the second half, with another train text of the same class. What comes from elsewhere keeps its class, but may not fit."
    )
    order = 110
    neutral = True
    Params: type[AugmentationParams] = SnippetParams

    def apply(self, value: str, params: SnippetParams, draw: Draw, around: Around) -> str | None:
        other = around.peer(draw)
        if other is None or not other.strip() or not value.strip():
            return None
        if params.way == "sentences":
            own, others = _SENTENCE.findall(value), [s for s in _SENTENCE.findall(other) if s.strip()]
            if len(own) > 1 and len(others) > 1:
                for place in draw.some(len(own), params.share)[: len(own) - 1]:
                    own[place] = _ended(draw.pick(others), own[place])
                return "".join(own).strip() or None
        return joined(_half(value, first=True), _half(other, first=False)).strip() or None


def _ended(sentence: str, like: str) -> str:
    """A sentence with the white space at its end that the one in whose place it comes has."""
    return sentence.rstrip() + like[len(like.rstrip()) :]


def _half(text: str, *, first: bool) -> str:
    words = Words(text)
    middle = (len(words) + 1) // 2
    if len(words) < 2:
        return text if first else ""
    cut = sum(len(words.gaps[at]) + len(words.words[at]) for at in range(middle))
    return text[:cut].rstrip() if first else text[cut:].lstrip()


augmentations.register(Snippets())
