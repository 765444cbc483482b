"""Which languages a sample of texts seems to be in.

Stage 1 (data). The detector is py3langid: of those tried on 300 texts in each of eight languages (lingua, CLD2, CLD3,
fastText lid.176, ELD) it alone knows Hausa, Yoruba, Lingala and Nigerian Pidgin besides Chinese, takes 5 MB on disk
and about 0.2 ms a text, and reads its model from arrays, not from a pickle. Import it in a job only: loading takes a
second and 100 MB.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version

from engine.data.language_batch import Batch

DETECTOR = "py3langid"
UNKNOWN = "unknown"
_NO_LANGUAGE = "zxx"
CONFIDENCE = 0.5
"""A language counts only with at least this probability; short texts often stay unknown."""

_MAX_CHARS = 300
_NOISE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|[\d_]+")
_LETTER = re.compile(r"[^\W\d_]")
_TWO_LETTERS = re.compile(r"[^\W\d_](?s:.*?)[^\W\d_]")
_HAN, _KANA = re.compile("[\u3400-\u9fff]"), re.compile("[\u3041-\u30ff]")


def recognised(code: str) -> bool:
    """Whether what `languages_of` says of a text is a language."""
    return code not in (UNKNOWN, _NO_LANGUAGE)


def language_counts(texts: Iterable[str]) -> dict[str, int]:
    """How many texts are in which language (ISO 639 code) or `UNKNOWN`, most first."""
    return dict(Counter(languages_of(texts)).most_common())


def languages_of(texts: Iterable[str]) -> list[str]:
    """The likeliest language of each text (ISO 639 code), or `UNKNOWN` below `CONFIDENCE`."""
    plain = [_plain(text) for text in texts]
    found = [UNKNOWN] * len(plain)
    asked = [place for place, text in enumerate(plain) if _TWO_LETTERS.search(text)]
    codes, sure = _batch().classify([plain[place] for place in asked])
    for place, code, value in zip(asked, codes, sure, strict=True):
        if value >= CONFIDENCE:
            found[place] = code
    return found


def _plain(text: str) -> str:
    """The beginning of a text without what is of no language."""
    return _NOISE.sub(" ", text[: 2 * _MAX_CHARS])[:_MAX_CHARS]


@lru_cache(maxsize=1)
def _batch() -> Batch:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return Batch(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))


def detector_name() -> str:
    """The detector with its version, for the record."""
    return f"{DETECTOR} {version(DETECTOR)}"


SURE, SURE_LETTERS, SURE_HAN = 0.95, 40, 12
"""Probability and letters (Chinese characters) from which a text's language is taken for certain: of the nine development
sets (31 000 texts) hardly one was then put into a language that is not its own."""


def sure_languages(texts: Iterable[str]) -> list[str]:
    """The language of each text (ISO 639 code) where it is certain, else ""; Chinese characters without kana are "zh"."""
    found: list[str] = []
    asked: dict[int, str] = {}
    for place, text in enumerate(texts):
        plain = _plain(text)
        letters, han = len(_LETTER.findall(plain)), len(_HAN.findall(plain))
        if 2 * han > letters and not _KANA.search(plain):
            found.append("zh" if han >= SURE_HAN else "")
            continue
        found.append("")
        if letters >= SURE_LETTERS:
            asked[place] = plain
    codes, sure = _batch().classify(list(asked.values()))
    for place, code, value in zip(asked, codes, sure, strict=True):
        found[place] = code if value >= SURE and code != _NO_LANGUAGE else ""
    return found
