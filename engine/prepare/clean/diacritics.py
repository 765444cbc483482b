"""Accents, tone marks and the like taken off Latin and Greek letters.

Stage 2 (prepare). Character by character, so that endless runs of marks take linear time. In other scripts marks are vowels and
stay; й is a letter of its own.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from engine.errors import N_
from engine.params import Params, param
from engine.prepare.steps import steps

_LETTER = "A-Za-z\u00c0-\u024f\u0250-\u02af\u0370-\u03ff\u1e00-\u1fff"
_MARKS = re.compile(rf"(?<=[{_LETTER}])[\u0300-\u036f]+")
_COMPOSED = re.compile("[\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff]")
_OWN = str.maketrans("đĐðÐłŁøØħĦŧŦıɓƁɗƊƙƘƴƳɨʉɛƐɔƆŋŊ", "dDdDlLoOhHtTibBdDkKyYiueEoOnN")


class DiacriticsParams(Params):
    own_letters: bool = param(
        False, N_("Letters of their own too"),
        N_("On: đ, ł, ø and the hooked letters of Hausa (ɓ, ɗ, ƙ) become d, l, o, b, d, k, as many people type them."),
    )  # fmt: skip


class Diacritics:
    name = "diacritics"
    version = 1
    task = "text-classification"
    title = N_("Accents and tone marks")
    help = N_(
        "“café” becomes “cafe”. It helps where people leave marks out at will; in Yoruba, Vietnamese and Pinyin the marks tell words apart (ọkọ́, ọkọ̀), and taking them off loses meaning."
    )
    order = 95
    Params: type[Params] = DiacriticsParams

    def apply(self, value: str, params: DiacriticsParams) -> str:
        if value.isascii():
            return value
        value = _MARKS.sub("", _COMPOSED.sub(lambda letter: _bare(letter[0]), value))
        return value.translate(_OWN) if params.own_letters else value


@lru_cache(maxsize=2048)
def _bare(letter: str) -> str:
    """The letter without its marks; what consists of something else stays."""
    first = unicodedata.normalize("NFD", letter)[0]
    return first if first.isalpha() else letter


steps.register(Diacritics())
