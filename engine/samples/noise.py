"""What people's hands do to a sentence: regional words, slips of spelling, punctuation, emoji.

Each function takes clauses or a text and the random source and returns new ones; none changes what is meant.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Mapping, Sequence

from engine.samples.phrases import OPPOSITE, Bank, Polarity, Region

# Neighbours on a QWERTY keyboard: the slips of an English typist.
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def speak(rng: random.Random, text: str, region: Region, language: str) -> str:
    """Say a text with the region's words, most of the time for each word that has one."""
    pattern = _words(tuple(region.words), language)
    return pattern.sub(lambda match: region.words[match[0]] if rng.random() < 0.85 else match[0], text)


def misspell(rng: random.Random, text: str, bank: Bank, language: str) -> str:
    """Make one to three slips: a shortened or romanised word, a homophone, a dropped or swapped or doubled letter."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        draw = rng.random()
        if draw < 0.5:
            text = _swap_one(rng, text, bank.misspelt, language)
        elif draw < 0.8:
            text = _swap_one(rng, text, bank.homophones, language)
        elif len(text) > 8:
            at = rng.randrange(1, len(text) - 2)
            text = _slip(rng, text, at, language)
    return text


def _swap_one(rng: random.Random, text: str, table: Mapping[str, Sequence[str]], language: str) -> str:
    found = list(_words(tuple(table), language).finditer(text))
    if not found:
        return text
    match = rng.choice(found)
    return text[: match.start()] + rng.choice(table[match[0]]) + text[match.end() :]


def _slip(rng: random.Random, text: str, at: int, language: str) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2 or language == "zh":
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + rng.choice(_NEIGHBOURS.get(text[at], text[at])) + text[at + 1 :]


def punctuate(rng: random.Random, clauses: Sequence[str], language: str) -> str:
    """Join clauses as one person would: properly, with commas only, with spaces, or with nothing at all."""
    return _punctuate_zh(rng, clauses) if language == "zh" else _punctuate_en(rng, clauses)


def _punctuate_zh(rng: random.Random, clauses: Sequence[str]) -> str:
    style = rng.choices(("full", "comma", "half", "space", "none", "loud"), (46, 18, 12, 12, 6, 6))[0]
    joints = {
        "full": ("，", "，", "。"),
        "comma": ("，",),
        "half": (",", ", ", "."),
        "space": (" ",),
        "none": ("",),
    }
    marks = joints.get(style, ("！", "！！", "，"))
    text = clauses[0]
    for clause in clauses[1:]:
        text += rng.choice(marks) + clause
    if style == "half":
        text = text.replace("，", ",")
    elif style in ("space", "none"):
        text = text.replace("，", marks[0])
    ends = {"full": ("。", "。", "", "！"), "loud": ("！", "！！", "！！！")}
    return text + rng.choice(ends.get(style, ("", "", "", "。", "…")))


def _punctuate_en(rng: random.Random, clauses: Sequence[str]) -> str:
    style = rng.choices(("full", "lower", "comma", "space", "loud", "caps"), (48, 18, 14, 10, 7, 3))[0]
    marks = {"comma": (", ",), "space": (" ",), "loud": ("! ", "!! ", ", ")}.get(
        style, (". ", ". ", ", ", " and ")
    )
    text = clauses[0]
    for clause in clauses[1:]:
        text += rng.choice(marks) + clause
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    if style == "space":
        text = text.replace(",", "")
    elif style == "caps":
        text = text.upper()
    elif style in ("full", "loud"):
        text = re.sub(r"\bi\b", "I", text)
        text = re.sub(r"(^|[.!?] )([a-z])", lambda match: match[1] + match[2].upper(), text)
    return text + rng.choice({"full": (".", ".", ""), "loud": ("!", "!!")}.get(style, ("", "", ".")))


def decorate(rng: random.Random, text: str, verdict: Polarity, bank: Bank) -> str:
    """Add emoji; mostly fitting, often ambiguous, sometimes the contrary."""
    draw = rng.random()
    key = verdict if draw < 0.5 else "any" if draw < 0.92 else OPPOSITE[verdict]
    mark = rng.choice(bank.emoji[key])
    if not mark.isascii():
        mark *= rng.choice((1, 1, 1, 2, 3))
    gap = " " if mark.isascii() and mark.isalpha() else ""  # "lol" is a word, a smiley is not
    if rng.random() < 0.8:
        return text + gap + mark
    return mark + gap + text


@functools.cache
def _words(words: tuple[str, ...], language: str) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    either = "|".join(re.escape(word) for word in longest_first)
    return re.compile(either if language == "zh" else rf"\b(?:{either})\b")
