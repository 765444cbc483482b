"""Reads the hand-written phrase banks of the samples and turns a phrase into words.

A bank is a folder of YAML (`zh/`, `en/`): one file a domain, `common.yaml` (frames, verdicts, noise tables) and
`regions.yaml` (regional wording). Everything is tuples and dictionaries in file order, so that a seed decides all.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Polarity = Literal["pos", "neg"]
Lines = tuple[str, ...]
OPPOSITE: Mapping[Polarity, Polarity] = {"pos": "neg", "neg": "pos"}

_FOLDER = Path(__file__).parent
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Domain:
    """The phrases of one domain, by aspect and polarity.

    `aspects[aspect]["worst"]` holds grave complaints that decide a review; `implicit` praises or blames without a
    word of praise or blame; `short` are whole reviews; `detail` says nothing about satisfaction.
    """

    nouns: Mapping[str, Lines]
    aspects: Mapping[str, Mapping[str, Lines]]
    implicit: Mapping[str, Lines]
    short: Mapping[str, Lines]
    detail: Lines


@dataclass(frozen=True)
class Region:
    """The wording of one region and how its rows differ: share of rows and of label 1, in per cent."""

    name: str
    share: int
    pos: int
    mixed: int
    dialect: int
    words: Mapping[str, str]
    dish: Lines
    openers: Lines
    phrases: Mapping[str, Lines]


@dataclass(frozen=True)
class Bank:
    """Everything that one language's reviews are made of."""

    domains: Mapping[str, Domain]
    regions: tuple[Region, ...]
    openers: Lines
    season: Mapping[str, Lines]
    closers: Mapping[str, Lines]
    frames: Mapping[str, Mapping[str, Lines]]
    lukewarm: Lines
    negation: Mapping[str, Lines]
    emoji: Mapping[str, Lines]
    misspelt: Mapping[str, Lines]
    homophones: Mapping[str, Lines]
    suffixes: Lines
    reposts: Lines


def expand(rng: random.Random, phrase: str, nouns: Mapping[str, Lines]) -> str:
    """Write out one phrase: `[a|b]` becomes one of its parts, `{noun}` one of the domain's nouns.

    Args:
        rng: the source of every choice.
        phrase: a line of the bank.
        nouns: values by slot name; an unknown slot is left as it stands.

    Example:
        >>> expand(random.Random(0), "{dish} was [late|cold]", {"dish": ("suya",)})
        'suya was cold'
    """
    phrase = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), phrase)
    return _SLOT.sub(lambda match: rng.choice(nouns[match[1]]) if match[1] in nouns else match[0], phrase)


def fill(frame: str, clauses: Mapping[str, str]) -> str:
    """Put finished clauses into a frame such as `{o}, but {s}`."""
    return _SLOT.sub(lambda match: clauses[match[1]], frame)


@functools.cache
def load_bank(language: str, domains: Sequence[str]) -> Bank:
    """Read a language's bank from its folder.

    Args:
        language: `"zh"` or `"en"`, a folder beside this file.
        domains: file names without their ending, in the order that the rows use (a tuple).
    """
    common = _read(language, "common")
    return Bank(
        domains={name: _domain(_read(language, name)) for name in domains},
        regions=tuple(_region(name, entry) for name, entry in _read(language, "regions").items()),
        openers=_lines(common["openers"]),
        season={month: _slashed(text) for month, text in common["season"].items()},
        closers=_by_key(common["closers"]),
        frames={kind: _by_key(common[kind]) for kind in ("concede", "past", "irony")},
        lukewarm=_lines(common["lukewarm"]),
        negation=_by_key(common["negation"]),
        emoji={key: tuple(text.split()) for key, text in common["emoji"].items()},
        misspelt={word: tuple(str(text).split()) for word, text in common["latin"].items()},
        homophones={word: tuple(str(text).split()) for word, text in common["homophone"].items()},
        suffixes=tuple(common["suffix"].split()),
        reposts=_lines(common["repost"]),
    )


def _read(language: str, name: str) -> dict[str, Any]:
    text = (_FOLDER / language / f"{name}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def _domain(entry: Mapping[str, Any]) -> Domain:
    return Domain(
        nouns={slot: _slashed(text) for slot, text in entry["nouns"].items()},
        aspects={aspect: _by_key(sides) for aspect, sides in entry["aspects"].items()},
        implicit=_by_key(entry["implicit"]),
        short=_by_key(entry["short"]),
        detail=_lines(entry["detail"]),
    )


def _region(name: str, entry: Mapping[str, Any]) -> Region:
    return Region(
        name=name,
        share=entry["share"],
        pos=entry["pos"],
        mixed=entry["mixed"],
        dialect=entry["dialect"],
        words=entry["words"],
        dish=_slashed(entry["dish"]),
        openers=tuple(entry["openers"]),
        phrases={"pos": _lines(entry["pos_phrases"]), "neg": _lines(entry["neg_phrases"])},
    )


def _by_key(entry: Mapping[str, str]) -> dict[str, Lines]:
    return {key: _lines(text) for key, text in entry.items()}


def _lines(text: str) -> Lines:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _slashed(text: str) -> Lines:
    return tuple(str(text).split("/"))
