"""Words that stand in every text taken out: the, of, 的, na, ti.

Stage 2 (prepare). Short lists of our own in `stop_word_lists.py`. Negations are in none of them: "not good" must not become "good".
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps
from engine.prepare.stop_word_lists import LISTS, LONGEST

_WORD = re.compile(r"[^\W_][\w\u0300-\u036f'’-]*")
_SPACES = re.compile(r" {2,}")


class StopWordsParams(Params):
    language: Literal["en", "zh", "ha", "yo", "sw", "am"] = param(
        "en", N_("Language"), N_("Chinese only finds words that stand apart: put “Chinese words apart” before it."),
        titles=(N_("English"), N_("Chinese"), N_("Hausa"), N_("Yoruba"), N_("Swahili"), N_("Amharic")),
    )  # fmt: skip


class StopWords:
    name = "stop_words"
    version = 1
    task = "text-classification"
    title = N_("Stop words")
    help = N_(
        "Takes out words such as “the” and “of”. It seldom helps: models weigh such words low by themselves, and models that read sentences need them. Try it with and without."
    )
    order = 115
    Params: type[Params] = StopWordsParams

    def apply(self, value: str, params: StopWordsParams) -> str:
        listed = LISTS[params.language]
        kept = _WORD.sub(lambda word: "" if _spelt(word[0]) in listed else word[0], value)
        return value if kept == value else _SPACES.sub(" ", kept).strip()


def _spelt(word: str) -> str:
    """The word as the lists spell it; longer ones than theirs need no look."""
    return word if len(word) > 2 * LONGEST else unicodedata.normalize("NFC", word.lower())


steps.register(StopWords())
